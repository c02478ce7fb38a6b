import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';

import { makeCertificates } from './certificates.ts';
import { eventually } from './eventually.ts';
import { Room } from './room.ts';

/** Networks inside, where nobody else is. */
const addresses = '198.19.0.0/16';
const patience = { withinMs: 60_000 };

/**
 * This machine's Docker engine once more, as if on another machine: in a room of its own, reached over TCP with TLS. It may
 * be killed, and its containers then go on, also beyond its next start.
 */
export class FarEngine {
  /** Where this machine reaches it, and what it publishes. */
  readonly address: string;
  /** A client's folder of certificates for it. */
  readonly certificates: string;
  readonly #room: Room;
  readonly #command: string;

  private constructor(room: Room, certificates: string, command: string) {
    this.address = room.address;
    this.certificates = certificates;
    this.#room = room;
    this.#command = command;
  }

  /** @param images of this machine's engine, to bring along */
  static async open(images: readonly string[]): Promise<FarEngine> {
    const room = await Room.open('/nothing-lies-over-this-machine');
    const folder = join(room.directory, 'certificates');
    await mkdir(folder);
    const { client, server } = await makeCertificates(folder, room.address);
    const words = [
      `dockerd --data-root ${room.directory}/data --exec-root /run/docker --pidfile /run/docker.pid --live-restore`,
      `-H unix://${room.directory}/docker.sock -H tcp://0.0.0.0:2376`,
      `--tlsverify --tlscacert ${server.ca} --tlscert ${server.cert} --tlskey ${server.key}`,
      `--bridge=none --default-address-pool base=${addresses},size=24`,
    ];
    const engine = new FarEngine(room, client, words.join(' '));
    try {
      await engine.start();
      await execa('docker', ['save', ...images], { buffer: false }).pipe('docker', [...engine.#host, 'load']);
      await engine.docker('network', 'create', 'far');
    } catch (error) {
      const log = (await room.readLog()).split('\n').slice(-15).join('\n');
      await room.close();
      throw new Error(`the far engine does not start; the end of its log:\n${log}`, { cause: error });
    }
    return engine;
  }

  get url(): string {
    return `tcp://${this.address}:2376`;
  }

  get #host(): readonly string[] {
    return ['-H', `unix://${this.#room.directory}/docker.sock`];
  }

  /** Its command line; answers what that prints. */
  async docker(...words: readonly string[]): Promise<string> {
    return (await execa('docker', [...this.#host, ...words])).stdout;
  }

  /** The first process of a container, by its number in the room. */
  readPid(container: string): Promise<string> {
    return this.docker('inspect', '--format', '{{.State.Pid}}', container);
  }

  /** Ends a process of the room's, without a word to its engine. */
  killProcess(pid: string): void {
    this.#room.run(`kill -9 ${pid}`);
  }

  /** Ends the engine as a crash does. */
  async crash(): Promise<void> {
    this.#room.run('kill -9 $(cat /run/docker.pid); rm -f /run/docker.pid');
    await eventually(
      'the far engine is gone',
      async () => {
        const { failed } = await execa('docker', [...this.#host, 'version'], { reject: false });
        if (!failed) throw new Error('it answers');
      },
      patience,
    );
  }

  async start(): Promise<void> {
    this.#room.run(`${this.#command} &`);
    await eventually('the far engine answers', () => this.docker('version'), patience);
  }

  /** Ends it and all of its containers. */
  async close(): Promise<void> {
    await this.#room.close();
  }
}
