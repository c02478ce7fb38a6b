import { LocalCommand, NginxLocal } from '../../src/adapters/nginx-local.ts';
import { DiskFiles } from '../../src/adapters/files.ts';
import type { Pool, Protocol } from '../../src/core/model.ts';
import { render } from '../../src/core/render.ts';
import type { Rendered } from '../../src/core/render.ts';
import type { FoundTargets, Target } from '../../src/loop/ports.ts';

/** Where an nginx and its files are: all that another process needs to act on them. */
export interface Place {
  readonly command: string;
  readonly directory: string;
  readonly sitePaths: readonly string[];
  readonly port: number;
}

/** A controller's real files and nginx. */
export class ApplyLab {
  readonly files: DiskFiles;
  readonly #command: LocalCommand;
  readonly #port: number;

  constructor({ command, directory, sitePaths, port }: Place) {
    this.files = new DiskFiles(directory, sitePaths);
    this.#command = new LocalCommand(command);
    this.#port = port;
  }

  /** Where it stands now; throws where it does not run. */
  async target(port = this.#port): Promise<Target> {
    const master = await this.#command.findMaster();
    if (typeof master === 'string') throw new Error(master);
    return new NginxLocal(this.#command, master, '127.0.0.1', port);
  }

  /** The texts for a pool `app` and a tcp pool `db` of these addresses. */
  async want(...addresses: readonly string[]): Promise<Rendered> {
    const { digest } = await this.files.readSite();
    const internal = { address: '127.0.0.1', port: this.#port };
    const pools = [pool('app', 'http', addresses), pool('db', 'tcp', addresses)];
    return render(pools, await this.#command.readBuild(), internal, digest);
  }
}

export function found(...targets: readonly Target[]): FoundTargets {
  return { targets, reach: 'any', ownReach: 'any', missing: undefined, project: undefined };
}

function pool(name: string, protocol: Protocol, addresses: readonly string[]): Pool {
  const options = { weight: undefined, maxFails: undefined, failTimeoutS: undefined, maxConns: undefined };
  const members = addresses.map((address, index) => {
    const container = `${name}-${String(index + 1)}`;
    return { containerId: container, container, role: 'primary', standsBy: false, address, options } as const;
  });
  return { name, protocol, method: { kind: 'round_robin' }, keepalive: 16, members };
}
