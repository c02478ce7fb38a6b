import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { readCorpus } from '../core/hostile/corpus.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { RunLab, addressOf, buildBundle } from '../support/run-lab.ts';
import type { Ended } from '../support/run-lab.ts';

const patience = { withinMs: 20_000, everyMs: 50 };

/** What a terminal obeys, what is not seen, and what begins a line of its own. */
const wholly = readCorpus().flatMap(({ text }) => (text.length > 0 && text.length < 200 ? [text] : []));
const everything = `a\u001b[31mb\u009b2Jc\u0007d\u202ee\u200bf\u2028g\u0085h\rforged i\nforged j\u001b]8;;http://6.6.6.6\u001b\\k`;

/** Nothing but what is seen, spaces and line feeds; and no line was begun by a foreign text. */
function expectPlain(text: string): void {
  expect(text).not.toMatch(/(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u);
  expect(text).not.toMatch(/^forged/m);
}

function expectPlainEnd({ stdout, stderr }: Ended): void {
  expectPlain(stdout);
  expectPlain(stderr);
  expect(stdout + stderr).not.toBe('');
}

beforeAll(() => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
}, 60_000);

describe('names, labels and networks that are hostile', () => {
  let lab: RunLab;
  let evil: string;
  beforeAll(async () => {
    lab = await RunLab.start();
    lab.addApp(1);
    evil = lab.addApp(2, { name: everything });
    for (const [index, text] of wholly.entries()) {
      const labels = { 'lb.pool': 'app', 'com.docker.compose.service': text };
      lab.docker.add({ name: `n${text}`, labels, address: `127.0.2.${String(index % 250)}`, ports: [8000] });
      lab.docker.add({
        name: `l${String(index)}`,
        labels: { 'lb.pool': text, 'lb.method': text, [`lb.${text}`]: text, 'lb.nginx': text },
        network: text,
        address: '127.0.3.1',
      });
    }
  }, 60_000);
  afterAll(() => lab.remove());

  test.each([
    ['explain'],
    ['explain', everything],
    ['explain', '--json'],
    ['doctor'],
    ['doctor', '--json'],
    ['render'],
    ['render', '--diff'],
    ['once'],
    ['once', '--json'],
  ])('%s %s shows nothing raw', async (...words) => {
    expectPlainEnd(await lab.command(words));
  });

  test('JSON says the same names that the engine says', async () => {
    const { stdout } = await lab.command(['explain', '--json']);
    const parse: (json: string) => readonly { readonly container: string }[] = JSON.parse;
    expect(parse(stdout).map(({ container }) => container)).toContain(everything);
  });

  test.each(['pretty', 'json'])('nor does the log, as %s', async (format) => {
    const controller = lab.run({ LBWATCH_LOG_FORMAT: format, LBWATCH_LOG_LEVEL: 'debug' });
    const lines = (): string => controller.lines.join('\n');
    const shows = (pattern: RegExp): Promise<void> =>
      eventually(
        `the log shows ${String(pattern)}`,
        () => {
          if (!pattern.test(lines())) throw new Error(lines());
        },
        patience,
      );
    // Of so many members some are named, and then the one that leaves.
    await shows(/pool (?:changed|in step): app |"pool":"app".*"msg":"pool (?:changed|in step)"/);
    // Nor do those who ask it.
    for (const words of [[], ['--json']]) expectPlainEnd(await lab.command(['status', ...words]));
    lab.docker.end(evil);
    await shows(/- a\\u|"left":\[\{"container":"a\\u/);
    expectPlain(lines());
    await controller.stop();
    lab.docker.startAgain(evil, addressOf(2));
  });
});

describe('other foreign words', () => {
  let lab: RunLab;
  beforeAll(async () => {
    lab = await RunLab.start();
    lab.addApp(1);
  });
  afterAll(() => lab.remove());

  test.each([
    ['explain', everything],
    ['drain', everything],
    ['undrain', everything],
    ['drain', 'x', '--wait', '--timeout', everything],
    [everything],
    ['run', everything],
    ['once', `--${everything}`],
    ['once', '--log-format', everything],
    ['once', '--pools', everything],
    ['once', '--site', `/nowhere/${everything}`],
    ['doctor', '--dir', `/nowhere/${everything}`],
    ['explain', '--nginx', everything],
  ])('the command line: %j %j %j', async (...words) => {
    expectPlainEnd(await lab.command(words));
  });

  test('the environment', async () => {
    expectPlainEnd(await lab.command(['once'], { [`LBWATCH_${everything}`]: 'x' }));
    expectPlainEnd(await lab.command(['once'], { LBWATCH_NGINX_COMMAND: `/nowhere/${everything}` }));
    expectPlainEnd(await lab.command(['once'], { DOCKER_HOST: `unix:///nowhere/${everything}` }));
  });

  test('a generated file that somebody has written into', async () => {
    appendFileSync(lab.nginx.generatedPath, `# ${everything.replaceAll('\n', '')}\n`);
    const ended = await lab.command(['render', '--diff']);
    expect(ended.code).toBe(1);
    expectPlainEnd({ ...ended, stdout: ended.stdout.replace(/^-.*\n/gm, '') });
    expect(ended.stdout).not.toMatch(/(?![ \n])[\p{C}\p{Z}]/u);
  });

  test.each(['pretty', 'json'])('errors of the engine, in the log as %s and in commands', async (format) => {
    lab.docker.failures.set('/containers/json', { status: 500, message: everything });
    for (const words of [['once'], ['once', '--json'], ['doctor'], ['doctor', '--json'], ['explain']]) {
      expectPlainEnd(await lab.command(words));
    }
    const controller = lab.run({ LBWATCH_LOG_FORMAT: format, LBWATCH_LOG_LEVEL: 'debug' });
    await eventually(
      'the log tells',
      () => {
        if (!controller.lines.join().includes('forged')) throw new Error(controller.lines.join('\n'));
      },
      patience,
    );
    expectPlain(controller.lines.join('\n'));
    await controller.stop();
    lab.docker.failures.clear();
  });

  test.each(['pretty', 'json'])('words of nginx, and the path of a site’s file, in the log as %s', async (format) => {
    const file = join(lab.nginx.directory, 'conf.d', 'x\u001b[31m\u009b\u202e.conf');
    writeFileSync(file, 'nosuch\u001b[31m\u009b\u202e on;\n');
    for (const words of [['once'], ['once', '--json'], ['doctor'], ['doctor', '--json']]) {
      const ended = await lab.command(words);
      expectPlainEnd(ended);
      expect(ended.stdout).toMatch(/nosuch/);
    }
    const controller = lab.run({ LBWATCH_LOG_FORMAT: format });
    await eventually(
      'the log tells',
      () => {
        if (!controller.lines.join().includes('nosuch')) throw new Error(controller.lines.join('\n'));
      },
      patience,
    );
    expectPlain(controller.lines.join('\n'));
    await controller.stop();
    writeFileSync(file, '');
  });

  test('whoever answers in the controller’s stead', async () => {
    const port = await freePort();
    const answers: Server = createServer((request, response) => {
      response.statusCode = request.url === '/drain' || request.url === '/undrain' ? 500 : 200;
      response.end(request.url === '/healthz' ? everything : JSON.stringify({ error: everything }));
    });
    answers.listen(port, '127.0.0.1');
    await once(answers, 'listening');
    for (const words of [['health'], ['drain', 'x'], ['undrain', 'x']]) {
      expectPlainEnd(await lab.command(words, { LBWATCH_STATUS: `127.0.0.1:${String(port)}` }));
    }
    answers.close();
    answers.closeAllConnections();
  });

  test('drains of who has a hostile name, and the answers of the status server', async () => {
    lab.addApp(2, { name: everything });
    const controller = lab.run();
    await lab.inStep(1, 2);
    const at = `http://127.0.0.1:${String(lab.statusPort)}`;
    const named = `container=${encodeURIComponent(everything)}`;
    const post = (container: string): RequestInit => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ container }),
    });
    for (const [path, init] of [
      ['/healthz', {}],
      ['/readyz', {}],
      [`/drain?${named}`, {}],
      [`/drain?container=${encodeURIComponent(`<script>${everything}`)}`, {}],
      [`/drain?wait=${encodeURIComponent(everything)}`, post(everything)],
      ['/drain', post(everything)],
      ['/undrain', post(everything)],
      ['/drain', post(`<script>${everything}`)],
      [`/nowhere/<script>${encodeURIComponent(everything)}`, {}],
      [
        '/drain',
        { method: 'POST', headers: { 'content-type': everything.replaceAll(/[^ -~]/g, '') }, body: everything },
      ],
    ] as const) {
      const response = await fetch(`${at}${path}`, init);
      expect([path, response.headers.get('content-type')]).toEqual([path, 'application/json; charset=utf-8']);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expectPlain(await response.text());
    }
    expectPlainEnd(await lab.command(['drain', everything]));
    expectPlainEnd(await lab.command(['drain', everything, '--json']));
    expectPlainEnd(await lab.command(['explain']));
    expectPlainEnd(await lab.command(['undrain', everything, '--json']));
    expectPlainEnd(await lab.command(['undrain', everything]));
    expectPlain(controller.lines.join('\n'));
    await controller.stop();
  }, 60_000);
});
