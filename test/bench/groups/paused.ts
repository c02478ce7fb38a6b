import { setTimeout as pause } from 'node:timers/promises';

import { LoadClient } from '../../traffic/load/load-client.ts';
import type { SentRequest } from '../../traffic/load/sent-request.ts';
import { atMost } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { BenchStack, shipped } from '../stack/bench-stack.ts';

const ratePerSecond = 300;
const members = 3;
const lastsMs = 10_000;
/** An answer that comes later than this came because the member woke up. */
const lostAfterMs = 1000;

/** A way for a member to do nothing while nobody has stopped it. */
interface Stall {
  readonly title: string;
  /** lb.check of the members. */
  readonly check: string;
  readonly mostLost: number | undefined;
  readonly begin: (stack: BenchStack, id: string) => Promise<void>;
  readonly end: (stack: BenchStack, id: string) => Promise<void>;
}

const signalApp = (signal: string) => (stack: BenchStack, id: string) =>
  stack.run(id, `app=$(cat /tmp/app.pid); kill -s ${signal} $(cat /proc/$app/task/$app/children) $app`);

const hang = { begin: signalApp('STOP'), end: signalApp('CONT') };

const stalls: readonly Stall[] = [
  {
    title: 'docker pause',
    check: 'http',
    mostLost: 10,
    begin: (stack, id) => stack.pause(id),
    end: (stack, id) => stack.unpause(id),
  },
  { title: 'SIGSTOP, default checks', check: 'http', mostLost: 200, ...hang },
  { title: 'SIGSTOP, lb.check: tcp', check: 'tcp', mostLost: undefined, ...hang },
  { title: 'SIGSTOP, lb.check: http:/', check: 'http:/', mostLost: undefined, ...hang },
];

interface Loss {
  readonly stall: Stall;
  readonly lost: number;
  readonly requests: number;
}

export const paused: Group = {
  name: 'paused',
  title: 'A member that hangs',
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    const losses: Loss[] = [];
    for (const stall of stalls) losses.push(await measure(stall, bench));
    return {
      tables: [
        {
          title: `One of ${String(members)} hangs for ${String(lastsMs / 1000)} s under ${String(ratePerSecond)} requests a second`,
          head: ['how', 'lost', 'of'],
          rows: losses.map(({ stall, lost, requests }) => [stall.title, String(lost), String(requests)]),
        },
      ],
      aims: losses.flatMap(({ stall, lost }) =>
        stall.mostLost === undefined ? [] : [atMost(`${stall.title}: lost`, lost, stall.mostLost, '')],
      ),
      notes: [
        `Lost: failed, or answered after more than ${String(lostAfterMs / 1000)} s.`,
        'docker pause is an event, a hang is none: only a check can notice it. A tcp check cannot, since the kernel goes on accepting for the app. By default (lb.check: http) a request is sent as well as soon as requests pile up in nginx; lb.check: http:/path sends one at every check.',
      ],
    };
  },
};

async function measure(stall: Stall, bench: Bench): Promise<Loss> {
  bench.interrupted.throwIfAborted();
  const stack = await BenchStack.start(shipped, members, { CHECK: stall.check });
  try {
    const [id = ''] = await stack.members();
    const plan = { port: stack.port, ratePerSecond, timeoutMs: 30_000, longestMs: 60_000, mostInFlight: 10_000 };
    const client = await LoadClient.start(plan);
    try {
      await pause(1000);
      await stall.begin(stack, id);
      await pause(lastsMs);
      await stall.end(stack, id);
      await pause(500);
    } finally {
      await client.stop();
    }
    const loss = { stall, lost: client.sent.filter(isLost).length, requests: client.sent.length };
    bench.tell(`${stall.title}: ${String(loss.lost)} of ${String(loss.requests)} lost`);
    return loss;
  } finally {
    await stack.end();
  }
}

function isLost({ answer, scheduledMs, endMs }: SentRequest): boolean {
  return answer.kind === 'failure' || endMs - scheduledMs > lostAfterMs;
}
