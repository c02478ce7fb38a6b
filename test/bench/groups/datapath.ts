import { atLeast, atMost, round } from '../group.ts';
import type { Aim, Bench, Finding, Group, Table } from '../group.ts';
import { median } from '../samples.ts';
import { BenchStack, shipped } from '../stack/bench-stack.ts';
import { hasWrk, runWrk } from '../stack/wrk.ts';
import type { Throughput } from '../stack/wrk.ts';

const members = 3;
const connections = 32;

/** What stands before the apps. */
const fronts = [
  { service: 'nginx', is: 'the shipped site: keeps its connections to the members' },
  { service: 'unbuffered', is: 'the same, its access log written line by line' },
  { service: 'tutorial', is: "a tutorial's nginx.conf: a connection to a member for each request" },
  { service: 'defaults', is: "the tutorial's with this nginx's own defaults" },
] as const;

type Front = (typeof fronts)[number];

/** Where the clients are. */
const places = [
  { place: 'inside', is: "In nginx's own network" },
  { place: 'published', is: 'Through the published port' },
] as const;

type Place = (typeof places)[number]['place'];

/** What one front did in one turn. */
interface Sample extends Throughput {
  readonly front: Front;
  readonly place: Place;
}

export const datapath: Group = {
  name: 'datapath',
  title: 'Requests through nginx',
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    if (!hasWrk()) return { tables: [], aims: [], notes: ['Not measured: there is no wrk here (PATH).'] };
    const samples = await measure(bench);
    return {
      tables: places.map(({ place, is }) =>
        renderPlace(
          `${is}: ${String(members)} members, ${String(connections)} clients with keep-alive, in turns (medians)`,
          samples.filter((sample) => sample.place === place),
        ),
      ),
      aims: listAims(samples),
      notes: [
        'All are the same nginx before the same members, and write an access log to where Docker collects it. The client shares the cores with all of them.',
        'A published port on 127.0.0.1 is a program of Docker (docker-proxy) that copies every byte: most of the time there is its own, and the same for all. Clients of other machines do not pass through it.',
      ],
    };
  },
};

async function measure(bench: Bench): Promise<readonly Sample[]> {
  const stack = await BenchStack.start({ ...shipped, files: ['datapath.yaml'] }, members);
  try {
    await stack.up(...fronts.map(({ service }) => service));
    const samples: Sample[] = [];
    const turns = bench.isQuick ? 3 : 10;
    for (let turn = 0; turn < turns; turn++) {
      for (const { place } of places) {
        for (const front of fronts) {
          bench.interrupted.throwIfAborted();
          samples.push({ front, place, ...(await send(stack, front, place)) });
        }
      }
    }
    return samples;
  } finally {
    await stack.end();
  }
}

/** A short turn: what else the machine does hits all fronts alike then. */
async function send(stack: BenchStack, { service }: Front, place: Place): Promise<Throughput> {
  const plan = { connections, seconds: 2 };
  if (place === 'inside') return runWrk({ ...plan, from: { container: await stack.container(service) }, port: 80 });
  return runWrk({ ...plan, from: 'machine', port: await stack.publishedPort(service) });
}

function renderPlace(title: string, samples: readonly Sample[]): Table {
  const base = sum(samples, 'tutorial');
  return {
    title,
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
  };
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
  return [
    ...places.flatMap(({ place, is }) => {
      const here = samples.filter((sample) => sample.place === place);
      const [own, tutorial, defaults] = [sum(here, 'nginx'), sum(here, 'tutorial'), sum(here, 'defaults')];
      return [
        atLeast(
          `${is}: requests/s, against a connection for each request`,
          own.requestsPerSecond / tutorial.requestsPerSecond,
          2,
          'times',
        ),
        atLeast(
          `${is}: requests/s, against this nginx's own defaults`,
          own.requestsPerSecond / defaults.requestsPerSecond,
          1,
          'times',
        ),
        atMost(`${is}: p99, against a connection for each request`, own.p99Ms / tutorial.p99Ms, 1, 'times'),
        atMost(`${is}: p99, against this nginx's own defaults`, own.p99Ms / defaults.p99Ms, 1.1, 'times'),
      ];
    }),
    atMost('requests that failed', sum(samples, 'nginx').errors, 0, '', 'count'),
  ];
}
