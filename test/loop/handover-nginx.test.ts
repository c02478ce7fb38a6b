/** Early handover with a real nginx, under load. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { systemClock } from '../../src/adapters/clock.ts';
import { LocalCommand, NginxLocal } from '../../src/adapters/nginx-local.ts';
import { handOver } from '../../src/loop/handover.ts';
import { Handovers } from '../../src/loop/handovers.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { NginxProcess } from '../support/nginx-process.ts';
import { askWho } from '../support/who-answers.ts';
import type { Answer } from '../support/who-answers.ts';
import '../support/native-errors.ts';

const reloads = 200;
const soon = { withinMs: 5000, everyMs: 2 };

let nginx: NginxProcess;
let target: NginxLocal;
let load: Load | undefined;
let port: number;
let app: Server;

beforeEach(async () => {
  const appPort = await freePort();
  port = await freePort();
  app = createServer((_, response) => {
    setTimeout(() => response.end(JSON.stringify({ service: 'app', hostname: 'app-1' })), 5);
  });
  app.listen(appPort, '127.0.0.1');
  nginx = new NginxProcess({
    site: `server { listen 127.0.0.1:${String(port)}; location / { proxy_pass http://127.0.0.1:${String(appPort)}; } }\n`,
  });
  await nginx.start();
  target = new NginxLocal(new LocalCommand(nginx.command), nginx.pid, '127.0.0.1', 1);
  // One that was just forked bears no title of its own yet.
  await eventually(
    'both workers accept',
    async () => {
      expect(await target.listWorkers()).toHaveLength(2);
    },
    soon,
  );
});
afterEach(async () => {
  await load?.stop();
  load = undefined;
  await nginx.remove();
  app.close();
});

test(`${String(reloads)} reloads under load: no request fails, and the workers are as many as before after each`, async () => {
  load = new Load(port, 4);
  const handovers = new Handovers(systemClock, true);
  let earlyCount = 0;
  for (let reload = 0; reload < reloads; reload += 1) {
    const before = await target.listWorkers();
    await target.signalReload();
    const newWorkers = await handovers.follow(target, before);
    await oldWorkersStop(before ?? []);
    if (newWorkers !== undefined) {
      earlyCount += 1;
      handovers.note(target, newWorkers, (await target.listWorkers()) ?? []);
    }
    // One that was forked a moment before `before` was listed bears no title yet: it is left to the master.
    await eventually(
      'two workers',
      () => {
        expect(nginx.workers()).toHaveLength(2);
      },
      soon,
    );
    // Each second time the next reload meets a master that still sleeps after this one.
    if (reload % 2 === 0) await masterWakes();
  }
  // Where this machine was busy for 100 ms, the master was faster.
  expect(earlyCount).toBeGreaterThan(reloads * 0.8);
  await pause(300);
  await handovers.check(target);
  expect(handovers.takeReasons()).toEqual([]);
  expect(nginx.workers()).toHaveLength(2);
  expect(nginx.errorLog()).not.toMatch(/\[(?:alert|crit|emerg)\]/);

  const answers = await load.stop();
  expect(answers.length).toBeGreaterThan(reloads);
  expect(answers.filter(({ kind }) => kind !== 'app')).toEqual([]);
}, 120_000);

test('old workers stop accepting earlier than by themselves', async () => {
  const early: number[] = [];
  const left: number[] = [];
  while (early.length < 15) {
    for (const [isEarly, tookMs] of [
      [true, early],
      [false, left],
    ] as const) {
      await masterWakes();
      const before = (await target.listWorkers()) ?? [];
      const beginMs = performance.now();
      await target.signalReload();
      const kind = isEarly ? (await handOver(target, before, systemClock)).kind : 'left';
      await oldWorkersStop(before);
      // Where this machine was busy for 100 ms, the master was faster: that says nothing.
      if ((kind === 'early') === isEarly) tookMs.push(performance.now() - beginMs);
    }
  }
  expect(median(left)).toBeGreaterThan(100);
  expect(median(early)).toBeLessThan(median(left) / 2);
}, 60_000);

test('a configuration that nginx refuses: its workers go on', async () => {
  const before = (await target.listWorkers()) ?? [];
  writeFileSync(nginx.sitePath, 'no_such_directive on;\n');
  await target.signalReload();
  expect(await handOver(target, before, systemClock)).toEqual({ kind: 'left' });
  expect(await target.listWorkers()).toEqual(before);
});

test('one reload sets another number of workers', async () => {
  for (const [count, kind] of [
    [4, 'early'],
    [1, 'left'],
    [3, 'early'],
  ] as const) {
    await masterWakes();
    const before = (await target.listWorkers()) ?? [];
    nginx.setWorkers(count);
    await target.signalReload();
    expect((await handOver(target, before, systemClock)).kind).toBe(kind);
    await oldWorkersStop(before);
    await eventually(
      `${String(count)} workers`,
      () => {
        expect(nginx.workers()).toHaveLength(count);
      },
      soon,
    );
  }
});

test('who is not (any more) an accepting worker of this master is not signalled', async () => {
  // SIGQUIT would end this process, and the master.
  expect(await target.quitWorkers([process.pid, nginx.pid, process.ppid])).toBe('sent');
  await pause(50);
  expect(nginx.workers()).toHaveLength(2);
});

test('its sockets can be read', async () => {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  expect(await target.readTcpTables()).toContain(`0100007F:${hex} 00000000:0000 0A`);
});

/** Clients that ask again and again, each time over a connection of its own. */
class Load {
  readonly #answers: Answer[] = [];
  readonly #clients: readonly Promise<void>[];
  #isOn = true;

  constructor(port: number, clients: number) {
    this.#clients = Array.from({ length: clients }, () => this.#ask(port));
  }

  async stop(): Promise<readonly Answer[]> {
    this.#isOn = false;
    await Promise.all(this.#clients);
    return this.#answers;
  }

  async #ask(port: number): Promise<void> {
    while (this.#isOn) this.#answers.push(await askWho(port));
  }
}

async function oldWorkersStop(before: readonly { readonly pid: number }[]): Promise<void> {
  const old = new Set(before.map(({ pid }) => pid));
  await eventually(
    'the old workers stop accepting',
    () => {
      if (nginx.workers().some((pid) => old.has(pid))) throw new Error('they still accept');
    },
    soon,
  );
}

/** Workers that ended are reaped when the master sleeps no more. */
async function masterWakes(): Promise<void> {
  await eventually(
    'the master has reaped old workers',
    () => {
      if (nginx.children().length !== nginx.workers().length) throw new Error('some are left');
    },
    soon,
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
