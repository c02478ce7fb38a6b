import { atMost, round } from '../group.ts';
import type { Aim, Bench, Finding, Group } from '../group.ts';
import { median } from '../samples.ts';
import { BenchStack, shipped } from '../stack/bench-stack.ts';
import { hasWrk, runWrk } from '../stack/wrk.ts';
import type { Throughput } from '../stack/wrk.ts';

const members = 3;
const connections = 32;

/** What stands before the apps. */
const fronts = [
  { service: 'nginx', is: 'the shipped site: keeps its connections to the members' },
  { service: 'tutorial', is: "a tutorial's nginx.conf: a connection to a member for each request" },
  { service: 'defaults', is: "the same with this nginx's own defaults" },
] as const;

type Front = (typeof fronts)[number];

/** What one front did in one turn. */
interface Sample extends Throughput {
  readonly front: Front;
}

export const datapath: Group = {
  name: 'datapath',
  title: 'Requests through nginx',
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    if (!hasWrk()) return { tables: [], aims: [], notes: ['Not measured: there is no wrk here (PATH).'] };
    const samples = await measure(bench);
    const base = sum(samples, 'tutorial');
    return {
      tables: [
        {
          title: `${String(members)} members, ${String(connections)} clients with keep-alive, in turns (medians)`,
          head: ['', 'requests/s', 'times tutorial', 'p99 ms', 'times tutorial', 'errors'],
          rows: fronts.map(({ service, is }) => {
            const { requestsPerSecond, p99Ms, errors } = sum(samples, service);
            return [
              is,
              round(requestsPerSecond),
              round(requestsPerSecond / base.requestsPerSecond),
              round(p99Ms),
              round(p99Ms / base.p99Ms),
              String(errors),
            ];
          }),
        },
      ],
      aims: listAims(samples),
      notes: [
        'All three are the same nginx before the same members, and write an access log to where Docker collects it. The client shares the cores with all of them.',
      ],
    };
  },
};

async function measure(bench: Bench): Promise<readonly Sample[]> {
  const stack = await BenchStack.start({ ...shipped, files: ['datapath.yaml'] }, members);
  try {
    await stack.up('tutorial', 'defaults');
    const samples: Sample[] = [];
    const turns = bench.isQuick ? 3 : 10;
    // Short ones: what else the machine does hits all fronts alike then.
    const seconds = 2;
    for (let turn = 0; turn < turns; turn++) {
      for (const front of fronts) {
        bench.interrupted.throwIfAborted();
        const port = await stack.publishedPort(front.service);
        samples.push({ front, ...(await runWrk({ port, connections, seconds })) });
      }
    }
    return samples;
  } finally {
    await stack.end();
  }
}

/** Medians over the turns; errors are counted. */
function sum(samples: readonly Sample[], service: Front['service']): Throughput {
  const own = samples.filter(({ front }) => front.service === service);
  return {
    requestsPerSecond: median(own.map(({ requestsPerSecond }) => requestsPerSecond)),
    p99Ms: median(own.map(({ p99Ms }) => p99Ms)),
    errors: own.reduce((total, { errors }) => total + errors, 0),
  };
}

function listAims(samples: readonly Sample[]): readonly Aim[] {
  const [own, tutorial, defaults] = [sum(samples, 'nginx'), sum(samples, 'tutorial'), sum(samples, 'defaults')];
  const ratio = own.requestsPerSecond / tutorial.requestsPerSecond;
  return [
    {
      what: 'requests/s, against a connection for each request',
      limit: '≥ 2 times',
      measured: `${round(ratio)} times`,
      isMet: ratio >= 2,
      kind: 'time',
    },
    atMost('p99, against the same', own.p99Ms / tutorial.p99Ms, 1, 'times'),
    atMost("p99, against this nginx's own defaults", own.p99Ms / defaults.p99Ms, 1.1, 'times'),
    atMost('requests that failed', own.errors, 0, '', 'count'),
  ];
}
