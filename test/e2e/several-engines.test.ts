/** Two real engines, the second as if on another machine: members of both, and what happens when that engine dies. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';

import { eventually } from '../support/eventually.ts';
import { FarEngine } from '../support/far-engine.ts';
import { root } from '../support/journey.ts';
import { readBlocks } from '../support/readme.ts';
import type { RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';
import { readAnswer } from '../support/who-answers.ts';

const project = `lbwatch-engines-${String(process.pid)}`;
const patience = { withinMs: 20_000 };
const image = 'lbwatch/flask';

let lab: RunLab;
let far: FarEngine;

useRunLab((started) => {
  lab = started;
});

beforeAll(async () => {
  far = await FarEngine.open([image]);
}, 120_000);

afterAll(async () => {
  const { stdout } = await execa('docker', ['ps', '-aq', '--filter', `label=com.docker.compose.project=${project}`]);
  const left = stdout.split('\n').filter((id) => id !== '');
  if (left.length > 0) await execa('docker', ['rm', '-f', ...left]);
  await far.close();
}, 60_000);

test('members of both serve; the far engine dies and they stay, but for who dies as well; it is back, and so is the truth', async () => {
  await run((...words) => execa('docker', words), 'near', []);
  await run((...words) => far.docker(...words), 'far-1', ['--network', 'far', '-p', '8000']);
  await run((...words) => far.docker(...words), 'far-2', ['--network', 'far', '-p', '8000']);
  await run((...words) => far.docker(...words), 'unpublished', ['--network', 'far']);
  const environment = {
    LBWATCH_ENGINES: `unix:///var/run/docker.sock,${far.url}`,
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: far.certificates,
    LBWATCH_SCOPE: project,
    LBWATCH_CHECKS: 'on',
  };
  const controller = lab.run(environment);
  await answering('far-1', 'far-2', 'near');
  const problem = await controller.logged('problem');
  expect(problem['line']).toContain(`publishes no port 8000 on ${far.address}; add ports: ["8000"]`);
  expect(lab.nginx.generated()).toMatch(new RegExp(`server ${far.address}:\\d+;  # far-1$`, 'm'));
  expect(lab.nginx.generated()).not.toContain('198.19.');

  const [here = '', there = '', gone = ''] = await readDoctorLines();
  const sound = (await lab.command(['doctor'], environment)).stdout;
  expect([sound, sound]).toEqual([expect.stringMatching(here), expect.stringMatching(there)]);

  const pid = await far.readPid('far-2');
  await far.crash();
  await controller.logged('note', `engine ${far.url} does not answer since`);
  await answering('far-1', 'far-2', 'near');
  expect(await lab.status('readyz')).toBe(200);
  const lacking = (await lab.command(['doctor'], environment)).stdout;
  expect([lacking, lacking]).toEqual([expect.stringMatching(here), expect.stringMatching(gone)]);
  far.killProcess(pid);
  await answering('far-1', 'near');
  // The near engine is heard as ever.
  await run((...words) => execa('docker', words), 'near-2', []);
  await answering('far-1', 'near', 'near-2');

  await far.start();
  await controller.logged('watching the engine again', far.url);
  await far.docker('start', 'far-2');
  await answering('far-1', 'far-2', 'near', 'near-2');
  await far.docker('kill', 'far-1');
  await answering('far-2', 'near', 'near-2');
}, 120_000);

/** What docs/several-engines.md shows of `doctor`, as patterns: any version, and the far engine for each that is not here. */
async function readDoctorLines(): Promise<readonly string[]> {
  const [shown = ''] = readBlocks(await readFile(join(root, 'docs/several-engines.md'), 'utf8'), 'console');
  const [, ...lines] = shown.trim().split('\n');
  return lines.map((line) => {
    const escaped = line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    return escaped
      .replace(/Engine \S+ \\\(API \S+\\\)/, 'Engine \\S+ \\(API \\S+\\)')
      .replace(/tcp:\/\/host-\w:2376/, far.url)
      .replace('…', '');
  });
}

/** A member called like this. */
async function run(
  docker: (...words: readonly string[]) => Promise<unknown>,
  name: string,
  options: readonly string[],
): Promise<void> {
  const labels = [`com.docker.compose.project=${project}`, 'lb.pool=app', 'lb.port=8000'];
  const environment = ['PORT=8000', `SERVICE=${name}`];
  await docker(
    ...['run', '-d', '--name', options.length === 0 ? `${project}-${name}` : name, ...options],
    ...labels.flatMap((label) => ['--label', label]),
    ...environment.flatMap((variable) => ['-e', variable]),
    image,
  );
}

/** Clients of nginx are answered by these, and by nobody else; none is answered by nobody. */
async function answering(...names: readonly string[]): Promise<void> {
  await eventually(
    `${names.join(', ')} answer`,
    async () => {
      const answers: string[] = [];
      for (let asked = 0; asked < 6 * names.length; asked += 1) {
        const answer = readAnswer(await (await lab.ask()).text());
        answers.push(answer.kind === 'app' ? answer.service : answer.why);
      }
      expect([...new Set(answers)].sort()).toEqual(names);
    },
    patience,
  );
}
