import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { explain } from '../support/explained.ts';
import { ask } from './ask.ts';
import type { Inspected } from './engine-api.ts';
import { pools } from './operations.ts';
import { foretell } from './oracle.ts';
import type { Expected } from './oracle.ts';
import type { ChaosStack } from './stack.ts';
import { readServers } from './upstreams-file.ts';

/** Who should be in each pool. */
export type Truth = ReadonlyMap<string, readonly Expected[]>;

/** What was found at one moment: the containers as the engine has them, what follows from that, and what differs from it. */
export interface Look {
  readonly containers: readonly Inspected[];
  readonly truth: Truth;
  readonly differences: readonly string[];
}

const readySchema = z.object({ ready: z.boolean(), outcome: z.string() });

/** Asks the engine, nginx, the file and `readyz`; a moment's difference may only be lateness. */
export async function look(stack: ChaosStack): Promise<Look> {
  const containers = await stack.api.inspectAll();
  stack.learnAddresses(containers);
  const truth = foretellFor(stack, containers);
  const parts = await Promise.all([
    ...pools.map((pool) => compareServed(stack, pool, truth.get(pool) ?? [])),
    compareEdition(stack),
    compareFile(stack, truth),
    compareReady(stack),
  ]);
  return { containers, truth, differences: parts.flat() };
}

/** What costs more: has lbwatch explain itself, and nginx test what lies on disk. */
export async function lookCloser(stack: ChaosStack, truth: Truth): Promise<readonly string[]> {
  const [explained, tested] = await Promise.all([compareExplained(stack, truth), testConfiguration(stack)]);
  return [...explained, ...tested];
}

/** Has nginx test what lies on disk. */
export async function testConfiguration(stack: ChaosStack): Promise<readonly string[]> {
  const { ok, output } = await stack.compose.try('exec', '-T', 'nginx', 'nginx', '-t');
  return ok ? [] : [`nginx -t refuses what lies on disk: ${output.trim().split('\n').slice(-3).join(' | ')}`];
}

function foretellFor(stack: ChaosStack, containers: readonly Inspected[]): Truth {
  const networksOf = (service: string): readonly string[] =>
    Object.keys(stack.find(containers, service)?.NetworkSettings.Networks ?? {});
  return foretell(containers, {
    project: stack.project,
    pools,
    nginxNetworks: networksOf('nginx'),
    controllerNetworks: networksOf('lbwatch'),
    drained: stack.drained,
    moods: stack.moods,
  });
}

/** Asks until everybody expected must have had a turn. */
async function compareServed(
  stack: ChaosStack,
  pool: string,
  expected: readonly Expected[],
): Promise<readonly string[]> {
  const active = expected.filter(({ standsBy }) => !standsBy);
  const byAddress = new Map(active.map((one) => [one.address, one]));
  const missing = new Set(byAddress.keys());
  const turns = 2 * active.reduce((sum, { weight }) => sum + weight, 0) + 2;
  for (let turn = 0; turn < turns; turn += 1) {
    let asked;
    try {
      asked = await ask(stack.nginxBase, `/only/${pool}`);
    } catch (error) {
      return [`${pool}: nginx does not answer: ${messageOf(error)}`];
    }
    const { status, upstream, hostname } = asked;
    if (active.length === 0) {
      if (status !== 503)
        return [`${pool}: nobody should answer, but ${hostname ?? upstream} did, with ${String(status)}`];
      continue;
    }
    const who = byAddress.get(upstream);
    if (who === undefined) return [`${pool}: ${upstream} was asked (${String(status)}), and should not be in`];
    if (hostname !== undefined && hostname !== who.hostname) {
      return [`${pool}: at ${upstream} answered ${hostname}, not ${who.container}`];
    }
    missing.delete(upstream);
  }
  return [...missing].map(
    (address) => `${pool}: ${byAddress.get(address)?.container ?? ''} ${address} was never asked`,
  );
}

async function compareEdition(stack: ChaosStack): Promise<readonly string[]> {
  try {
    const { body } = await ask(stack.nginxBase, '/edition');
    const wanted = String(stack.site.edition);
    return body.trim() === wanted ? [] : [`nginx runs edition ${body.trim()} of the site, not ${wanted}`];
  } catch (error) {
    return [`nginx does not answer: ${messageOf(error)}`];
  }
}

/** The generated file, backups included, which only the file shows while primaries answer. */
async function compareFile(stack: ChaosStack, truth: Truth): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(join(stack.sharedPath, 'upstreams.conf'), 'utf8');
  } catch (error) {
    return [`upstreams.conf cannot be read: ${messageOf(error)}`];
  }
  return pools.flatMap((pool) => {
    const servers = readServers(text, pool);
    if (servers === undefined) return [`upstreams.conf has no upstream ${pool}`];
    const written = servers.map(({ address, options }) => {
      const weight = options.find((option) => option.startsWith('weight='))?.slice('weight='.length) ?? '1';
      return renderServer(address, weight, options.includes('backup'));
    });
    const wanted = (truth.get(pool) ?? []).map((one) => renderServer(one.address, String(one.weight), one.standsBy));
    const [is, should] = [written, wanted].map((list) => list.sort().join(', ') || 'nobody');
    return is === should ? [] : [`upstreams.conf has in ${pool}: ${is ?? ''}; should be: ${should ?? ''}`];
  });
}

function renderServer(address: string, weight: string, isBackup: boolean): string {
  return `${address}${weight === '1' ? '' : ` weight ${weight}`}${isBackup ? ' backup' : ''}`;
}

async function compareReady(stack: ChaosStack): Promise<readonly string[]> {
  const state = await readReady(stack);
  return state.ready ? [] : [`lbwatch is not ready: ${state.outcome}`];
}

/** What the controller says of itself; an absent one is not ready. */
export async function readReady(stack: ChaosStack): Promise<z.infer<typeof readySchema>> {
  try {
    return readySchema.parse(JSON.parse((await ask(stack.statusBase, '/readyz')).body));
  } catch (error) {
    return { ready: false, outcome: `it does not answer (${messageOf(error)})` };
  }
}

async function compareExplained(stack: ChaosStack, truth: Truth): Promise<readonly string[]> {
  const rows = await explain(stack.compose);
  const said = rows
    .filter(({ state, pool }) => state === 'in' && pools.some((one) => one === pool))
    .map(
      ({ container, pool, role, address }) =>
        `${container} in ${String(pool)} as ${String(role)} at ${String(address)}`,
    );
  const wanted = [...truth].flatMap(([pool, members]) =>
    members.map(({ container, role, address }) => `${container} in ${pool} as ${role} at ${address}`),
  );
  return [
    ...wanted.filter((line) => !said.includes(line)).map((line) => `explain does not say: ${line}`),
    ...said.filter((line) => !wanted.includes(line)).map((line) => `explain says wrongly: ${line}`),
  ];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
