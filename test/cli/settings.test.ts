import { describe, expect, test } from '@jest/globals';

import { BadSetting, readSettings, settingsTable } from '../../src/cli/settings.ts';
import type { SettingName } from '../../src/cli/settings.ts';

const defaults = readSettings({}, {});

/** The message with which a text is refused, given as a flag and as a variable. */
function refusalsOf(name: SettingName, text: string): readonly string[] {
  return [
    () => readSettings({ [name]: text }, {}),
    () => readSettings({}, { [settingsTable[name].variable]: text }),
  ].map((read) => {
    try {
      read();
    } catch (error) {
      if (error instanceof BadSetting) return error.message;
      throw error;
    }
    return `"${text}" was taken`;
  });
}

test('defaults', () => {
  expect(defaults).toEqual({
    scope: ['project'],
    swarm: 'auto',
    engines: [],
    nginx: undefined,
    nginxCommand: 'nginx',
    dir: '/etc/nginx/lbwatch',
    site: ['/etc/nginx'],
    pools: [],
    internal: { address: undefined, port: 9181 },
    checks: true,
    leaveEarly: true,
    failOpen: true,
    handover: true,
    resync: 60_000,
    quiet: 500,
    maxWait: 1000,
    status: { address: '127.0.0.1', port: 9180 },
    statusNames: [],
    logFormat: 'pretty',
    logLevel: 'info',
  });
});

test('every setting has its own flag and variable, which differ in writing only', () => {
  const all = Object.values(settingsTable);
  for (const { flag, variable } of all) expect(variable).toBe(`LBWATCH_${flag.toUpperCase().replaceAll('-', '_')}`);
  expect(new Set(all.map(({ flag }) => flag)).size).toBe(all.length);
  expect(Object.keys(defaults)).toEqual(Object.keys(settingsTable));
});

describe('where a value comes from', () => {
  test('a flag beats its variable, a variable the default', () => {
    expect(readSettings({}, { LBWATCH_LOG_LEVEL: 'warn' }).logLevel).toBe('warn');
    expect(readSettings({ logLevel: 'debug' }, { LBWATCH_LOG_LEVEL: 'warn' }).logLevel).toBe('debug');
  });

  test('a flag is taken even where its variable is wrong', () => {
    expect(readSettings({ resync: '5s' }, { LBWATCH_RESYNC: 'soon' }).resync).toBe(5000);
  });

  test('an empty variable counts as unset, as Compose passes "LBWATCH_POOLS=${POOLS:-}"', () => {
    const empty = Object.fromEntries(Object.values(settingsTable).map(({ variable }) => [variable, '']));
    expect(readSettings({}, empty)).toEqual(defaults);
    expect(readSettings({}, { LBWATCH_SCOPE: undefined })).toEqual(defaults);
  });

  test('an empty flag is a value', () => {
    expect(() => readSettings({ scope: '' }, {})).toThrow('--scope is ""; allowed: project, all, or names');
    expect(readSettings({ pools: '' }, { LBWATCH_POOLS: 'app' }).pools).toEqual([]);
  });

  test('other programs’ variables are not ours', () => {
    expect(readSettings({}, { PATH: '/bin', LBWATCHDOG: '1', lbwatch_scope: 'x' })).toEqual(defaults);
  });

  test('an LBWATCH_ variable that is no setting is refused: it may be a misspelling', () => {
    expect(() => readSettings({}, { LBWATCH_SCOPES: 'all' })).toThrow(
      new BadSetting('LBWATCH_SCOPES is no setting; lbwatch run --help lists them'),
    );
    expect(() => readSettings({}, { 'LBWATCH_\n': '' })).toThrow('LBWATCH_\\u{a} is no setting');
  });

  test('LBWATCH_USER belongs to the entry point of the image', () => {
    expect(readSettings({}, { LBWATCH_USER: '1000' })).toEqual(defaults);
  });
});

test.each<[SettingName, string, unknown]>([
  ['scope', 'all', ['all']],
  ['scope', 'shop, blog', ['shop', 'blog']],
  ['nginx', 'local', 'local'],
  ['nginx', 'shop-nginx-1', 'shop-nginx-1'],
  ['nginxCommand', '/usr/sbin/nginx -c /srv/nginx.conf -p /srv', '/usr/sbin/nginx -c /srv/nginx.conf -p /srv'],
  ['dir', '/srv/lbwatch', '/srv/lbwatch'],
  ['site', '/etc/nginx/nginx.conf,/etc/nginx/conf.d', ['/etc/nginx/nginx.conf', '/etc/nginx/conf.d']],
  ['pools', 'app, api', ['app', 'api']],
  ['internal', '9000', { address: undefined, port: 9000 }],
  ['internal', '127.0.0.1:1', { address: '127.0.0.1', port: 1 }],
  ['internal', '65534', { address: undefined, port: 65_534 }],
  ['failOpen', 'off', false],
  ['resync', '500ms', 500],
  ['resync', '10s', 10_000],
  ['resync', '5m', 300_000],
  ['resync', '24h', 86_400_000],
  ['quiet', '1ms', 1],
  ['maxWait', '2s', 2000],
  ['status', '0.0.0.0:80', { address: '0.0.0.0', port: 80 }],
  ['logFormat', 'json', 'json'],
  ['logLevel', 'error', 'error'],
])('%s takes %j', (name, text, value) => {
  expect(readSettings({ [name]: text }, {})[name]).toEqual(value);
  expect(readSettings({}, { [settingsTable[name].variable]: text })[name]).toEqual(value);
});

const path = 'an absolute path without spaces, quotes, ";", "{", "}" or "$"';
const duration = 'a duration such as 500ms, 10s or 5m';
const listen = 'a port, or an IPv4 address and a port such as 127.0.0.1:9181';

test.each<[SettingName, string, string]>([
  ['scope', ',', 'project, all, or names of Compose projects, comma-separated'],
  ['scope', 'Shop', 'project, all, or names of Compose projects, comma-separated'],
  ['scope', 'all,shop', 'project, all, or names of Compose projects, comma-separated'],
  ['site', ',', 'one absolute path at least'],
  ['scope', 'shop;', 'project, all, or names of Compose projects, comma-separated'],
  ['nginx', '-t', 'the name of a container or service, or local'],
  ['nginx', 'a b', 'the name of a container or service, or local'],
  ['nginxCommand', 'nginx; reboot', 'a command and its options, separated by single spaces'],
  ['nginxCommand', 'nginx  -t', 'a command and its options, separated by single spaces'],
  ['nginxCommand', '$(id)', 'a command and its options, separated by single spaces'],
  ['dir', 'lbwatch', path],
  ['dir', '/a;b', path],
  ['dir', '/a b', path],
  ['dir', '/$HOME', path],
  ['site', '/etc/nginx,conf.d', path],
  ['pools', 'app,1', 'pool names, comma-separated: a letter, then letters'],
  ['pools', 'api.example.com', 'pool names, comma-separated: a letter, then letters'],
  ['internal', '0', listen],
  ['internal', '65535', listen],
  ['internal', '99999', listen],
  ['internal', '256.0.0.1:80', listen],
  ['internal', '::1:80', listen],
  ['internal', 'localhost:80', listen],
  ['internal', '80 default_server', listen],
  ['failOpen', 'yes', 'on or off'],
  ['failOpen', 'ON', 'on or off'],
  ['resync', '60', duration],
  ['resync', '1d', duration],
  ['resync', '-1s', duration],
  ['resync', '1.5s', duration],
  ['resync', '0s', `${duration}, more than nothing and 24h at most`],
  ['resync', '25h', `${duration}, more than nothing and 24h at most`],
  ['quiet', 'soon', duration],
  ['maxWait', '1 s', duration],
  ['status', ':9180', listen],
  ['logFormat', 'xml', 'pretty or json'],
  ['logLevel', 'trace', 'error, warn, info or debug'],
])('%s refuses %j, saying what is allowed', (name, text, allowed) => {
  const { flag, variable } = settingsTable[name];
  const [asFlag, asVariable] = refusalsOf(name, text);
  expect(asFlag).toContain(`--${flag} is "${text}"; allowed: ${allowed}`);
  expect(asVariable).toContain(`${variable} is "${text}"; allowed: ${allowed}`);
  if (name !== 'pools') expect(asFlag?.endsWith(allowed)).toBe(true);
});

test('a refused value is shown on one line, whatever is in it', () => {
  expect(refusalsOf('logLevel', 'info\n\u001b[31m')[0]).toBe(
    '--log-level is "info\\u{a}\\u{1b}[31m"; allowed: error, warn, info or debug',
  );
});
