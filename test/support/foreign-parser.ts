import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** One directive: its words as written, and what its block holds; `block` is undefined where it ends with `;`. */
export interface Directive {
  readonly words: readonly string[];
  readonly block?: readonly Directive[];
}

interface Answer {
  readonly directives?: readonly Directive[];
  readonly refusal?: string;
}

/**
 * What somebody else's parser of nginx configuration makes of a text: certbot's, in a process of its own, which shares
 * nothing with src. Where it differs from nginx it is stricter: it takes U+2028 and the like for space.
 *
 * LAB_NGINX_PARSER names the folder it lies in; unset or empty: where Python finds it.
 */
export class ForeignParser {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #known = new Map<string, Promise<Answer>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    const folder = process.env['LAB_NGINX_PARSER'] ?? '';
    const child = spawn('python3', [join(import.meta.dirname, 'nginx-parser.py')], {
      env: folder === '' ? process.env : { ...process.env, PYTHONPATH: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Rejects where it refuses the text. Equal texts are read once. */
  async parse(text: string): Promise<readonly Directive[]> {
    const answer = await this.#ask(text);
    if (answer.directives === undefined) throw new SyntaxError(`${answer.refusal ?? 'no answer'}\n${text}`);
    return answer.directives;
  }

  async close(): Promise<void> {
    const exit = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await exit;
  }

  #ask(text: string): Promise<Answer> {
    const answer = this.#known.get(text) ?? this.#after(text);
    this.#known.set(text, answer);
    return answer;
  }

  /** Answers come in the order of the questions. */
  #after(text: string): Promise<Answer> {
    const answer = this.#last.then(async () => {
      this.#process.stdin?.write(`${JSON.stringify(text)}\n`);
      const line = await this.#answers.next();
      const parse: (json: string) => Answer = JSON.parse;
      if (line.done !== true) return parse(line.value);
      throw new Error(
        'the nginx parser does not run: run the tests with "npm test", which gets it, or: pip install certbot-nginx',
      );
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }
}
