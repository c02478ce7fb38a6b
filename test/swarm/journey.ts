import { eventually } from '../support/eventually.ts';
import type { SentRequest } from '../traffic/load/sent-request.ts';
import { renderTable } from '../demo/narrate.ts';
import { agree } from './agree.ts';
import type { Agreeing, Agreement } from './agree.ts';
import type { Machine } from './lab/machine.ts';
import { MachineLoad } from './load/machine-load.ts';
import type { SwarmStack } from './stack.ts';

const port = 80;
/** Of the open-loop clients during a step that says no other. */
const usualRate = 100;
/** Of those who look whether they get to every member. */
const lookRate = 30;

/** What happens in a step, and who must agree after it. */
export interface Step extends Omit<Agreeing, 'sinceMs'> {
  readonly name: string;
  readonly act: () => Promise<unknown>;
  /** Of the clients on the manager's machine. */
  readonly ratePerSecond?: number;
}

/** What a step came to. */
export interface StepResult extends Agreement {
  readonly failed: readonly SentRequest[];
  readonly requests: number;
}

/** A step after the other, under load, and the table of them. */
export class SwarmJourney {
  readonly stack: SwarmStack;
  readonly #rows: (readonly string[])[] = [];

  constructor(stack: SwarmStack) {
    this.stack = stack;
  }

  /** Acts while clients ask the manager's machine; ends when all agree, and each balancer's clients get to every member. */
  async take(step: Step): Promise<StepResult> {
    const load = new MachineLoad(step.manager, port, step.ratePerSecond ?? usualRate);
    try {
      await eventually(
        'the first answer',
        () => {
          expectSome(load);
        },
        { withinMs: 20_000 },
      );
      const sinceMs = performance.now();
      await step.act();
      const agreement = await agree(this.stack, { ...step, sinceMs });
      await Promise.all(step.balancers.map((machine) => lookAround(machine, agreement.wanted.hostnames)));
      const sent = await load.stop();
      return this.#note(step.name, agreement, sent);
    } finally {
      await load.stop();
    }
  }

  /** Without clients: where there is nobody to ask yet. */
  async takeQuietly(step: Step): Promise<StepResult> {
    const sinceMs = performance.now();
    await step.act();
    const agreement = await agree(this.stack, { ...step, sinceMs });
    await Promise.all(step.balancers.map((machine) => lookAround(machine, agreement.wanted.hostnames)));
    return this.#note(step.name, agreement, []);
  }

  /** What is to be printed at the end. */
  renderTable(): string {
    const head = ['step', 'Swarm done', 'balancers after it', 'requests', 'failed', 'why'];
    return renderTable(head, this.#rows).join('\n');
  }

  #note(name: string, agreement: Agreement, sent: readonly SentRequest[]): StepResult {
    const failed = sent.filter(({ answer }) => answer.kind === 'failure');
    const { settledMs, agreedMs } = agreement;
    const times = [`${(settledMs / 1000).toFixed(1)} s`, `${String(Math.round(agreedMs - settledMs))} ms`];
    const row = [name, ...times, String(sent.length), String(failed.length), reasonsOf(failed)];
    this.#rows.push(row);
    process.stdout.write(`${row.join(' | ')}\n`);
    return { ...agreement, failed, requests: sent.length };
  }
}

/**
 * Waits until clients have got to every member through this machine's balancer; throws where one has got to somebody else, or to
 * nobody. nginx leaves out for 10 s who was slow to accept a connection, which happens where machines start things.
 */
async function lookAround(machine: Machine, hostnames: readonly string[]): Promise<void> {
  const clients = new MachineLoad(machine, port, lookRate);
  const listAnswers = (): string =>
    [...new Set(clients.sent.map(({ answer }) => (answer.kind === 'app' ? answer.hostname : answer.why)))]
      .sort()
      .join(', ');
  try {
    await eventually(
      `that clients at ${machine.name} get to all members`,
      () => {
        if (listAnswers() !== hostnames.join(', '))
          throw new Error(`they got to ${listAnswers()}; Swarm runs ${hostnames.join(', ')}`);
      },
      { withinMs: 30_000 },
    );
  } finally {
    await clients.stop();
  }
}

function expectSome({ sent }: MachineLoad): void {
  if (sent.length === 0) throw new Error('none so far');
}

function reasonsOf(failed: readonly SentRequest[]): string {
  const counts = new Map<string, number>();
  for (const { answer, method } of failed) {
    const why = `${method}: ${answer.kind === 'failure' ? answer.why : ''}`;
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return [...counts].map(([why, count]) => `${String(count)} ${why}`).join('; ');
}
