import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { root } from '../../support/journey.ts';
import { readTable } from '../../support/readme.ts';

/** The columns of SECURITY.md's table of calls. */
const modes = ['shipped', 'socket-proxy', 'one-container'] as const;
export type Mode = (typeof modes)[number];

/** The calls that a mode makes, by SECURITY.md: `GET /containers/{id}/json`. */
export async function readCalls(mode: Mode): Promise<readonly string[]> {
  const rows = readTable(await readFile(join(root, 'SECURITY.md'), 'utf8'), 'call');
  return rows.filter((row) => row[1 + modes.indexOf(mode)] === 'yes').map(([call = '']) => call.replaceAll('`', ''));
}

/** The calls that lbwatch makes to a manager of a Swarm, by SECURITY.md. */
export async function readManagerCalls(): Promise<readonly string[]> {
  const rows = readTable(await readFile(join(root, 'SECURITY.md'), 'utf8'), 'call to a manager');
  return rows.map(([call = '']) => call.replaceAll('`', ''));
}

/** The rules of a proxy that allows these calls and refuses all others. */
export function renderRules(calls: readonly string[]): readonly string[] {
  const rules = calls.map((call) => {
    const [method = '', path = ''] = call.split(' ');
    return `http-request allow if ${method === 'GET' ? 'METH_GET' : `{ method ${method} }`} { path -m reg ^${path.replace('{id}', '[0-9a-f]{64}')}$ }`;
  });
  return [...rules, 'http-request deny'];
}

/** The rules in the text of a proxy's configuration. */
export function readRules(configuration: string): readonly string[] {
  return configuration
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('http-request '));
}

/** What a proxy's log says was asked for, each call once: let through, or refused. */
export function readAsked(log: readonly string[]): {
  readonly passed: readonly string[];
  readonly refused: readonly string[];
} {
  const asked = log.flatMap((line) => {
    const [, status = '', method = '', path = ''] = /^(-?\d+) ([A-Z]+) (\S+)$/.exec(line) ?? [];
    return status === '' ? [] : [{ status, call: `${method} ${path.replace(/\/[0-9a-f]{64}(?=\/|$)/, '/{id}')}` }];
  });
  const unique = (isRefused: boolean): readonly string[] => [
    ...new Set(asked.filter(({ status }) => (status === '403') === isRefused).map(({ call }) => call)),
  ];
  return { passed: unique(false), refused: unique(true) };
}
