import { expect, test } from '@jest/globals';

import { Machine } from '../../src/adapters/machine.ts';
import '../support/native-errors.ts';

/** A machine whose name has these addresses, or whose DNS fails. */
function machineWith(host: string): { machine: Machine; says: { answer: readonly string[] | Error } } {
  const says: { answer: readonly string[] | Error } = { answer: [] };
  const machine = new Machine(host, () =>
    says.answer instanceof Error ? Promise.reject(says.answer) : Promise.resolve(says.answer),
  );
  return { machine, says };
}

test('IPv4 first, and the same whatever the order of the answers; the one found before for as long as it is there', async () => {
  const { machine, says } = machineWith('host-b');
  says.answer = ['2001:db8::7', '192.0.2.9', '192.0.2.7'];
  expect(await machine.resolve()).toBe('192.0.2.7');
  says.answer = ['192.0.2.1', '192.0.2.7'];
  expect(await machine.resolve()).toBe('192.0.2.7');
  says.answer = ['192.0.2.1'];
  expect(await machine.resolve()).toBe('192.0.2.1');
  expect(machine.lastAddress).toBe('192.0.2.1');
});

test('where the DNS fails, or knows nothing, the last answer stays; the first failure is thrown', async () => {
  const { machine, says } = machineWith('host-b');
  says.answer = new Error('EAI_AGAIN');
  await expect(machine.resolve()).rejects.toThrow('EAI_AGAIN');
  says.answer = [];
  await expect(machine.resolve()).rejects.toThrow('host-b has no address');
  says.answer = ['192.0.2.7'];
  await machine.resolve();
  says.answer = new Error('EAI_AGAIN');
  expect(await machine.resolve()).toBe('192.0.2.7');
  says.answer = [];
  expect(await machine.resolve()).toBe('192.0.2.7');
});

test('an address is its own, IPv6 without brackets', async () => {
  expect(await new Machine('192.0.2.7').resolve()).toBe('192.0.2.7');
  expect(await new Machine('[2001:db8::7]').resolve()).toBe('2001:db8::7');
});
