import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import * as z from 'zod';

import { knownLabels } from '../../src/core/labels.ts';
import { readCorpus } from '../core/hostile/corpus.ts';
import { RunLab, buildBundle } from '../support/run-lab.ts';

const engine = new Docker();
const project = `lbwhostile${String(process.pid)}`;
const image = 'lbwatch/who';
const made: Docker.Container[] = [];
let lab: RunLab;

/** What a real engine is told, and keeps: labels are whatever JSON can say. */
async function create(name: string, labels: Readonly<Record<string, string>>): Promise<Docker.Container> {
  const container = await engine.createContainer({
    name: `${project}-${name}`,
    Image: image,
    Labels: { 'com.docker.compose.project': project, ...labels },
    ExposedPorts: { '8000/tcp': {} },
    Env: ['PORT=8000'],
  });
  made.push(container);
  return container;
}

beforeAll(async () => {
  expect(buildBundle()).toEqual({ code: 0, said: '' });
  lab = await RunLab.start();
  const good = await create('good-1', { 'lb.pool': 'app' });
  await good.start();
  // Every text is a value somewhere, and a label's name; each known label has many of them.
  const texts = readCorpus().filter(({ text, acceptedBy }) => acceptedBy.length === 0 && text.length < 5000);
  for (const [index, label] of knownLabels.entries()) {
    const mine = texts.filter((_, at) => at % knownLabels.length === index);
    const [{ text } = { text: '' }] = mine;
    const strays = Object.fromEntries(mine.map((one) => [`lb.${one.text}`, one.text]));
    const bad = await create(`bad-${String(index)}`, { ...strays, 'lb.pool': 'app', [label]: text });
    await bad.start();
  }
}, 120_000);
afterAll(async () => {
  await Promise.all(made.map((container) => container.remove({ force: true })));
  await lab.remove();
}, 120_000);

test('a real engine keeps hostile labels; none of them is served, and none keeps the good one out', async () => {
  const environment = { DOCKER_HOST: '', LBWATCH_SCOPE: project };
  const once = await lab.command(['once'], environment);
  expect([once.code, once.stderr]).toEqual([0, '']);
  const explained = await lab.command(['explain', '--json'], environment);
  const schema = z.array(z.object({ container: z.string(), state: z.string() }));
  const rows = schema.parse(JSON.parse(explained.stdout)).filter(({ container }) => container.startsWith(project));
  expect(rows.filter(({ state }) => state === 'in').map(({ container }) => container)).toEqual([`${project}-good-1`]);
  expect(rows).toHaveLength(made.length);
  const file = lab.nginx.generated();
  expect(file.match(/^ {4}server .*$/gm)).toEqual([expect.stringContaining(`# ${project}-good-1`)]);
  const { stdout } = await lab.command(['explain'], environment);
  expect(stdout + once.stdout + explained.stdout).not.toMatch(/(?![ \n])[\p{C}\p{Z}]/u);
}, 60_000);
