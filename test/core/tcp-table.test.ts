import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { describe, expect, test } from '@jest/globals';

import { countConnections, isTcpTable } from '../../src/core/tcp-table.ts';

const real = readFileSync(new URL('proc-net-tcp/linux-6-x86.txt', import.meta.url), 'utf8');

/** A row with a remote address, a state and an inode. */
function row(remote: string, state: string, inode = '3634237'): string {
  return `4604: 0100007F:CE84 ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0000000064e7d503 20 0 0 10 -1\n`;
}

describe('tables as a kernel wrote them', () => {
  test.each([
    // One of two plain sockets is closed already; one more is in the table for IPv6.
    ['127.0.1.7:8000', 2],
    ['[::1]:8001', 1],
    ['[0:0:0::1]:8001', 1],
    // The other port, the other end, those who listen.
    ['127.0.1.7:8001', 0],
    ['127.0.0.1:8000', 0],
    ['0.0.0.0:0', 0],
  ])('%s has %i', (member, count) => {
    expect(countConnections(real, [member])).toBe(count);
  });

  test('members are counted together, one named twice once', () => {
    expect(countConnections(real, ['127.0.1.7:8000', '[::1]:8001', '127.0.1.7:8000'])).toBe(3);
    expect(countConnections(real, [])).toBe(0);
  });
});

test.each([
  ['established', '01', '7', 1],
  ['nginx connects', '02', '7', 1],
  ['nginx has ended its side and reads on', '04', '7', 1],
  ['nginx has ended its side and reads on', '05', '7', 1],
  ['nginx has closed it, the kernel waits', '04', '0', 0],
  ['nginx has closed it, the kernel waits', '05', '0', 0],
  ['time wait', '06', '0', 0],
  ['closed', '07', '7', 0],
  ['the member has ended its side', '08', '7', 0],
  ['last acknowledgement', '09', '0', 0],
  ['closing', '0B', '0', 0],
])('%s (%s, inode %s): %i', (_, state, inode, count) => {
  expect(countConnections(row('0701007F:1F40', state, inode), ['127.0.1.7:8000'])).toBe(count);
});

test.each([
  ['[fd00::a:2]:80', '000000FD000000000000000002000A00:0050'],
  ['[2001:db8:1:2:3:4:5:6]:65535', 'B80D0120020001000400030006000500:FFFF'],
  ['[::ffff:10.0.0.2]:80', '0000000000000000FFFF00000200000A:0050'],
  ['10.0.0.2:80', '0000000000000000FFFF00000200000A:0050'],
  ['10.0.0.2:80', '0200000A:0050'],
])('%s is written %s', (member, remote) => {
  expect(countConnections(row(remote, '01'), [member])).toBe(1);
});

test('what is no table counts nothing, and is known for what it is', () => {
  const complaint = 'cat: /proc/net/tcp6: No such file or directory\n';
  expect(countConnections(`${real}${complaint}`, ['127.0.1.7:8000'])).toBe(2);
  expect(countConnections(complaint, ['127.0.1.7:8000'])).toBe(0);
  expect(countConnections(real, ['not an address', '', ':80', 'app:8000', '1.2.3:8000'])).toBe(0);
  expect([isTcpTable(real), isTcpTable(real.slice(real.lastIndexOf('  sl'))), isTcpTable(complaint)]).toEqual([
    true,
    true,
    false,
  ]);
});

test("this machine's own tables, while two connections are open and after", async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const count = (): number =>
    countConnections(['tcp', 'tcp6'].map((name) => readFileSync(`/proc/self/net/${name}`, 'utf8')).join('\n'), [
      `127.0.0.1:${String(port)}`,
    ]);
  expect(count()).toBe(0);
  const clients = [connect(port, '127.0.0.1'), connect(port, '::ffff:127.0.0.1')];
  await Promise.all(clients.map((client) => once(client, 'connect')));
  expect(count()).toBe(2);
  for (const client of clients) client.destroy();
  expect(count()).toBe(0);
  for (const socket of accepted) socket.destroy();
  server.close();
});
