import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import type { RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

let lab: RunLab;

useRunLab((started) => {
  lab = started;
});

/** Writes into nginx.conf, which lbwatch is not shown then. */
function hide(directives: string): Readonly<Record<string, string>> {
  const { configurationPath, directory } = lab.nginx;
  const text = readFileSync(configurationPath, 'utf8');
  writeFileSync(configurationPath, text.replace('access_log off;', `access_log off;\n${directives}`));
  return { LBWATCH_SITE: join(directory, 'conf.d') };
}

test('a pool that a file out of sight defines is left out alone, and the others are served', async () => {
  const environment = hide('upstream Hidden { server 127.0.0.1:1; }');
  lab.addApp(1);
  lab.docker.add({ name: 'bad-1', labels: { 'lb.pool': 'hidden, app' }, address: '127.0.1.2', ports: [8000] });
  const controller = lab.run(environment);
  await lab.inStep(1, 2);
  const problem = await controller.logged('problem', 'duplicate upstream');
  expect(problem).toMatchObject({
    container: 'bad-1',
    effect: 'out',
    message: expect.stringContaining('refuses this'),
  });
  const three = lab.addApp(3);
  await lab.inStep(1, 2, 3);
  lab.docker.end(three);
  await lab.inStep(1, 2);
});

test('a pool called like a zone of the site’s is served, and so is everybody else', async () => {
  const environment = hide('limit_req_zone $binary_remote_addr zone=taken:1m rate=1r/s;');
  lab.docker.add({ name: 'bad-1', labels: { 'lb.pool': 'taken' }, address: '127.0.1.2', ports: [8000] });
  lab.addApp(1);
  lab.run(environment);
  await lab.inStep(1);
  expect(lab.nginx.generated()).toContain('upstream taken {\n    zone lbwatch.taken 512k;\n    server 127.0.1.2:8000;');
});
