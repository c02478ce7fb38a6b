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
/** Enough for each member to have its turn. */
const looks = 40;
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
      await expectAnswers(load, 1);
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

/** Throws where some member does not answer through this machine's balancer, or somebody else does. */
async function lookAround(machine: Machine, hostnames: readonly string[]): Promise<void> {
  const clients = new MachineLoad(machine, port, lookRate);
  await expectAnswers(clients, looks);
  const sent = await clients.stop();
  const answered = sent.flatMap(({ answer }) => (answer.kind === 'app' ? [answer.hostname] : [answer.why]));
  const who = [...new Set(answered)].sort().join(', ');
  if (who !== hostnames.join(', '))
    throw new Error(`clients at ${machine.name} got ${who}; Swarm runs ${hostnames.join(', ')}`);
}

async function expectAnswers({ sent }: MachineLoad, number: number): Promise<void> {
  await eventually(
    `${String(number)} answers`,
    () => {
      if (sent.length < number) throw new Error(`${String(sent.length)} so far`);
    },
    { withinMs: 20_000 },
  );
}

function reasonsOf(failed: readonly SentRequest[]): string {
  const counts = new Map<string, number>();
  for (const { answer, method } of failed) {
    const why = `${method}: ${answer.kind === 'failure' ? answer.why : ''}`;
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return [...counts].map(([why, count]) => `${String(count)} ${why}`).join('; ');
}
