import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { afterEach, describe, expect, test } from '@jest/globals';

import { NoShell } from '../../src/adapters/exec.ts';
import type { Connection } from '../../src/adapters/exec.ts';
import { KeptShell } from '../../src/adapters/kept-shell.ts';
import { quoteWord } from '../../src/adapters/process-scripts.ts';
import { AppError } from '../../src/loop/ports.ts';
import { shells, spawnShell } from '../support/shells.ts';
import '../support/native-errors.ts';

const reading = { timeoutMs: 5000, isRepeatable: true };
const acting = { timeoutMs: 5000, isRepeatable: false };

/** A kept shell on this machine, and the processes that were started for it. */
class Lab {
  readonly processes: ReturnType<typeof spawnShell>['process'][] = [];
  nowMs = 0;
  /** Called instead of starting a shell. */
  refuse: (() => Promise<Connection>) | undefined;
  readonly shell: KeptShell;

  constructor(words?: readonly string[]) {
    this.shell = new KeptShell(
      () => {
        if (this.refuse !== undefined) return this.refuse();
        const { connection, process } = spawnShell(words);
        this.processes.push(process);
        return Promise.resolve(connection);
      },
      () => this.nowMs,
    );
  }

  get last() {
    const process = this.processes.at(-1);
    if (process === undefined) throw new Error('no shell was started');
    return process;
  }

  async print(script: string): Promise<string> {
    return (await this.shell.run(script, reading)).output;
  }
}

let lab = new Lab();
afterEach(() => {
  lab.shell.close();
});

describe.each(shells.map((words) => ({ words, name: words.join(' ') })))('$name', ({ words }) => {
  test('answers with what a command prints, on both streams, and its exit code', async () => {
    lab = new Lab(words);
    expect(await lab.shell.run('echo one; echo two >&2; (exit 3)', reading)).toEqual({
      exitCode: 3,
      output: 'one\ntwo\n',
    });
    expect(await lab.shell.run('printf "no end of line"', reading)).toEqual({
      exitCode: 0,
      output: 'no end of line',
    });
    expect(await lab.shell.run(':', reading)).toEqual({ exitCode: 0, output: '' });
    expect(lab.processes).toHaveLength(1);
  });

  test('a command that reads gets none of the commands after it', async () => {
    lab = new Lab(words);
    expect(await lab.print('cat')).toBe('');
    expect(await lab.print('read -r x; echo "read: $x"')).toBe('read: \n');
  });

  test('words come through whatever is in them', async () => {
    lab = new Lab(words);
    for (const word of ["it's", '$HOME `id` $(id)', 'a\nb', '\\', '"', '*', '', "''", '; exit 1', 'ü€😀']) {
      expect(await lab.print(`printf %s ${quoteWord(word)}`)).toBe(word);
    }
  });

  test('a file that is not there ends no shell', async () => {
    lab = new Lab(words);
    await lab.print('x=; IFS= read -r x </none/there; { read -r x; } </none/there');
    expect(await lab.print('echo alive')).toBe('alive\n');
    expect(lab.processes).toHaveLength(1);
  });

  test('it ends with its input', async () => {
    lab = new Lab(words);
    await lab.print(':');
    const exit = once(lab.last, 'exit');
    lab.shell.close();
    await exit;
  });
});

test('one command at a time, in order', async () => {
  lab = new Lab();
  const outputs = await Promise.all([1, 2, 3, 4].map((number) => lab.print(`sleep 0.02; echo ${String(number)}`)));
  expect(outputs).toEqual(['1\n', '2\n', '3\n', '4\n']);
});

test('output of any size up to the limit, and letters that are cut between two chunks', async () => {
  lab = new Lab();
  const output = await lab.print('for i in $(seq 40000); do echo "ü€😀 $i"; done');
  expect(output).toBe(Array.from({ length: 40_000 }, (_, index) => `ü€😀 ${String(index + 1)}\n`).join(''));
});

test('output without end is cut off', async () => {
  lab = new Lab();
  await expect(lab.shell.run('yes', acting)).rejects.toThrow('it printed more than 32 MiB');
  expect(await lab.print('echo fresh')).toBe('fresh\n');
});

test('what looks like an end is none', async () => {
  lab = new Lab();
  const fake = `printf '\\n%s 0\\n' 0123456789abcdef0123456789abcdef; sleep 0.05; echo real`;
  expect(await lab.print(fake)).toBe('\n0123456789abcdef0123456789abcdef 0\nreal\n');
});

test('one that died is replaced at the next use', async () => {
  lab = new Lab();
  expect(await lab.print('echo one')).toBe('one\n');
  const exit = once(lab.last, 'exit');
  lab.last.kill('SIGKILL');
  await exit;
  expect(await lab.print('echo two')).toBe('two\n');
  expect(lab.processes).toHaveLength(2);
});

test('one that dies on the way: looking is done again in a fresh one, acting is not', async () => {
  lab = new Lab();
  await lab.print(':');
  const first = lab.last;
  const looking = lab.print('echo begun; sleep 0.2; echo done');
  await hasBegun(first);
  first.kill('SIGKILL');
  expect(await looking).toBe('begun\ndone\n');
  expect(lab.processes).toHaveLength(2);

  const second = lab.last;
  const doing = lab.shell.run('echo begun; sleep 0.2; echo done', acting);
  await hasBegun(second);
  second.kill('SIGKILL');
  await expect(doing).rejects.toThrow(new AppError('nginx', "the shell in nginx's container failed: it ended"));
  expect(lab.processes).toHaveLength(2);
});

test('one that does not answer in time is given up', async () => {
  lab = new Lab();
  await lab.print(':');
  await expect(lab.shell.run('sleep 1', { timeoutMs: 50, isRepeatable: false })).rejects.toThrow(
    'it did not answer within 0.05 s',
  );
  expect(await lab.print('echo fresh')).toBe('fresh\n');
});

test('where none can be had, it is not tried at every turn; where none can ever be had, never again', async () => {
  lab = new Lab();
  let tries = 0;
  let isLasting = false;
  lab.refuse = () => {
    tries += 1;
    return Promise.reject(new NoShell('busy', isLasting));
  };
  for (let attempt = 0; attempt < 3; attempt += 1) await expect(lab.print(':')).rejects.toThrow(NoShell);
  expect([tries, lab.shell.isOutOfReach]).toEqual([1, true]);

  lab.nowMs += 1000;
  expect(lab.shell.isOutOfReach).toBe(false);
  isLasting = true;
  await expect(lab.print(':')).rejects.toThrow("no shell in nginx's container: ");
  lab.nowMs += 1e9;
  expect([tries, lab.shell.isOutOfReach]).toEqual([2, true]);
});

test('what is no shell is noticed, and its words are the reason', async () => {
  lab = new Lab(['bash', '-c', 'echo "exec: sh: executable file not found in PATH"']);
  await expect(lab.print(':')).rejects.toThrow('executable file not found in PATH');
  lab.nowMs += 1e9;
  expect(lab.shell.isOutOfReach).toBe(true);
});

/** Resolves when the command under way has printed something. */
async function hasBegun({ stdout }: ChildProcess): Promise<void> {
  if (stdout !== null) await once(stdout, 'data');
}
