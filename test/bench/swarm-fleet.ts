import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';

import { eventually } from '../support/eventually.ts';
import { FakeManager } from '../support/fake-manager.ts';
import type { Asked } from '../support/fake-manager.ts';
import { FakeSwarm } from '../support/fake-swarm.ts';
import { freePort } from '../support/free-port.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import { Controller } from '../support/run-lab.ts';
import { containerIdOf } from '../support/swarm-json.ts';
import type { FakeTask } from '../support/swarm-json.ts';
import { imageEnvironment } from './image-environment.ts';
import { readCpuMs, readRssMiB } from './usage.ts';

/** All members listen on this one, each at its own address. */
const memberPort = await freePort();
const withinMs = 120_000;

/**
 * How long a real manager (engine 20.10) works on the list of all tasks, for each of them: 34 ms for 1,000, 450 to 500 for
 * 10,000. The fake does not, and says nothing for as long.
 */
export const managerMsPerTask = 0.047;

export interface SwarmSize {
  /** Of the services that lbwatch balances over, all together. */
  readonly tasks: number;
  readonly services: number;
  readonly nodes: number;
  /** Tasks of lbwatch's own service. */
  readonly balancers: number;
  /** So many of them are real, each a process beside an nginx of its own. */
  readonly processes: number;
}

/** What was used since another look. */
export interface Used {
  readonly asked: Asked;
  /** Of the tasks alone. */
  readonly lists: Asked;
  /** Of all balancers together. */
  readonly cpuMs: number;
  readonly atMs: number;
}

interface Balancer {
  readonly controller: Controller;
  readonly nginx: NginxProcess;
  readonly internalPort: number;
}

/**
 * The shipped controller, once or several times, each beside a real nginx, and a manager that tells of a Swarm of any size.
 * Each task has an address on the loopback network, and all of them answer there.
 */
export class SwarmFleet {
  readonly swarm: FakeSwarm;
  readonly manager: FakeManager;
  readonly #size: SwarmSize;
  readonly #members: Server;
  #balancers: readonly Balancer[] = [];

  constructor(size: SwarmSize) {
    this.#size = size;
    this.swarm = new FakeSwarm(size.nodes, addressOf);
    this.manager = new FakeManager(this.swarm);
    this.manager.msPerTask = managerMsPerTask;
    for (let index = 0; index < size.services; index++) {
      this.swarm.create({
        name: serviceOf(index),
        labels: { 'lb.pool': `app${String(index)}:${String(memberPort)}` },
        replicas: size.tasks / size.services,
        parallelism: 10,
      });
    }
    this.swarm.create({ name: balancerService, labels: {}, replicas: size.balancers });
    this.#members = createServer((socket) => {
      // Its end is noticed by who reads.
      socket.resume().end();
    });
  }

  /** What the balancers have in their nginx, as text. */
  get generated(): readonly string[] {
    return this.#balancers.map(({ nginx }) => nginx.generated());
  }

  /** Memory of one balancer, in MiB: the largest of them. */
  get rssMiB(): number {
    return Math.max(...this.#balancers.map(({ controller }) => readRssMiB(controller.pid)));
  }

  /** What was used so far. */
  get used(): Used {
    return {
      asked: this.manager.asked(),
      lists: this.manager.asked('/tasks'),
      cpuMs: this.#balancers.reduce((sumMs, { controller }) => sumMs + readCpuMs(controller.pid), 0),
      atMs: performance.now(),
    };
  }

  /** Starts everything, the balancers one after the other; answers how long the last one took until its nginx ran all members. */
  async start(): Promise<number> {
    this.#members.listen(memberPort, '0.0.0.0');
    await once(this.#members, 'listening');
    await this.manager.start();
    const own = this.swarm.tasks.filter(({ service }) => service.name === balancerService);
    let tookMs = 0;
    for (const task of own.slice(0, this.#size.processes)) {
      const beginMs = performance.now();
      this.#balancers = [...this.#balancers, await this.#startBalancer(task)];
      await this.inStep();
      tookMs = performance.now() - beginMs;
    }
    return tookMs;
  }

  /** Resolves when every nginx runs exactly those members that run, and are meant to. */
  async inStep(): Promise<void> {
    await Promise.all(
      this.#balancers.map((balancer) =>
        eventually('nginx runs what the Swarm does', () => this.#compare(balancer), { withinMs, everyMs: 50 }),
      ),
    );
  }

  async remove(): Promise<void> {
    await Promise.all(
      this.#balancers.map(async ({ controller, nginx }) => {
        await controller.kill();
        await nginx.remove();
      }),
    );
    await this.manager.remove();
    this.#members.close();
  }

  async #startBalancer(task: FakeTask): Promise<Balancer> {
    const [internalPort, site, status] = [await freePort(), await freePort(), await freePort()];
    const nginx = new NginxProcess({
      generated: 'upstream app0 { server 127.0.0.1:1; }\n',
      site: `server { listen 127.0.0.1:${String(site)}; location / { proxy_pass http://app0; } }\n`,
    });
    await nginx.start();
    const environment = {
      PATH: process.env['PATH'] ?? '',
      ...imageEnvironment,
      DOCKER_HOST: this.manager.host,
      LBWATCH_SWARM: 'on',
      LBWATCH_NGINX: 'local',
      LBWATCH_NGINX_COMMAND: nginx.command,
      LBWATCH_DIR: nginx.sharedDirectory,
      LBWATCH_SITE: nginx.sitePaths.join(','),
      LBWATCH_INTERNAL: `127.0.0.1:${String(internalPort)}`,
      LBWATCH_STATUS: `127.0.0.1:${String(status)}`,
      LBWATCH_LOG_FORMAT: 'json',
    };
    // As Docker names a container's host: this is how lbwatch knows which task it is.
    const controller = new Controller(environment, containerIdOf(task).slice(0, 12));
    return { controller, nginx, internalPort };
  }

  async #compare({ controller, nginx, internalPort }: Balancer): Promise<void> {
    const wanted = new Set(this.swarm.serving.filter(isMember).map(({ address }) => address));
    const text = nginx.generated();
    const written = [...text.matchAll(/server (127\.[0-9.]+):\d+(?! down)/g)].map(([, address = '']) => address);
    const over = written.filter((address) => address !== '127.0.0.1' && !wanted.has(address));
    const missing = wanted.size - (new Set(written).size - over.length);
    if (missing > 0 || over.length > 0) {
      const last = controller.lines.slice(-3).join('\n');
      throw new Error(`${String(missing)} missing, ${String(over.length)} too many; the log ends:\n${last}`);
    }
    const answer = await fetch(`http://127.0.0.1:${String(internalPort)}/lbwatch/digest`);
    if (!text.includes((await answer.text()).trim())) throw new Error('nginx runs another configuration');
  }
}

const balancerService = 'shop_balancer';

/** The name of the nth service that is balanced over. */
export function serviceOf(index: number): string {
  return `shop_app${String(index)}`;
}

function isMember({ service }: FakeTask): boolean {
  return service.name !== balancerService;
}

/** Of the loopback network, away from the addresses that tests use. */
function addressOf(index: number): string {
  return `127.${String(80 + (index >> 16))}.${String((index >> 8) & 255)}.${String(index & 255)}`;
}
