import { describe, expect, test } from '@jest/globals';

import { chooseAddress, choosePort, joinAddress, needsPortVariable } from '../../src/core/address.ts';
import { container } from '../support/container.ts';

/** What golden cases under networks/ and ports/ do not reach. */
describe('chooseAddress', () => {
  test('a container outside Compose has no Compose names of networks', () => {
    const stray = { ...container({ attachments: [{ network: 'shop_back', address: '10.1.0.1' }] }), labels: {} };
    expect(chooseAddress(stray, 'back', ['shop_back'])).toMatchObject({ ok: false });
    expect(chooseAddress(stray, 'shop_back', ['shop_back'])).toEqual({ ok: true, value: '10.1.0.1' });
  });

  test('of a real name and a Compose name that both fit, the first by name', () => {
    const both = container({
      attachments: [
        { network: 'shop_back', address: '10.1.0.1' },
        { network: 'back', address: '10.2.0.1' },
      ],
    });
    expect(chooseAddress(both, 'back', 'any')).toEqual({ ok: true, value: '10.2.0.1' });
  });

  test('where nginx has no network at all, it says so', () => {
    expect(chooseAddress(container(), undefined, [])).toEqual({
      ok: false,
      why: 'shares no network with nginx (attached to: shop_default; nginx to: none)',
    });
  });
});

describe('choosePort', () => {
  test('a port published over IPv4 and IPv6, or listed twice, is one port', () => {
    const twice = container({
      exposedPorts: [
        { port: 80, protocol: 'tcp' },
        { port: 80, protocol: 'tcp' },
        { port: 80, protocol: 'udp' },
      ],
    });
    expect(choosePort(twice, undefined)).toEqual({ ok: true, value: 80 });
  });

  test('PORT is not asked of udp', () => {
    const udp = container({ exposedPorts: [{ port: 53, protocol: 'udp' }], portVariable: 53 });
    expect(choosePort(udp, undefined).ok).toBe(false);
  });
});

test.each([
  [['80'], {}, false],
  [['80', '81'], {}, true],
  [['80', '81'], { 'lb.port': '80' }, false],
  [[], {}, false],
])('needsPortVariable with %j exposed and %j: %s', (ports, labels, expected) => {
  const exposedPorts = ports.map((port) => ({ port: Number(port), protocol: 'tcp' as const }));
  expect(needsPortVariable(container({ exposedPorts, labels }))).toBe(expected);
});

test.each([
  ['10.0.0.1', '10.0.0.1:80'],
  ['fd00::1', '[fd00::1]:80'],
])('joinAddress(%s)', (address, joined) => {
  expect(joinAddress(address, 80)).toBe(joined);
});
