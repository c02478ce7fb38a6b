import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { execa } from 'execa';

import { eventually } from '../../support/eventually.ts';
import { onlyChildOf } from './children.ts';

const upWithinMs = 60_000;

/** Where a machine is set up, and what it is called there. */
export interface MachinePlace {
  /** Of the lab; short, since the path of a socket may have 107 bytes. */
  readonly labDirectory: string;
  /** The first process of the lab's outer space, by this machine's number. */
  readonly labPid: number;
  /** From 1. */
  readonly number: number;
}

// It has a network card as soon as it is plugged in. No name server: what is not there is known not to be there at once.
const boot = `set -e
hostname "$1"
mount -t tmpfs run /run
echo 'nameserver 127.0.0.1' > /run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
ip link set lo up
until ip -oneline address show eth0 2>/dev/null | grep -q 'inet '; do sleep 0.01; done
shift
"$@" >> "$0" 2>&1 &
wait $!
echo "the engine ended with exit code $?" >> "$0"
while :; do sleep 1; done`;

/**
 * A machine of the lab with a Docker engine: network, mounts, processes and host name of its own. It can lose its power and
 * its network cable.
 */
export class Machine {
  readonly name: string;
  /** On the lab's network. */
  readonly address: string;
  /** Of its engine; reached from everywhere. */
  readonly socketPath: string;
  /** Its disk, which outlives a loss of power. */
  readonly dataPath: string;
  readonly #place: MachinePlace;
  readonly #directory: string;
  #power: { readonly process: ChildProcess; readonly unsharePid: number; readonly initPid: number } | undefined;

  constructor(place: MachinePlace) {
    this.#place = place;
    this.name = `node${String(place.number)}`;
    this.address = `10.250.0.${String(10 + place.number)}`;
    this.#directory = join(place.labDirectory, this.name);
    this.socketPath = join(this.#directory, 'docker.sock');
    this.dataPath = join(this.#directory, 'data');
  }

  get isOn(): boolean {
    return this.#power !== undefined;
  }

  /** Resolves when its engine answers. */
  async powerOn(): Promise<void> {
    await mkdir(this.dataPath, { recursive: true });
    const log = join(this.#directory, 'dockerd.log');
    const engine = [
      ...['dockerd', '--data-root', this.dataPath, '--pidfile', '/run/docker.pid', '--bridge=none'],
      ...['-H', `unix://${this.socketPath}`, '-H', 'unix:///run/docker.sock'],
      ...['--default-address-pool', 'base=10.231.0.0/16,size=24', '--dns', '127.0.0.1'],
      ...['--cgroup-parent', `/${basename(this.#place.labDirectory)}/${this.name}`],
    ];
    const own = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const words = ['-t', String(this.#place.labPid), '--net', '--pid', '--mount', 'unshare', ...own];
    const process = spawn('nsenter', [...words, 'sh', '-c', boot, log, this.name, ...engine], {
      cwd: '/',
      stdio: 'ignore',
      // A terminal's signal is for the program, which says what is to be done.
      detached: true,
    });
    process.on('error', () => undefined);
    const unsharePid = await onlyChildOf(process.pid ?? 0);
    const initPid = await onlyChildOf(unsharePid);
    this.#power = { process, unsharePid, initPid };
    await this.#connect(initPid);
    try {
      await eventually(`an answer of ${this.name}'s engine`, () => this.docker('version'), {
        withinMs: upWithinMs,
        everyMs: 50,
      });
    } catch (error) {
      const end = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-15).join('\n');
      throw new Error(`the engine of ${this.name} does not start; the end of its log:\n${end}`, { cause: error });
    }
  }

  /** Everything on it ends at once: nobody is told, nothing is written. */
  async powerOff(): Promise<void> {
    const power = this.#power;
    this.#power = undefined;
    if (power === undefined) return;
    const ended = once(power.process, 'exit');
    process.kill(power.unsharePid, 'SIGKILL');
    await ended;
    // Its end of the cable may live a moment longer than its processes.
    await eventually(
      `the cable of ${this.name} gone`,
      async () => {
        const { exitCode } = await this.#onSwitch(['link', 'show', this.#cable], false);
        if (exitCode !== 0) return;
        await this.#onSwitch(['link', 'delete', this.#cable], false);
        throw new Error('it is still there');
      },
      { withinMs: 10_000 },
    );
  }

  /** It goes on, and reaches nobody. */
  async unplug(): Promise<void> {
    await this.#onSwitch(['link', 'set', this.#cable, 'down']);
  }

  async plugIn(): Promise<void> {
    await this.#onSwitch(['link', 'set', this.#cable, 'up']);
  }

  /** Runs the docker command line against its engine. Throws with what it said. */
  async docker(...words: readonly string[]): Promise<string> {
    const { stdout } = await execa('docker', ['-H', `unix://${this.socketPath}`, ...words]);
    return stdout;
  }

  /** The words before a command that is to run on this machine's network. Throws where it is off. */
  get onItsNetwork(): readonly [string, ...string[]] {
    if (this.#power === undefined) throw new Error(`${this.name} is off`);
    return ['nsenter', `--net=/proc/${String(this.#power.initPid)}/ns/net`];
  }

  get #cable(): string {
    return `port${String(this.#place.number)}`;
  }

  async #connect(initPid: number): Promise<void> {
    const cable = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', String(initPid)];
    await this.#onSwitch(['link', 'add', this.#cable, ...cable]);
    await this.#onSwitch(['link', 'set', this.#cable, 'master', 'switch', 'up']);
    const inside = ['nsenter', `--net=/proc/${String(initPid)}/ns/net`, 'ip'] as const;
    // The same card after a loss of power: the others know it by its address.
    const card = `02:00:00:00:00:${String(10 + this.#place.number)}`;
    for (const words of [`link set eth0 address ${card} up`, `address add ${this.address}/24 dev eth0`])
      await execa(inside[0], [...inside.slice(1), ...words.split(' ')]);
  }

  #onSwitch(words: readonly string[], mustWork = true): Promise<{ readonly exitCode?: number | undefined }> {
    const net = `--net=/proc/${String(this.#place.labPid)}/ns/net`;
    return execa('nsenter', [net, 'ip', ...words], { reject: mustWork });
  }
}
