import { describe, expect, test } from '@jest/globals';

import { chooseAddress, choosePort, joinAddress, needsPortVariable } from '../../src/core/address.ts';
import { container } from '../support/container.ts';

/** What golden cases under networks/ and ports/ do not reach. */
describe('chooseAddress', () => {
  test('a container outside Compose has no Compose names of networks', () => {
    const stray = { ...container({ attachments: [{ network: 'shop_back', address: '10.1.0.1' }] }), labels: {} };
    expect(chooseAddress(stray, 'back', ['shop_back'])).toMatchObject({ ok: false });
    expect(chooseAddress(stray, 'shop_back', ['shop_back'])).toEqual({
      ok: true,
      value: { address: '10.1.0.1', network: 'shop_back' },
    });
  });

  test('of a real name and a Compose name that both fit, the first by name', () => {
    const both = container({
      attachments: [
        { network: 'shop_back', address: '10.1.0.1' },
        { network: 'back', address: '10.2.0.1' },
      ],
    });
    expect(chooseAddress(both, 'back', 'any')).toEqual({ ok: true, value: { address: '10.2.0.1', network: 'back' } });
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

  test('a udp port counts for a udp pool only', () => {
    const udp = container({ exposedPorts: [{ port: 53, protocol: 'udp' }], portVariable: 53 });
    expect(choosePort(udp, undefined).ok).toBe(false);
    expect(choosePort(udp, undefined, 'tcp').ok).toBe(false);
    expect(choosePort(udp, undefined, 'udp')).toEqual({ ok: true, value: 53 });
  });

  test('of tcp and udp, each pool takes its own', () => {
    const both = container({
      exposedPorts: [
        { port: 80, protocol: 'tcp' },
        { port: 53, protocol: 'udp' },
      ],
    });
    const ports = (['http', 'tcp', 'udp'] as const).map((protocol) => choosePort(both, undefined, protocol));
    expect(ports).toEqual([80, 80, 53].map((value) => ({ ok: true, value })));
  });
});

test.each([
  [['80'], {}, false],
  [['80', '81'], {}, true],
  [['80', '81'], { 'lb.port': '80' }, false],
  [[], {}, false],
  [['80', '81'], { 'lb.protocol': 'tcp' }, true],
  [['80', '81'], { 'lb.protocol': 'udp' }, false],
  [['53/udp', '54/udp'], { 'lb.protocol': 'udp' }, true],
  [['53/udp', '54/udp'], {}, false],
])('needsPortVariable with %j exposed and %j: %s', (ports, labels, expected) => {
  const exposedPorts = ports.map((text) => {
    const [port, protocol] = text.split('/');
    return { port: Number(port), protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const) };
  });
  expect(needsPortVariable(container({ exposedPorts, labels }))).toBe(expected);
});

test.each([
  ['10.0.0.1', '10.0.0.1:80'],
  ['fd00::1', '[fd00::1]:80'],
])('joinAddress(%s)', (address, joined) => {
  expect(joinAddress(address, 80)).toBe(joined);
});
