import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import * as z from 'zod';

import { readServers } from '../chaos/upstreams-file.ts';
import { eventually } from '../support/eventually.ts';
import { haproxyImage } from '../support/example.ts';
import { root } from '../support/journey.ts';
import { readBlocks } from '../support/readme.ts';
import { Lab } from './lab/lab.ts';
import type { Machine } from './lab/machine.ts';
import { listRunningTasks } from './task-list.ts';

const stack = 'shop';
const pool = 'flaskappproxy';

/** What examples/swarm/stack.yaml labels. */
const members = [
  { service: 'flaskservice', port: 8001, isBackup: false },
  { service: 'redudantservice', port: 8003, isBackup: false },
  { service: 'gotyourback', port: 8002, isBackup: true },
] as const;

const images = {
  ONE_IMAGE: process.env['ONE_IMAGE'] ?? 'lbwatch/one-container',
  FLASK_IMAGE: process.env['FLASK_IMAGE'] ?? 'lbwatch/flask',
  HAPROXY_IMAGE: haproxyImage,
};

const statusSchema = z.object({
  nginx: z.array(z.object({ inStep: z.boolean() })),
  pools: z.array(
    z.object({
      name: z.string(),
      members: z.array(z.object({ address: z.string().nullable(), role: z.string().nullable(), isIn: z.boolean() })),
    }),
  ),
});

/** What Swarm says of the pool. */
export interface Wanted {
  /** `address:port`, and ` backup`, as in nginx's file; sorted. */
  readonly servers: readonly string[];
  /** The containers that answer while a primary runs. */
  readonly hostnames: readonly string[];
  /** How many of each service run. */
  readonly running: Readonly<Record<string, number>>;
}

/** examples/swarm on a Swarm of the lab. */
export class SwarmStack {
  readonly lab: Lab;

  private constructor(lab: Lab) {
    this.lab = lab;
  }

  /** A Swarm without anything on it. */
  static async start(): Promise<SwarmStack> {
    return new SwarmStack(await Lab.start(Object.values(images)));
  }

  /**
   * Types a command of the example's README beside its stack.yaml, on the first machine, with the images of the tests. Throws where
   * the README has no such command.
   *
   * @param more words that only the tests need
   */
  async type(command: string, ...more: readonly string[]): Promise<void> {
    const directory = join(root, 'examples/swarm');
    const typed = readBlocks(await readFile(join(directory, 'README.md'), 'utf8'), 'sh').join('');
    if (!typed.split('\n').includes(command)) throw new Error(`the README of the example does not say: ${command}`);
    const environment = { ...images, DOCKER_HOST: `unix://${this.lab.machine(1).socketPath}` };
    await execa('sh', ['-c', [command, ...more].join(' ')], { cwd: directory, env: environment });
  }

  /** The machine that leads the managers, as another one says it. Whoever has just come back may make them elect one anew. */
  async findLeader(manager: Machine): Promise<Machine> {
    const attempt = async (): Promise<Machine> => {
      const said = await manager.docker('node', 'ls', '--format', '{{.Hostname}} {{.ManagerStatus}}');
      const leader = this.lab.machines.find(({ name }) => said.split('\n').includes(`${name} Leader`));
      if (leader === undefined) throw new Error(`nobody leads: ${said}`);
      return leader;
    };
    return eventually('the managers have a leader', attempt, { withinMs: 60_000, everyMs: 500 });
  }

  /** A machine that runs a task of a service. */
  async findRunner(manager: Machine, service: string): Promise<Machine> {
    const wanted = ['--filter', 'desired-state=running', '--format', '{{.Node}}'];
    const said = await manager.docker('service', 'ps', ...wanted, `${stack}_${service}`);
    const machine = this.lab.machines.find(({ name }) => said.split('\n').includes(name));
    if (machine === undefined) throw new Error(`no machine runs ${service}: ${said}`);
    return machine;
  }

  /** @param manager whom to ask */
  async listWanted(manager: Machine): Promise<Wanted> {
    const tasks = await listRunningTasks(manager, `${stack}_apps`);
    const of = (service: string): typeof tasks => tasks.filter((task) => task.service === `${stack}_${service}`);
    const servers = members.flatMap(({ service, port, isBackup }) =>
      of(service).map(({ address }) => `${address}:${String(port)}${isBackup ? ' backup' : ''}`),
    );
    const primaries = members.filter(({ isBackup }) => !isBackup).flatMap(({ service }) => of(service));
    const counted = ['balancer', ...members.map(({ service }) => service)];
    return {
      servers: servers.sort(),
      hostnames: primaries.map(({ hostname }) => hostname).sort(),
      running: Object.fromEntries(counted.map((service) => [service, of(service).length])),
    };
  }

  /** The servers in the file that a machine's balancer has written, sorted; undefined where it has written none. */
  async readServers(machine: Machine): Promise<readonly string[] | undefined> {
    const path = join(machine.dataPath, 'volumes', `${stack}_lbwatch`, '_data/upstreams.conf');
    const text = await readFile(path, 'utf8').catch(() => '');
    const servers = readServers(text, pool);
    return servers?.map(({ address, options }) => [address, ...options].join(' ')).sort();
  }

  /** The same as the balancer tells it, once its nginx has acknowledged. Throws where nginx is behind. */
  async askServers(machine: Machine): Promise<readonly string[]> {
    const status = statusSchema.parse(JSON.parse(await this.inBalancer(machine, 'lbwatch', 'status', '--json')));
    if (!status.nginx.every(({ inStep }) => inStep)) throw new Error(`nginx of ${machine.name} is behind`);
    const found = status.pools.find(({ name }) => name === pool)?.members ?? [];
    return found
      .filter(({ isIn }) => isIn)
      .map(({ address, role }) => `${address ?? '?'}${role === 'backup' ? ' backup' : ''}`)
      .sort();
  }

  /** Runs a command in the container of a machine's balancer. */
  async inBalancer(machine: Machine, ...words: readonly string[]): Promise<string> {
    const id = await machine.docker('ps', '-q', '--filter', `name=${stack}_balancer`);
    return machine.docker('exec', id.split('\n')[0] ?? '', ...words);
  }

  /** What the proxy of a machine's manager has logged in its present life. */
  async readProxyLog(machine: Machine): Promise<readonly string[]> {
    const id = await machine.docker('ps', '-q', '--filter', `name=${stack}_socket-proxy`);
    return (await machine.docker('logs', id.split('\n')[0] ?? '')).split('\n');
  }
}
