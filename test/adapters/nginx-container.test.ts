import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { ContainerTargets } from '../../src/adapters/targets.ts';
import { AppError } from '../../src/loop/ports.ts';
import type { FoundTargets, Target } from '../../src/loop/ports.ts';
import { engineFor } from '../support/engine-for.ts';
import { FakeDocker } from '../support/fake-docker.ts';
import type { ContainerSpec } from '../support/fake-docker.ts';
import '../support/native-errors.ts';

const project = { 'com.docker.compose.project': 'shop' };
const nginxLabels = { ...project, 'com.docker.compose.service': 'nginx' };
const running: readonly (readonly [string, string])[] = [
  ['4001', 'nginx: worker process'],
  ['4000', 'nginx: master process nginx -g daemon off;'],
  ['4002', 'nginx: worker process is shutting down'],
];

let docker: FakeDocker;
const engineOf = () => engineFor(docker.host);
beforeEach(async () => {
  docker = new FakeDocker();
  await docker.start();
});
afterEach(() => docker.remove());

describe('acting on nginx through the engine', () => {
  test('it is tested with exec, in its own words', async () => {
    const target = await onlyTarget();
    docker.execs.set('nginx -t', { exitCode: 1, output: 'nginx: [emerg] unknown directive "x" in /a.conf:1\n' });
    expect(await target.validate()).toEqual({ accepted: false, message: 'unknown directive "x" in /a.conf:1' });
    docker.execs.set('nginx -t', { exitCode: 0, output: 'test is successful\n' });
    expect(await target.validate()).toEqual({ accepted: true });
    docker.execs.set('nginx -T', { exitCode: 0, output: '# configuration file /lb/upstreams.conf:\n' });
    expect([await target.includes('/lb/upstreams.conf'), await target.includes('/lb/other.conf')]).toEqual([
      true,
      false,
    ]);
  });

  test('where the image has no shell, that is found out once', async () => {
    const targets = new ContainerTargets(engineOf, undefined, undefined, 9181);
    docker.add({ name: 'nginx-1', labels: nginxLabels, processes: running });
    docker.execs.set('nginx -t', { exitCode: 0, output: '' });
    for (let pass = 0; pass < 3; pass += 1) {
      const [target] = (await find(targets)).targets;
      expect([await target?.validate(), await target?.canHandOver()]).toEqual([{ accepted: true }, false]);
      expect(await target?.quitWorkers([4001])).toBe('refused');
    }
    expect(docker.shells).toBe(1);
    expect(docker.commands).toEqual(['nginx -t', 'nginx -t', 'nginx -t']);
  });

  test('so is an engine, or a proxy before it, that lets nobody run anything', async () => {
    const targets = new ContainerTargets(engineOf, undefined, undefined, 9181);
    const id = docker.add({ name: 'nginx-1', labels: nginxLabels, processes: running });
    docker.failures.set(`/containers/${id}/exec`, { status: 403, message: 'Forbidden' });
    for (let pass = 0; pass < 3; pass += 1) {
      const [target] = (await find(targets)).targets;
      expect(await target?.listWorkers()).toHaveLength(2);
    }
    expect(docker.count(`POST /containers/${id}/exec`)).toBe(1);
  });

  test('its connections are read by exec, also without IPv6; unknown where that fails', async () => {
    const target = await onlyTarget();
    const cat = 'cat /proc/net/tcp /proc/net/tcp6';
    const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
    const complaint = 'cat: /proc/net/tcp6: No such file or directory\n';
    docker.execs.set(cat, { exitCode: 1, output: head + complaint });
    expect(await target.readTcpTables()).toBe(head + complaint);
    docker.execs.set(cat, { exitCode: 127, output: 'exec: "cat": executable file not found in $PATH\n' });
    expect(await target.readTcpTables()).toBeUndefined();
    docker.failures.set('*', { status: 500, message: 'away' });
    expect(await target.readTcpTables()).toBeUndefined();
  });

  test('with the options its master was started with', async () => {
    const processes = [['4000', 'nginx: master process nginx -c /srv/nginx.conf -g daemon off;']] as const;
    const target = await onlyTarget({ processes });
    docker.execs.set('nginx -c /srv/nginx.conf -t', { exitCode: 0, output: '' });
    expect(await target.validate()).toEqual({ accepted: true });
  });

  test('a master that is the first process gets the signal from the engine', async () => {
    const target = await onlyTarget();
    await target.signalReload();
    expect(docker.signals).toEqual(['SIGHUP nginx-1']);
    expect(docker.commands).toEqual([]);
  });

  test('a master below another process is told by nginx itself', async () => {
    const target = await onlyTarget({ processes: [['3999', '/bin/sh /run.sh'], ...running] });
    docker.execs.set('nginx -s reload', { exitCode: 0, output: '' });
    await target.signalReload();
    expect(docker.signals).toEqual([]);
    expect(docker.commands).toEqual(['nginx -s reload']);
  });

  test('no master: nobody is signalled, and it is said', async () => {
    const target = await onlyTarget({ processes: [['4000', 'sleep infinity']] });
    await expect(target.signalReload()).rejects.toThrow(
      new AppError('nginx', 'no nginx master process runs in container nginx-1; nothing was signalled'),
    );
    expect(docker.signals).toEqual([]);
  });

  test('workers, quitting or not; invisible where the engine lists no processes', async () => {
    const target = await onlyTarget();
    expect(await target.listWorkers()).toEqual([
      { pid: 4001, isQuitting: false },
      { pid: 4002, isQuitting: true },
    ]);
    docker.failures.set('*', { status: 403, message: 'Forbidden' });
    expect(await (await onlyTarget({ name: 'nginx-2' }, true)).listWorkers()).toBeUndefined();
  });

  test('what it can do is asked once for each container', async () => {
    docker.execs.set('nginx -V', { exitCode: 0, output: 'nginx version: nginx/1.22.1\nconfigure arguments: \n' });
    const targets = new ContainerTargets(engineOf, undefined, undefined, 9181);
    docker.add({ name: 'nginx-1', labels: nginxLabels });
    for (let pass = 0; pass < 3; pass += 1) {
      const { targets: found } = await find(targets);
      expect((await found[0]?.readBuild())?.version).toBe('1.22.1');
    }
    expect(docker.commands).toEqual(['nginx -V']);
  });

  test('nobody answers at its address: no digest', async () => {
    expect(await (await onlyTarget({ address: '127.0.0.99' })).askDigest()).toBeUndefined();
  });
});

describe('finding nginx', () => {
  test('its address is the one on a network it shares with the controller', async () => {
    docker.add({ name: 'nginx-1', labels: nginxLabels, address: '172.20.0.2', network: 'shop_default' });
    const self = docker.add({ name: 'lbwatch-1', labels: project, address: '172.20.0.3', network: 'shop_default' });
    const found = await find(new ContainerTargets(engineOf, undefined, self.slice(0, 12), 9181));
    expect(found.targets.map(({ name, answersAt }) => [name, answersAt])).toEqual([['nginx-1', '172.20.0.2:9181']]);
    expect(found).toMatchObject({ project: 'shop', reach: ['shop_default'], missing: undefined });
  });

  test('on the network of the host it is on loopback', async () => {
    docker.add({ name: 'nginx-1', labels: nginxLabels, network: 'host' });
    const { targets, reach } = await find(new ContainerTargets(engineOf, undefined, undefined, 9181));
    expect(targets[0]?.answersAt).toBe('127.0.0.1:9181');
    expect(reach).toBe('any');
  });

  test('all that run are kept in step, over the networks all are attached to', async () => {
    docker.add({ name: 'nginx-1', labels: nginxLabels, network: 'a' });
    docker.add({ name: 'nginx-2', labels: nginxLabels, network: 'b' });
    docker.end(docker.add({ name: 'nginx-3', labels: nginxLabels, network: 'a' }));
    const { targets, reach } = await find(new ContainerTargets(engineOf, undefined, undefined, 9181));
    expect(targets.map(({ name }) => name)).toEqual(['nginx-1', 'nginx-2']);
    expect(reach).toEqual([]);
  });

  test('a recreated one is found under its new id', async () => {
    const targets = new ContainerTargets(engineOf, undefined, undefined, 9181);
    const old = docker.add({ name: 'nginx-1', labels: nginxLabels });
    expect((await find(targets)).targets[0]?.id).toBe(old);
    docker.delete(old);
    const recreated = docker.add({ name: 'nginx-1', labels: nginxLabels });
    expect((await find(targets)).targets[0]?.id).toBe(recreated);
  });

  test.each([
    [undefined, 'there is no nginx: no container labelled lb.nginx and no service nginx in this Compose project'],
    ['proxy', 'there is no nginx: no container or service is called proxy (LBWATCH_NGINX)'],
    ['web', 'nginx does not run (web is exited)'],
  ])('none runs, with the setting %p', async (setting, missing) => {
    docker.end(docker.add({ name: 'web' }));
    const found = await find(new ContainerTargets(engineOf, setting, undefined, 9181));
    expect(found).toMatchObject({ targets: [], missing });
  });
});

/** @param isFailing the engine is to fail from here on: the container is looked up before */
async function onlyTarget(spec: Partial<ContainerSpec> = {}, isFailing = false): Promise<Target> {
  const failures = [...docker.failures];
  if (isFailing) docker.failures.clear();
  const name = spec.name ?? 'nginx-1';
  docker.add({ labels: nginxLabels, processes: running, ...spec, name });
  const { targets } = await find(new ContainerTargets(engineOf, name, undefined, 9181));
  for (const [path, failure] of failures) docker.failures.set(path, failure);
  const [target] = targets;
  if (target === undefined) throw new Error('no nginx was found');
  return target;
}

async function find(targets: ContainerTargets): Promise<FoundTargets> {
  return targets.find(await engineFor(docker.host).listContainers());
}
