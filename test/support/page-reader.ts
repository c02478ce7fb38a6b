import { expect } from '@jest/globals';
import { execa } from 'execa';

import { eventually } from './eventually.ts';
import { missingLines } from './page-steps.ts';
import type { Step } from './page-steps.ts';

export interface Surroundings {
  /** Where a reader would be when typing. */
  readonly directory: string;
  /** Set on top of this process's. */
  readonly environment: Readonly<Record<string, string>>;
  /** What differs here from what is typed, such as a port. */
  readonly typed: Readonly<Record<string, string>>;
  /** What differs here from what is shown: the name here, and that on the page. */
  readonly names: Readonly<Record<string, string>>;
}

const patience = { withinMs: 60_000, everyMs: 200 };

/** Somebody who does what a page says, step by step, and sees what it says is to be seen. */
export class PageReader {
  readonly #left: Step[];
  readonly #around: Surroundings;

  constructor(steps: readonly Step[], around: Surroundings) {
    this.#left = [...steps];
    this.#around = around;
  }

  /** What is still to be done. */
  get left(): readonly string[] {
    return this.#left.map(({ script }) => script);
  }

  /**
   * Does the next step, once, and answers what was printed. Throws where a command fails.
   *
   * @param beginning of what the step must say, so that a test reads as the page does
   */
  async follow(beginning: string): Promise<string> {
    const { script, shown } = this.#take(beginning);
    const output = await this.#type(script);
    if (shown !== undefined) this.#expectShown(output, shown);
    return output;
  }

  /** Does the next step, which only looks, until it shows what the page shows and what the check expects. */
  async see(beginning: string, check: (output: string) => void = () => undefined): Promise<string> {
    const { script, shown } = this.#take(beginning);
    return eventually(
      `"${script}" showing what the page says`,
      async () => {
        const output = await this.#type(script, shown !== undefined);
        if (shown !== undefined) this.#expectShown(output, shown);
        check(output);
        return output;
      },
      patience,
    );
  }

  #take(beginning: string): Step {
    const step = this.#left.shift();
    if (step === undefined) throw new Error(`the page ends before "${beginning}"`);
    expect(step.script.slice(0, beginning.length)).toBe(beginning);
    return step;
  }

  /** @param mayFail a command that is shown with its output may be one that fails */
  async #type(script: string, mayFail = false): Promise<string> {
    const { directory, environment, typed } = this.#around;
    const compose = process.env['LAB_COMPOSE'] ?? 'docker compose';
    let text = script.replaceAll(/\bdocker compose\b/g, compose);
    for (const [onPage, here] of Object.entries(typed)) text = text.replaceAll(onPage, here);
    const options = { cwd: directory, env: environment, all: true, reject: false, stdin: 'ignore' } as const;
    const result = await execa('sh', ['-e', '-c', text], options);
    if (result.failed && !mayFail) throw new Error(`failed:\n${text}\n${result.all}`);
    return result.all;
  }

  #expectShown(output: string, shown: string): void {
    const missing = missingLines(output, shown, this.#around.names);
    if (missing.length > 0)
      throw new Error(`the page shows what was not there:\n${missing.join('\n')}\nbut:\n${output}`);
  }
}
