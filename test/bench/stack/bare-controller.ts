// The least that keeps an upstream up to date: no check, no test of what it writes, no acknowledgement, no way back. It is
// the yardstick of a machine: what lbwatch takes beyond it is the price of these.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const project = `com.docker.compose.project=${process.env['PROJECT'] ?? ''}`;
const filters = JSON.stringify({ label: ['lb.pool', project], type: ['container'], event: ['start', 'kill'] });
const members = new Map<string, string>();
let serving = Promise.resolve();

function ask(path: string, hear: (chunk: Buffer) => void, over = (): void => undefined): void {
  get({ socketPath: '/var/run/docker.sock', path, agent: false }, (answer) => answer.on('data', hear).on('end', over));
}

function listWorkers(): readonly number[] {
  const pids = readFileSync('/proc/1/task/1/children', 'utf8').trim().split(' ').map(Number);
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').startsWith('nginx: worker process\0');
    } catch {
      return false;
    }
  });
}

async function serve(): Promise<void> {
  const servers = [...members.values()].map((address) => `server ${address}:8000;`).join(' ') || 'server 127.0.0.1:1;';
  writeFileSync('/etc/nginx/lbwatch/next', `upstream flaskappproxy { zone app 512k; ${servers} keepalive 32; }\n`);
  renameSync('/etc/nginx/lbwatch/next', '/etc/nginx/lbwatch/upstreams.conf');
  const old = listWorkers();
  process.kill(1, 'SIGHUP');
  const countNew = (): number => listWorkers().filter((pid) => !old.includes(pid)).length;
  for (let turn = 0; turn < 200 && countNew() < old.length; turn++) await pause(1);
  for (const pid of listWorkers().filter((one) => old.includes(one))) process.kill(pid, 'SIGQUIT');
}

function serveNext(): void {
  serving = serving.then(serve);
}

function hear(line: string): void {
  const parse: (text: string) => { readonly Action: string; readonly id: string } = JSON.parse;
  const { Action: action, id } = parse(line);
  if (action === 'kill' && members.delete(id)) serveNext();
  if (action !== 'start') return;
  let text = '';
  const collect = (chunk: Buffer): void => void (text += chunk.toString());
  ask(`/containers/${id}/json`, collect, () => {
    members.set(id, /"IPAddress":"([0-9.]+)"/.exec(text)?.[1] ?? '');
    serveNext();
  });
}

ask(`/events?since=1&filters=${encodeURIComponent(filters)}`, (chunk) => {
  for (const line of chunk.toString().trim().split('\n')) hear(line);
});
