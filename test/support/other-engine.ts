import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';

import { execa } from 'execa';

import { eventually } from './eventually.ts';
import { Room } from './room.ts';

/** What the journeys run; the set-up has built them on this machine's engine. */
const images = ['lbwatch/lbwatch', 'lbwatch/nginx', 'lbwatch/flask'];

/** Networks inside of rooms, where nobody else is. */
const addresses = '198.19.0.0/16';

/** An engine that a journey runs on. */
export interface OtherEngine {
  /** As Docker's and Compose's command lines read them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly socketPath: string;
  /** Where this machine reaches what it publishes. */
  readonly address: string;
  /** Lets a port of this machine's loopback lead to the same one of the engine's. */
  readonly forward: (port: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Files of a server that asks its clients for certificates. */
export interface ServerCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Starts a Docker engine of unpacked packages beside this machine's own, with the stack's images.
 *
 * @param certify makes certificates for an address, on which it then listens with TLS, too, ports 2376 and 2377
 */
export async function startDocker(
  packages: string,
  certify?: (address: string) => Promise<ServerCertificates>,
): Promise<OtherEngine> {
  const room = await Room.open(packages);
  return startIn(room, async (socketPath) => {
    const certificates = await certify?.(room.address);
    room.run(
      [
        `dockerd --data-root ${room.directory}/data --exec-root /run/docker --pidfile /run/docker.pid`,
        `-H unix://${socketPath} --bridge=none --default-address-pool base=${addresses},size=24`,
        ...(certificates === undefined
          ? []
          : [
              `-H tcp://0.0.0.0:2376 -H tcp://0.0.0.0:2377 --tlsverify --tlscacert ${certificates.ca}`,
              `--tlscert ${certificates.cert} --tlskey ${certificates.key}`,
            ]),
        '&',
      ].join(' '),
    );
  });
}

/** This machine's own engine, as the others are handed out. */
export function ownEngine(): OtherEngine {
  const nothing = (): Promise<void> => Promise.resolve();
  return { environment: {}, socketPath: '/var/run/docker.sock', address: '127.0.0.1', forward: nothing, end: nothing };
}

/** Starts Podman's socket of unpacked packages, with the stack's images. */
export async function startPodman(packages: string): Promise<OtherEngine> {
  const room = await Room.open(packages);
  const configuration = join(room.directory, 'containers.conf');
  await writeFile(
    configuration,
    `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
network_config_dir = "${room.directory}/networks"
default_subnet_pools = [{"base" = "${addresses}", "size" = 24}]
`,
  );
  const engine = await startIn(room, async (socketPath) => {
    const podman = `podman --root ${room.directory}/data --storage-driver overlay`;
    room.run(`CONTAINERS_CONF=${configuration} ${podman} system service --time=0 unix://${socketPath} &`);
    // As its systemd unit does.
    await eventually('its socket', () => chmod(socketPath, 0o660), { withinMs: 30_000 });
  });
  const end = async (): Promise<void> => {
    await engine.end();
    // Podman leaves its own groups behind; those that are another Podman's are not empty, and stay.
    const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/*'].map((place) => `${place}/libpod_parent`);
    const words = groups.flatMap((group) => [`${group}/conmon`, group]).join(' ');
    await execa('sh', ['-c', `rmdir ${words}`], { reject: false });
  };
  return { ...engine, end };
}

async function startIn(room: Room, start: (socketPath: string) => Promise<void>): Promise<OtherEngine> {
  const socketPath = join(room.directory, 'docker.sock');
  const environment = { DOCKER_HOST: `unix://${socketPath}`, DOCKER_SOCKET: socketPath };
  const doors: Door[] = [];
  const end = async (): Promise<void> => {
    for (const door of doors) door.close();
    await room.close();
  };
  try {
    await start(socketPath);
    await eventually('the engine answers', () => execa('docker', ['version'], { env: environment }), {
      withinMs: 60_000,
    });
    await loadImages(environment);
  } catch (error) {
    const log = (await room.readLog()).split('\n').slice(-15).join('\n');
    await end();
    throw new Error(`the engine does not start; the end of its log:\n${log}`, { cause: error });
  }
  const forward = async (port: number): Promise<void> => {
    doors.push(await Door.open(port, room.address));
  };
  return { environment, socketPath, address: room.address, forward, end };
}

async function loadImages(environment: Readonly<Record<string, string>>): Promise<void> {
  await execa('docker', ['save', ...images], { buffer: false }).pipe('docker', ['load'], { env: environment });
  const { stdout } = await execa('docker', ['images', '--format', '{{.Repository}}'], { env: environment });
  const names = stdout.split('\n');
  for (const image of images) {
    // Podman takes a name without a registry for its own (`localhost/`), and asks the Docker Hub for it.
    if (names.includes(`localhost/${image}`))
      await execa('docker', ['tag', `localhost/${image}`, `docker.io/${image}`], { env: environment });
  }
}

/** A port of loopback that leads somewhere else. */
class Door {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, address: string) {
    this.#server = createServer((near) => {
      const far = connect(port, address);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroySoon();
        });
        one.pipe(other);
      }
    });
  }

  static async open(port: number, address: string): Promise<Door> {
    const door = new Door(port, address);
    door.#server.listen(port, '127.0.0.1');
    await once(door.#server, 'listening');
    return door;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
