import { access, chmod, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Compose } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import { prepareJourney, root } from '../support/journey.ts';
import type { StackJourney } from '../support/journey.ts';
import { EngineApi } from './engine-api.ts';
import type { Inspected } from './engine-api.ts';
import type { Mood, Slot } from './operations.ts';
import { imagesFile } from './own-space.ts';
import type { Space } from './own-space.ts';
import { OwnEngine } from './own-engine.ts';
import { Site } from './site.ts';
import { Proxy } from './socket/proxy.ts';

const commonSocket = '/var/run/docker.sock';

/** The shipped stack with doors for faults to come in, and what the run itself knows of it. */
export class ChaosStack {
  readonly journey: StackJourney;
  readonly api: EngineApi;
  /** Undefined where there is only the engine that everybody uses. */
  readonly engine: OwnEngine | undefined;
  readonly proxy: Proxy;
  readonly site: Site;
  /** The folder that lbwatch and nginx share, as the run sees it. */
  readonly sharedPath: string;
  /** Mounted into the controller and the members at /chaos. */
  readonly insidePath: string;
  /** The slots' containers. */
  readonly ids = new Map<Slot, string>();
  readonly moods = new Map<string, Mood>();
  /** Ids of the containers that were drained by hand. */
  readonly drained = new Set<string>();
  #nginxBase: string;
  #statusBase: string;

  private constructor(parts: {
    readonly journey: StackJourney;
    readonly api: EngineApi;
    readonly engine: OwnEngine | undefined;
    readonly proxy: Proxy;
    readonly space: Space;
  }) {
    const { journey, api, engine, proxy, space } = parts;
    this.journey = journey;
    this.api = api;
    this.engine = engine;
    this.proxy = proxy;
    this.site = new Site(join(journey.directory, 'nginx/conf.d'));
    this.sharedPath = join(space.directory, 'shared');
    this.insidePath = join(space.directory, 'inside');
    this.#nginxBase = `http://127.0.0.1:${String(journey.port)}`;
    this.#statusBase = `http://127.0.0.1:${String(journey.statusPort)}`;
  }

  /** Starts the engine where it is ours, then nginx and lbwatch. Whoever calls this ends it, also where it throws. */
  static async start(space: Space, onMade: (stack: ChaosStack) => void): Promise<ChaosStack> {
    const { directory, isOwn } = space;
    const engine = isOwn ? new OwnEngine(directory) : undefined;
    const enginePath = engine?.socketPath ?? readEnginePath();
    await engine?.start();
    await engine?.load(join(directory, imagesFile));

    const insidePath = join(directory, 'inside');
    await cp(join(root, 'test/chaos/inside'), insidePath, { recursive: true });
    for (const name of ['control', 'moods']) await mkdir(join(insidePath, name));
    await mkdir(join(directory, 'socket'));
    // The controller writes there as its own user.
    await chmod(join(insidePath, 'control'), 0o777);
    const proxy = await Proxy.start(join(directory, 'socket/docker.sock'), enginePath);

    const journey = await prepareJourney('chaos', undefined, {
      DOCKER_HOST: `unix://${enginePath}`,
      // The shipped file mounts a socket; this stack's comes in a folder.
      DOCKER_SOCKET: '/dev/null',
      CHAOS_INSIDE: insidePath,
      CHAOS_SOCKET_DIR: join(directory, 'socket'),
      CHAOS_BUNDLE: join(root, 'dist'),
      CHAOS_SHARED: join(directory, 'shared'),
    });
    await cp(join(insidePath, 'docker-compose.override.yaml'), join(journey.directory, 'docker-compose.override.yaml'));
    const stack = new ChaosStack({ journey, api: new EngineApi(enginePath), engine, proxy, space });
    onMade(stack);
    await stack.site.open();
    // nginx does not start from a site that names pools before there are any.
    await stack.compose.run('up', '-d', '--no-build', '--no-deps', 'lbwatch');
    await eventually('the first upstreams.conf', () => access(join(stack.sharedPath, 'upstreams.conf')), {
      withinMs: 20_000,
    });
    await stack.compose.run('up', '-d', '--no-build', '--no-deps', 'nginx');
    return stack;
  }

  get compose(): Compose {
    return this.journey.compose;
  }

  get project(): string {
    return this.journey.project;
  }

  /** Where nginx answers. */
  get nginxBase(): string {
    return this.#nginxBase;
  }

  /** Where the controller answers. */
  get statusBase(): string {
    return this.#statusBase;
  }

  /** A recreated container has another address; published ports end with the engine that publishes them. */
  learnAddresses(containers: readonly Inspected[]): void {
    if (this.engine === undefined) return;
    const find = (service: string): string | undefined => {
      const container = this.find(containers, service);
      const network = container?.NetworkSettings.Networks[`${this.project}_default`];
      return network?.IPAddress === '' ? undefined : network?.IPAddress;
    };
    const nginx = find('nginx');
    const controller = find('lbwatch');
    if (nginx !== undefined) this.#nginxBase = `http://${nginx}:80`;
    if (controller !== undefined) this.#statusBase = `http://${controller}:9180`;
  }

  /** The container of a service of the Compose file that has one only. */
  find(containers: readonly Inspected[], service: string): Inspected | undefined {
    return containers.find(
      ({ Config: { Labels: labels } }) =>
        labels?.['com.docker.compose.project'] === this.project && labels['com.docker.compose.service'] === service,
    );
  }

  /** Asks the engine for that container. Throws where there is none. */
  async need(service: string): Promise<Inspected> {
    const container = this.find(await this.api.inspectAll(), service);
    if (container === undefined) throw new Error(`there is no container of ${service}`);
    return container;
  }

  /** Writes a file that the controller or a member reads, whole or not at all. */
  async tell(path: string, text: string): Promise<void> {
    const file = join(this.insidePath, path);
    await writeFile(`${file}~`, text);
    await rename(`${file}~`, file);
  }

  async untell(path: string): Promise<void> {
    await rm(join(this.insidePath, path), { force: true });
  }

  /** What was written for the run to read; undefined where nothing was. */
  async hear(path: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.insidePath, path), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Removes it all; an engine of our own ends with what it has. */
  async end(): Promise<void> {
    try {
      if (this.engine === undefined) {
        for (const id of this.ids.values()) await this.api.remove(id).catch(() => undefined);
        // What belongs to the controller's user is not for everybody to remove.
        const everything = 'rm -rf /etc/nginx/lbwatch/* /etc/nginx/lbwatch/.[!.]*';
        await this.compose.try('exec', '-T', '-u', '10001', 'lbwatch', 'sh', '-c', everything);
        await this.compose.try('kill');
        await this.journey.end();
      } else {
        await this.engine.kill();
        await rm(this.journey.directory, { recursive: true, force: true });
      }
    } finally {
      this.proxy.stop();
    }
  }
}

function readEnginePath(): string {
  const host = process.env['DOCKER_HOST'];
  if (host === undefined || host === '') return commonSocket;
  if (host.startsWith('unix://')) return host.slice('unix://'.length);
  throw new Error(`DOCKER_HOST is ${host}: the run puts a proxy in front of a unix socket; set it to one`);
}
