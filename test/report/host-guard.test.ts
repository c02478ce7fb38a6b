import { expect, test } from '@jest/globals';

import { isOwnName } from '../../src/report/host-guard.ts';

test.each([
  '127.0.0.1',
  '127.0.0.1:9180',
  '172.18.0.4:9180',
  '[::1]:9180',
  '[fd00::4]',
  'localhost',
  'LocalHost:9180',
  'lbwatch.localhost',
  'lbwatch',
  'lbwatch:9180',
  'shop-lbwatch-1:9180',
  'shop_lbwatch_1',
  'status.example.org',
  'Status.Example.org:8443',
])('%s is a name of this server', (host) => {
  expect(isOwnName(host, ['status.example.org'])).toBe(true);
});

test.each([
  'evil.example',
  'evil.example:9180',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'x.status.example.org',
  'status.example.org.',
  '127.0.0.1@evil.example',
  '[::1].evil.example',
  '1::1.example',
  '',
  ':9180',
  'a b',
  'é',
])('%s may be a stranger’s page', (host) => {
  expect(isOwnName(host, ['status.example.org'])).toBe(false);
});

test('what names none speaks no HTTP that a browser speaks', () => {
  expect(isOwnName(undefined, [])).toBe(true);
});
