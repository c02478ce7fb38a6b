import type { Compose } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import { SteadyTraffic } from '../support/steady-traffic.ts';
import type { Timed } from '../support/steady-traffic.ts';
import { whoAnswers } from '../support/who-answers.ts';
import type { Answer } from '../support/who-answers.ts';
import { claimNoFailure } from './claim.ts';
import { during, quote, tellCommand, tellProof } from './narrate.ts';
import { LogReader, learnNames } from './stack.ts';
import { renderTally } from './tally.ts';

const requests = 30;
/** The most lines of a log that are worth showing at once. */
const mostLines = 12;
const logWithinMs = 10_000;

/** Says by an error that answers are not as claimed. */
type Check = (answers: readonly Answer[]) => void;
type AnswerSource = () => readonly Answer[] | Promise<readonly Answer[]>;

/** What the scenes have in common: the stack, its port once it is up, and where its logs were read to. */
export class Stage {
  readonly compose: Compose;
  readonly #log: LogReader;
  #port = 0;

  constructor(compose: Compose) {
    this.compose = compose;
    this.#log = new LogReader(compose, 'lbwatch');
  }

  get port(): number {
    return this.#port;
  }

  /** Runs a Compose command that a person could type, and shows it. */
  async command(what: string, ...words: readonly string[]): Promise<void> {
    tellCommand(`${this.compose.command} ${words.join(' ')}`);
    await during(what, this.compose.run(...words));
  }

  /** Learns where the stack can be reached. */
  async findPort(): Promise<void> {
    this.#port = await this.compose.publishedPort('nginx', 80);
  }

  ask(): Promise<readonly Answer[]> {
    return whoAnswers(this.#port, requests);
  }

  /** Waits until the last answers that a source gives are as claimed. */
  async awaitAnswers(what: string, source: AnswerSource, check: Check, withinMs: number): Promise<void> {
    await during(
      `waiting until ${what}`,
      eventually(
        what,
        async () => {
          check(await source());
        },
        { withinMs },
      ),
    );
  }

  /** Shows who answers some requests, which must be as claimed. */
  async showWhoAnswers(check: Check): Promise<void> {
    const answers = await this.ask();
    quote(renderTally(answers, await learnNames(this.compose)));
    check(answers);
  }

  /** Sends a steady stream of requests while something happens, none of which may fail. */
  async underTraffic(happening: (traffic: SteadyTraffic) => Promise<void>): Promise<readonly Timed[]> {
    const traffic = new SteadyTraffic(this.#port);
    try {
      await happening(traffic);
    } finally {
      await traffic.stop();
    }
    claimNoFailure(traffic.seen.map(({ answer }) => answer));
    tellProof(`${String(traffic.seen.length)} requests were sent meanwhile; none failed`);
    return traffic.seen;
  }

  /** Shows what the controller has logged since the last time, up to the line that tells of so many primaries. */
  async showLog(primaries: number): Promise<void> {
    tellCommand(`${this.compose.command} logs lbwatch`);
    const told = `now ${String(primaries)} primaries`;
    const read = (): Promise<readonly string[]> => this.#log.readOnTo(told);
    const lines = await during(
      'waiting for its log',
      eventually(`"${told}" in its log`, read, { withinMs: logWithinMs }),
    );
    quote(lines.slice(-mostLines));
  }

  async passOverLog(): Promise<void> {
    await this.#log.passOver();
  }

  /** For a demo that fails: what the two that matter said last. */
  async tellLastLines(): Promise<void> {
    for (const service of ['lbwatch', 'nginx']) {
      const { ok, stdout } = await this.compose.try('logs', '--no-color', '--tail', '8', service);
      if (ok && stdout.trim() !== '') quote(stdout.trim().split('\n'));
    }
  }
}
