/** To look at a container is to be shown its environment. Nothing of it comes out again, whatever is asked or goes wrong. */
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect, test } from '@jest/globals';

import type { Controller, Ended, RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

const marker = 'Zq7-environment-marker';
/** A number in PORT is all that lbwatch wants to know; this is none. */
const environment = [`DB_PASSWORD=${marker}`, `PORT=8000;${marker}`];

let lab: RunLab;

useRunLab((started) => {
  lab = started;
});

test('by no command, no log line, no answer of the status server, no error', async () => {
  const controller = lab.run({ LBWATCH_LOG_LEVEL: 'debug' });
  await lab.inStep();
  // Only PORT could tell which of the two.
  const one = lab.addApp(1, { environment, ports: [8000, 9000] });
  lab.addApp(2, { environment });
  await lab.inStep(2);
  await controller.logged('problem', 'app-1');
  expect(lab.docker.count(`GET /containers/${one}/json`)).toBeGreaterThan(0);

  const said: string[] = [];
  const say = async (...words: readonly string[]): Promise<void> => {
    said.push(tell(await lab.command(words)));
  };
  await say('explain');
  await say('explain', '--json');
  await say('explain', 'app-1');
  await say('doctor');
  await say('doctor', '--json');
  await say('render');
  await say('render', '--diff');
  await say('once', '--json');
  await say('drain', 'app-2');
  await say('drain', 'nobody');
  await say('undrain', 'app-2');
  const at = `http://127.0.0.1:${String(lab.statusPort)}`;
  await say('status');
  for (const path of ['/healthz', '/readyz', '/drain', '/nothing', '/api/status', '/api/events'])
    said.push(await (await fetch(at + path)).text());

  writeFileSync(lab.nginx.sitePath, 'listen_to_this on;\n');
  await controller.logged('nginx refuses the configuration; the running one stays');
  await say('once');
  lab.docker.failures.set('*', { status: 500, message: 'database is locked' });
  await say('once');
  await say('explain');
  await say('doctor');
  controller.signal('SIGHUP');
  await controller.logged('waiting', 'database is locked');

  expectNothing(controller, said);
  // The commands did have something to say.
  expect(said.join('\n')).toContain('app-1');
}, 120_000);

test('not where the answer that carries it is cut in the middle', async () => {
  const path = join(lab.nginx.directory, 'cut.sock');
  const cutting = cutInspections(lab.docker.socketPath, path);
  await once(cutting, 'listening');
  try {
    const broken = { DOCKER_HOST: `unix://${path}`, LBWATCH_LOG_LEVEL: 'debug' };
    lab.addApp(1, { environment, ports: [8000, 9000] });
    const controller = lab.run(broken);
    const said = [
      tell(await lab.command(['once'], broken)),
      tell(await lab.command(['explain'], broken)),
      tell(await lab.command(['doctor'], broken)),
    ];
    await controller.logged('waiting', 'cannot inspect a container: the answer is no JSON');
    expectNothing(controller, said);
  } finally {
    cutting.close();
    cutting.closeAllConnections();
  }
}, 120_000);

function tell({ code, stdout, stderr }: Ended): string {
  return `${String(code)}\n${stdout}${stderr}`;
}

function expectNothing(controller: Controller, said: readonly string[]): void {
  expect([...controller.lines, ...said].filter((line) => line.includes(marker))).toEqual([]);
}

/** Stands before an engine's socket, and leaves out the last half of each container's description. */
function cutInspections(target: string, path: string): Server {
  const server = createServer((incoming, outgoing) => {
    const { url = '/', method, headers } = incoming;
    const asking = request({ socketPath: target, path: url, method, headers }, (answer) => {
      if (!/^\/containers\/[0-9a-f]{64}\/json/.test(url)) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        answer.pipe(outgoing);
        return;
      }
      void text(answer).then((whole) => {
        outgoing.writeHead(200, { 'content-type': 'application/json' });
        outgoing.end(whole.slice(0, whole.indexOf(marker) + marker.length));
      });
    });
    asking.on('error', () => outgoing.destroy());
    outgoing.on('close', () => asking.destroy());
    incoming.pipe(asking);
  });
  return server.listen(path);
}
