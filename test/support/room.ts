import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

import { execa } from 'execa';

import { eventually } from './eventually.ts';

type Shell = ChildProcessByStdio<Writable, null, null>;

let made = 0;

/**
 * A place for an engine beside this machine's own: network, mounts, processes and `/run` of its own, so that neither sees
 * or disturbs the other. Its first process is a shell that reads commands from us: when we end, however that comes, the
 * shell reads the end of its input, and the kernel ends everything in the room with it. Needs root.
 */
export class Room {
  /** A folder seen from inside and outside; removed at the end. */
  readonly directory: string;
  /** Where this machine reaches what listens inside. */
  readonly address: string;
  readonly #shell: Shell;
  readonly #exit: Promise<unknown>;

  private constructor(directory: string, address: string, shell: Shell) {
    this.directory = directory;
    this.address = address;
    this.#shell = shell;
    this.#exit = once(shell, 'exit');
    // What is written to a shell that has ended is nobody's; the log says why it did.
    shell.stdin.on('error', () => undefined);
  }

  /** @param packages a folder of unpacked packages, which lie over this machine's programs and settings inside */
  static async open(packages: string): Promise<Room> {
    const directory = await mkdtemp(join(tmpdir(), 'lbwatch-room-'));
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const shell = spawn('unshare', [...namespaces, '--propagation', 'private', 'sh', '-s'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    made += 1;
    // Of the range for tests between networks (RFC 2544), which nobody else should use: 16384 blocks of four.
    const block = (process.pid * 7 + made) % 16_384;
    const addresses = [1, 2].map((last) => `198.18.${String(block >> 6)}.${String(((block & 63) << 2) + last)}`);
    const [outside = '', inside = ''] = addresses;
    const room = new Room(directory, inside, shell);
    try {
      await connect(shell.pid ?? 0, `lbw${String(process.pid)}-${String(made)}`, outside, inside);
      room.run(`exec > ${directory}/log 2>&1`);
      room.run('mount -t tmpfs room /run; mkdir -p /run/lock');
      for (const place of ['usr', 'etc'])
        room.run(
          `[ ! -d ${packages}/${place} ] || mount -t overlay room -o lowerdir=${packages}/${place}:/${place} /${place}`,
        );
    } catch (error) {
      await room.close();
      throw error;
    }
    return room;
  }

  /** Gives the room's shell a command, which has not been done yet when this comes back. */
  run(command: string): void {
    this.#shell.stdin.write(`${command}\n`);
  }

  /** What was said inside. */
  readLog(): Promise<string> {
    return readFile(join(this.directory, 'log'), 'utf8');
  }

  /** Ends everything inside. */
  async close(): Promise<void> {
    this.#shell.stdin.end();
    // A command that the shell waits for must not keep it.
    this.#shell.kill('SIGKILL');
    await this.#exit;
    await rm(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** A cable between the room and this machine. It goes with the room. */
async function connect(unsharePid: number, name: string, outside: string, inside: string): Promise<void> {
  const pid = await eventually(
    'the first process of the room',
    async () => {
      const children = await readFile(`/proc/${String(unsharePid)}/task/${String(unsharePid)}/children`, 'utf8');
      if (children.trim() === '') throw new Error('unshare has no child yet');
      return children.trim();
    },
    { withinMs: 10_000, everyMs: 10 },
  );
  const ip = (words: string): Promise<unknown> => execa('ip', words.split(' '));
  const ipInside = (words: string): Promise<unknown> =>
    execa('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...words.split(' ')]);
  await ip(`link add ${name} type veth peer name eth0 netns ${pid}`);
  await ip(`addr add ${outside}/30 dev ${name}`);
  await ip(`link set ${name} up`);
  await ipInside(`addr add ${inside}/30 dev eth0`);
  await ipInside('link set eth0 up');
  await ipInside('link set lo up');
  await ipInside(`route add default via ${outside}`);
}
