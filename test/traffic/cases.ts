import { readFile, rename, writeFile } from 'node:fs/promises';

import { eventually } from '../support/eventually.ts';
import type { Members } from './stack.ts';
import type { Stage } from './stage.ts';
import type { Variant } from './variants.ts';

/** Something that happens to a stack under load. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** Who runs when it begins. */
  readonly members: Members;
  /** For the services' environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The variants that it tells something about. */
  readonly variants: readonly Variant['name'][];
  /**
   * Where a member dies without a word, or drops what it has: the POSTs that it had cannot be saved by anybody. What
   * begins so many milliseconds after that counts as in flight on it. Absent: nothing may be lost at all.
   */
  readonly inFlightMs?: number;
  readonly isQuick?: boolean;
  /** The command of lbwatch that it needs. */
  readonly command?: string;
  readonly happen: (stage: Stage) => Promise<void>;
}

const following: readonly Variant['name'][] = ['lbwatch', 'rules-off'];
const all: readonly Variant['name'][] = [...following, 'static'];
const threeApps: Members = { app: 3 };
const pauseMs = 5000;
/** The app's own HANG_MS. */
const hangMs = 8000;

/** In the order of the table. */
export const cases: readonly Case[] = [
  {
    name: 'scale',
    title: 'scaled from 2 to 6 and back',
    members: { app: 2 },
    variants: following,
    isQuick: true,
    happen: async (stage) => {
      await stage.stack.scale('app', 6);
      await stage.awaitAnswersOf(await stage.stack.running('app'));
      await stage.stack.scale('app', 2);
    },
  },
  {
    name: 'slow-starter',
    title: 'one that listens 5 s after its start joins two',
    members: { app: 2 },
    variants: following,
    happen: async (stage) => {
      await stage.stack.scale('slow', 1);
      await stage.awaitAnswersOf(await stage.stack.running('slow'));
    },
  },
  {
    name: 'rolling-deploy',
    title: '4 new ones are started, then the 4 old ones stopped, one after the other',
    members: { app: 4 },
    variants: all,
    happen: async (stage) => {
      const old = await stage.stack.running('app');
      await stage.stack.scale('app', 2 * old.length);
      const isOld = (id: string): boolean => old.some((container) => container.id === id);
      await stage.awaitAnswersOf((await stage.stack.running('app')).filter(({ id }) => !isOld(id)));
      for (const { id } of old) await stage.stack.docker('stop', id);
    },
  },
  {
    name: 'force-recreate',
    title: 'two services of 2 each are recreated by `up --force-recreate`, one service after the other',
    members: { app: 2, other: 2 },
    variants: ['lbwatch'],
    happen: async (stage) => {
      for (const service of ['app', 'other']) {
        await stage.stack.compose.run(
          'up',
          '-d',
          '--no-build',
          '--no-deps',
          '--force-recreate',
          '--scale',
          `${service}=2`,
          service,
        );
        await stage.awaitAnswersOf(await stage.stack.running(service));
      }
    },
  },
  {
    name: 'graceful-stop',
    title: 'one of 3 is stopped, and finishes what it has',
    members: threeApps,
    variants: all,
    isQuick: true,
    happen: stopFirst,
  },
  {
    name: 'drops-on-sigterm',
    title: 'one of 3 is stopped, and ends at once with what it has',
    members: threeApps,
    environment: { ON_SIGTERM: 'drop' },
    variants: all,
    inFlightMs: 100,
    happen: stopFirst,
  },
  {
    name: 'drained-first',
    title: 'the same, after `lbwatch drain --wait`',
    members: threeApps,
    environment: { ON_SIGTERM: 'drop' },
    variants: ['lbwatch'],
    isQuick: true,
    command: 'drain',
    happen: async (stage) => {
      const { id, name } = await stage.first('app');
      await stage.stack.compose.exec('lbwatch', 'lbwatch', 'drain', name, '--wait', '--timeout', '10s');
      await stage.stack.docker('stop', id);
    },
  },
  {
    name: 'ignores-sigterm',
    title: 'one of 3 is stopped, goes on, and is killed after 3 s',
    members: threeApps,
    environment: { ON_SIGTERM: 'ignore' },
    variants: all,
    happen: async (stage) => {
      await stage.stack.docker('stop', '-t', '3', (await stage.first('app')).id);
    },
  },
  {
    name: 'unhealthy',
    title: 'one of 3 becomes unhealthy, goes on answering, and is healthy again',
    members: { app: 2, checked: 1 },
    variants: following,
    happen: async (stage) => {
      const { id } = await stage.first('checked');
      await stage.stack.docker('exec', id, 'touch', '/tmp/unhealthy');
      await awaitHealth(stage, id, 'unhealthy');
      await stage.let(1000);
      await stage.stack.docker('exec', id, 'rm', '/tmp/unhealthy');
      await awaitHealth(stage, id, 'healthy');
    },
  },
  {
    name: 'controller-killed',
    title: 'lbwatch is killed; 2 join and one is stopped; lbwatch is started again',
    members: { app: 3 },
    variants: following,
    happen: async (stage) => {
      const leaving = await stage.first('app');
      const { id: controller } = await stage.first('lbwatch');
      await stage.stack.docker('kill', controller);
      await stage.stack.scale('app', 5);
      await stage.stack.docker('stop', leaving.id);
      const joined = await stage.stack.running('app');
      await stage.stack.docker('start', controller);
      await stage.awaitAnswersOf(joined);
    },
  },
  {
    name: 'site-edited',
    title: "nginx's configuration is edited, and edited back",
    members: threeApps,
    variants: ['lbwatch'],
    isQuick: true,
    happen: async ({ stack: { sitePath, port } }) => {
      const original = await readFile(sitePath, 'utf8');
      const edited = original.replace('location / {', 'location = /edited { return 200 "edited"; }\n    location / {');
      for (const text of [edited, original]) {
        await writeFile(`${sitePath}.tmp`, text);
        await rename(`${sitePath}.tmp`, sitePath);
        await awaitEdited(port, text === edited);
      }
    },
  },
  {
    name: 'killed',
    title: 'crash: one of 3 is killed',
    members: threeApps,
    variants: all,
    inFlightMs: 100,
    isQuick: true,
    happen: async (stage) => {
      await stage.stack.docker('kill', (await stage.first('app')).id);
    },
  },
  {
    name: 'paused',
    title: 'crash: one of 3 is paused for 5 s',
    members: threeApps,
    variants: all,
    inFlightMs: 300,
    happen: async (stage) => {
      const { id } = await stage.first('app');
      await stage.stack.docker('pause', id);
      await stage.let(pauseMs);
      await stage.stack.docker('unpause', id);
    },
  },
  {
    name: 'hung',
    title: 'crash: one of 3 (lb.check: http:/) does nothing for 8 s, and the engine does not know',
    members: threeApps,
    // Its kernel goes on accepting connections: a tcp check would not notice.
    environment: { CHECK: 'http:/' },
    variants: all,
    // Only checks can find out; until then it is asked, and all of that is in flight on it.
    inFlightMs: hangMs,
    happen: async (stage) => {
      const container = await stage.first('app');
      await stage.stack.docker('exec', container.id, 'sh', '-c', 'kill -USR2 1');
      stage.mark('leaves', container);
      await stage.let(hangMs);
      stage.mark('joins', container);
      await stage.awaitAnswersOf([container]);
    },
  },
];

async function stopFirst(stage: Stage): Promise<void> {
  await stage.stack.docker('stop', (await stage.first('app')).id);
}

async function awaitHealth({ stack }: Stage, id: string, wanted: string): Promise<void> {
  await eventually(
    `a container that is ${wanted}`,
    async () => {
      const { stdout } = await stack.docker('inspect', '--format', '{{.State.Health.Status}}', id);
      if (stdout.trim() !== wanted) throw new Error(`it is ${stdout.trim()}`);
    },
    { withinMs: 15_000, everyMs: 250 },
  );
}

async function awaitEdited(port: number, isEdited: boolean): Promise<void> {
  await eventually(
    `the edit ${isEdited ? 'served' : 'gone'}`,
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${String(port)}/edited`)).text();
      if ((text === 'edited') !== isEdited) throw new Error(`nginx answered ${text.slice(0, 40)}`);
    },
    { withinMs: 10_000 },
  );
}
