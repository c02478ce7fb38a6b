import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

import { whyNoOwnEngine } from '../../chaos/own-space.ts';
import { Machine } from './machine.ts';

const machines = 3;
/** Swarm gives up a machine after three that are missed; 5s unless said, of which tests would wait. */
const heartbeat = '3s';

/** Says why there can be no lab here, or undefined where there can. */
export async function whyNoLab(): Promise<string | undefined> {
  const why = await whyNoOwnEngine();
  if (why !== undefined) return why;
  for (const program of ['nsenter', 'iptables']) {
    const found = await execa('sh', ['-c', `command -v ${program}`], { reject: false });
    if (found.exitCode !== 0) return `there is no ${program} here`;
  }
  const vxlan = ['--net', 'ip', 'link', 'add', 'lab', 'type', 'vxlan', 'id', '4097', 'dstport', '4789'];
  const attempt = await execa('unshare', vxlan, { reject: false, all: true });
  return attempt.exitCode === 0 ? undefined : `the kernel makes no overlay networks (vxlan): ${attempt.all}`;
}

/** A Swarm of three managers, which are workers as well, on this one machine. It ends with the program, however that ends. */
export class Lab {
  readonly directory: string;
  readonly machines: readonly Machine[];
  readonly #keeper: ChildProcess;

  private constructor(directory: string, keeper: ChildProcess, labPid: number) {
    this.directory = directory;
    this.#keeper = keeper;
    this.machines = Array.from(
      { length: machines },
      (_, index) => new Machine({ labDirectory: directory, labPid, number: index + 1 }),
    );
  }

  /** @param images that this machine's engine has, and all machines of the lab are to have */
  static async start(images: readonly string[]): Promise<Lab> {
    const why = await whyNoLab();
    if (why !== undefined) throw new Error(`a Swarm of the tests' own cannot be started here: ${why}`);
    const directory = await mkdtemp(join(tmpdir(), 'lbw-swarm-'));
    const program = fileURLToPath(new URL('keeper.ts', import.meta.url));
    const keeper = spawn(process.execPath, [program, directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    const pid = await Promise.race([
      once(keeper.stdout, 'data').then(([said]) => Number(String(said))),
      once(keeper, 'exit').then(() => undefined),
    ]);
    if (pid === undefined) throw new Error('the space for a Swarm cannot be made');
    const lab = new Lab(directory, keeper, pid);
    try {
      await lab.#bringUp(images);
      return lab;
    } catch (error) {
      await lab.end();
      throw error;
    }
  }

  /** The machine of that number, from 1. */
  machine(number: number): Machine {
    const machine = this.machines[number - 1];
    if (machine === undefined) throw new Error(`there is no machine ${String(number)}`);
    return machine;
  }

  /** Everything in it ends, and what it wrote is removed. */
  async end(): Promise<void> {
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    const ended = once(this.#keeper, 'exit');
    this.#keeper.stdin?.end();
    await ended;
  }

  async #bringUp(images: readonly string[]): Promise<void> {
    const first = this.machine(1);
    const others = this.machines.slice(1);
    const file = join(this.directory, 'images.tar');
    await Promise.all([first.powerOn(), execa('docker', ['save', '-o', file, ...images])]);
    await first.docker('load', '-q', '-i', file);
    await Promise.all(others.map((machine) => startWithImagesOf(first, machine)));
    await first.docker('swarm', 'init', '--advertise-addr', first.address, '--dispatcher-heartbeat', heartbeat);
    const token = await first.docker('swarm', 'join-token', '-q', 'manager');
    // One after the other: each changes who must agree to the next.
    for (const machine of others)
      await machine.docker('swarm', 'join', '--advertise-addr', machine.address, '--token', token, first.address);
  }
}

/** Layers and what is written about them are never changed in place, so that links do for copies. */
async function startWithImagesOf(first: Machine, machine: Machine): Promise<void> {
  await mkdir(machine.dataPath, { recursive: true });
  const parts = ['overlay2', 'image'].map((part) => join(first.dataPath, part));
  await execa('cp', ['-al', ...parts, machine.dataPath]);
  await machine.powerOn();
}
