import { connect } from 'node:net';

import { expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { Controller, RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

const soon = { withinMs: 10_000, everyMs: 20 };

let lab: RunLab;

useRunLab((started) => {
  lab = started;
});

test('SIGUSR2 has the log tell everything, and then again what it did', async () => {
  const controller = lab.run();
  await controller.logged('watching the engine');
  await lab.inStep();
  expect(controller.said('pass')).toEqual([]);

  controller.signal('SIGUSR2');
  expect(await controller.logged('log level changed', 'debug, until')).toMatchObject({ level: 30, logLevel: 'debug' });
  controller.signal('SIGHUP');
  await controller.logged('pass', 'SIGHUP');

  controller.signal('SIGUSR2');
  await controller.logged('log level changed', 'info from here on');
  const passes = controller.said('pass').length;
  lab.addApp(1);
  await controller.logged('pool changed', '+ app-1');
  expect(controller.said('pass')).toHaveLength(passes);
});

test.each([
  ['error', ['debug', 'error']],
  // Above it is nothing to change to.
  ['debug', ['info', 'debug']],
])('SIGUSR2 where LBWATCH_LOG_LEVEL is %s', async (usual, expected) => {
  const controller = lab.run({ LBWATCH_LOG_LEVEL: usual });
  await lab.inStep();
  for (const [index] of expected.entries()) {
    controller.signal('SIGUSR2');
    await changes(controller, index + 1);
  }
  expect(controller.said('log level changed').map(({ logLevel }) => logLevel)).toEqual(expected);
});

test('SIGUSR1 opens no debugger', async () => {
  const port = await freePort();
  const controller = lab.run({ NODE_OPTIONS: `--inspect-port=127.0.0.1:${String(port)}` });
  await lab.inStep();
  await controller.logged('watching the engine');
  controller.signal('SIGUSR1');
  // Opening one takes Node.js some milliseconds; these take more.
  for (const count of [1, 2, 3, 4]) {
    controller.signal('SIGUSR2');
    await changes(controller, count);
    expect(await isOpen(port)).toBe(false);
  }
  lab.addApp(1);
  await lab.inStep(1);
});

function changes(controller: Controller, count: number): Promise<void> {
  return eventually(
    `the log level has changed ${String(count)} times`,
    () => {
      expect(controller.said('log level changed')).toHaveLength(count);
    },
    soon,
  );
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
