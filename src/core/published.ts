import { isIP, isIPv4, isIPv6 } from 'node:net';

import { joinAddress } from './address.ts';
import type { Choice } from './address.ts';
import { compareText } from './compare-text.ts';
import type { Container, Protocol, Published, PublishedPort } from './model.ts';
import { printable } from './printable.ts';

/** What a port is bound to that is bound to all addresses of a kind. */
const everyAddress: ReadonlySet<string | undefined> = new Set([undefined, '', '0.0.0.0', '::']);

/**
 * Where a container of another machine is reached: that machine's address, and the port under which it publishes the
 * container's. Of several IPv4 goes first, then the lowest port.
 *
 * @param port of the container
 * @returns `address:port` as nginx writes it
 */
export function choosePublished(
  container: Container,
  published: Published,
  port: number,
  protocol: Protocol,
): Choice<string> {
  const { address } = published;
  if (isOnMachine(container)) return { ok: true, value: joinAddress(address, port) };
  const kind = protocol === 'udp' ? 'udp' : 'tcp';
  const where = printable(container.node ?? address);
  const bound = published.ports.filter((one) => one.port === port && one.protocol === kind);
  const written = kind === 'udp' ? `${String(port)}/udp` : String(port);
  if (bound.length === 0) {
    return {
      ok: false,
      why: `publishes no${kind === 'udp' ? ' udp' : ''} port ${String(port)} on ${where}; add ports: ["${written}"]`,
    };
  }
  const [chosen] = bound
    .flatMap((one) => {
      const reached = reachedAt(one, address);
      return reached === undefined ? [] : [{ address: reached, hostPort: one.hostPort }];
    })
    .sort(compare);
  if (chosen !== undefined) return { ok: true, value: joinAddress(chosen.address, chosen.hostPort) };
  const places = [...new Set(bound.map(({ hostAddress }) => printable(hostAddress ?? '')))].sort(compareText).join(', ');
  return {
    ok: false,
    why: `publishes port ${String(port)} on ${places} of ${where} only, where nginx cannot reach it; write ports: ["${written}"]`,
  };
}

/** Whether it shares the network of its machine. */
function isOnMachine({ attachments }: Container): boolean {
  return attachments.some(({ network }) => network === 'host');
}

/** Undefined where it is not reached from another machine. */
function reachedAt({ hostAddress }: PublishedPort, address: string): string | undefined {
  if (everyAddress.has(hostAddress)) {
    // Docker binds each kind by itself.
    const isOther = hostAddress === '::' ? isIPv4(address) : hostAddress === '0.0.0.0' && isIPv6(address);
    return isOther ? undefined : address;
  }
  if (hostAddress === undefined || isIP(hostAddress) === 0 || hostAddress.includes('%')) return undefined;
  // Where the machine is this one, its loopback may be.
  return isLoopback(hostAddress) && !isLoopback(address) ? undefined : hostAddress;
}

/** Whether an address leads nowhere but to whoever uses it. */
export function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^::ffff:127\./i.test(address);
}

interface Place {
  readonly address: string;
  readonly hostPort: number;
}

function compare(one: Place, other: Place): number {
  const kind = Number(isIPv6(one.address)) - Number(isIPv6(other.address));
  return kind || one.hostPort - other.hostPort || compareText(one.address, other.address);
}
