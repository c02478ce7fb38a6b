import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import Docker from 'dockerode';
import { transform } from 'esbuild';

import { messageOf } from '../../../src/core/error-words.ts';
import { eventually } from '../../support/eventually.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import { distinctMembers, whoAnswers } from '../../support/who-answers.ts';
import { readMoments } from '../../traffic/moments.ts';
import type { Moment } from '../../traffic/moments.ts';
import { readPasses } from './passes.ts';
import type { Pass } from './passes.ts';

/** What keeps the upstream of a stack. */
export interface StackKind {
  readonly name: string;
  readonly is: string;
  /** Who stands before the apps. */
  readonly services: readonly string[];
  /** Further Compose files of this folder. */
  readonly files: readonly string[];
  /** Set where Compose reads it. */
  readonly environment: Readonly<Record<string, string>>;
}

export const shipped: StackKind = {
  name: 'lbwatch',
  is: 'the stack as it is shipped: a shell kept in nginx, early handover',
  services: ['nginx', 'lbwatch'],
  files: [],
  environment: {},
};

export const apiOnly: StackKind = {
  name: 'API alone',
  is: 'the same with no shell in nginx: single calls of the Docker API, test and reload started ahead, the hand-over left to nginx',
  services: ['nginx', 'lbwatch'],
  files: [],
  environment: { NGINX_PREPARE: 'rm -f /bin/sh /bin/dash /bin/bash /bin/ash' },
};

export const bare: StackKind = {
  name: 'bare',
  is: 'a controller of 60 lines that checks, tests, acknowledges and takes back nothing: the yardstick of the machine',
  services: ['nginx', 'lbwatch'],
  files: ['bare.yaml'],
  environment: {},
};

/** Others in nginx's and lbwatch's place, as their manuals have it. */
export const peers: readonly StackKind[] = [
  { name: 'HAProxy', is: "server-template, asking Docker's DNS every second, with checks", file: 'haproxy.yaml' },
  { name: 'Caddy', is: "dynamic a, asking Docker's DNS every second", file: 'caddy.yaml' },
  { name: 'nginx resolve', is: "stock nginx, asking Docker's DNS every second (resolve)", file: 'resolve.yaml' },
].map(({ name, is, file }) => ({ name, is, services: ['nginx'], files: [file], environment: {} }));

const withinMs = 60_000;

/** A project of the shipped stack in front of apps that listen as soon as they are started. */
export class BenchStack {
  readonly #journey: Journey;
  readonly #docker = new Docker();

  private constructor(journey: Journey) {
    this.#journey = journey;
  }

  /** Starts it; resolves when so many members answer. */
  static async start(
    { services, files, environment }: StackKind,
    members: number,
    more: Readonly<Record<string, string>> = {},
  ): Promise<BenchStack> {
    const names = ['docker-compose.yaml', 'docker-compose.override.yaml', ...files];
    const journey = await prepareJourney('bench', undefined, {
      COMPOSE_FILE: names.join(':'),
      ...environment,
      ...more,
    });
    const stack = new BenchStack(journey);
    try {
      await cp(import.meta.dirname, join(journey.directory, 'bench'), { recursive: true });
      // Not every build of Node.js runs TypeScript.
      const { code } = await transform(await readFile(join(import.meta.dirname, 'bare-controller.ts')), {
        loader: 'ts',
      });
      await writeFile(join(journey.directory, 'bench/bare-controller.mjs'), code);
      for (const name of names.slice(1)) await cp(join(import.meta.dirname, name), join(journey.directory, name));
      await writeFile(join(journey.directory, '.env'), `PROJECT=${journey.project}\n`);
      // The apps first: an upstream written by hand names them.
      await stack.#up(members, 'app');
      await stack.up(...services);
      await stack.awaitMembers(members);
      return stack;
    } catch (error) {
      const { stdout } = await journey.compose.try('logs', '--no-color', '--tail', '8');
      await stack.end();
      throw new Error(`${messageOf(error)}; the stack's containers said last:\n${stdout}`, { cause: error });
    }
  }

  get port(): number {
    return this.#journey.port;
  }

  /** The ids of the members that run, oldest first. */
  async members(): Promise<readonly string[]> {
    return (await this.#journey.compose.running('app')).map(({ id }) => id);
  }

  async awaitMembers(count: number): Promise<void> {
    await eventually(
      `answers of ${String(count)} members`,
      async () => {
        const found = distinctMembers(await whoAnswers(this.port, 6 * count)).length;
        if (found !== count) throw new Error(`${String(found)} answered`);
      },
      { withinMs, everyMs: 200 },
    );
  }

  async scale(count: number): Promise<void> {
    await this.#up(count, 'app');
  }

  /** Starts further services of the stack. */
  async up(...services: readonly string[]): Promise<void> {
    await this.#journey.compose.run('up', '-d', '--no-build', '--no-recreate', '--no-deps', ...services);
  }

  /** The one container of a service. */
  async container(service: string): Promise<string> {
    const [found] = await this.#journey.compose.running(service);
    if (found === undefined) throw new Error(`${service} does not run any more: its log would tell why`);
    return found.id;
  }

  /** Where a service answers on this machine. */
  publishedPort(service: string): Promise<number> {
    return this.#journey.compose.publishedPort(service, 80);
  }

  /** Sends a signal to a container's first process. */
  async signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#docker.getContainer(id).kill({ signal });
  }

  async startAgain(id: string): Promise<void> {
    await this.#docker.getContainer(id).start();
  }

  async pause(id: string): Promise<void> {
    await this.#docker.getContainer(id).pause();
  }

  async unpause(id: string): Promise<void> {
    await this.#docker.getContainer(id).unpause();
  }

  /** Runs a command of a shell in a container; it is not waited for. */
  async run(id: string, script: string): Promise<void> {
    const result = await this.#journey.compose.docker('exec', id, 'sh', '-c', script);
    if (!result.ok) throw new Error(`"${script}" failed in ${id}: ${result.output}`);
  }

  /** What the engine tells of the members since then. */
  async readMoments(sinceMs: number): Promise<readonly Moment[]> {
    const project = `label=com.docker.compose.project=${this.#journey.project}`;
    const { ok, stdout, output } = await this.#journey.compose.docker(
      ...['events', '--since', inSeconds(sinceMs), '--until', inSeconds(Date.now()), '--format', '{{json .}}'],
      ...['--filter', 'type=container', '--filter', project],
    );
    if (!ok) throw new Error(`docker events failed: ${output}`);
    return readMoments(stdout.split('\n').filter(Boolean), ['app']);
  }

  /** The controller's passes so far, oldest first, as its log tells them. */
  async readPasses(): Promise<readonly Pass[]> {
    return readPasses(await this.#journey.compose.logs('lbwatch'));
  }

  /** How often nginx began to reload since then, by its own log. */
  async countReloads(sinceMs: number): Promise<number> {
    const nginx = await this.container('nginx');
    const { stderr } = await this.#journey.compose.docker('logs', '--since', inSeconds(sinceMs), nginx);
    return stderr.match(/\[notice\] \d+#\d+: reconfiguring$/gm)?.length ?? 0;
  }

  async end(): Promise<void> {
    await this.#journey.compose.try('kill');
    await this.#journey.end();
  }

  async #up(members: number, ...services: readonly string[]): Promise<void> {
    const how = ['-d', '--no-build', '--no-recreate', '--no-deps', '--scale', `app=${String(members)}`];
    await this.#journey.compose.run('up', ...how, ...services);
  }
}

/** As the Docker command line takes a time. */
function inSeconds(unixMs: number): string {
  return (unixMs / 1000).toFixed(3);
}
