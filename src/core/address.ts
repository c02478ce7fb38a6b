import { isIP, isIPv6 } from 'node:net';

import type { Container, Protocol } from './model.ts';
import { printable } from './printable.ts';
import { projectOf } from './project.ts';

/** The networks a member can be reached over: those every nginx is attached to, or `any` where nginx is on the engine's host. */
export type Reach = readonly string[] | 'any';

/** An answer, or why there is none, in words that end a sentence about the container. */
export type Choice<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** An address and the network it belongs to. */
export interface Place {
  readonly address: string;
  readonly network: string;
}

/**
 * Chooses the address nginx will use: on the network that `lb.network` names (its real or its Compose name), else on
 * the one shared with nginx, of several the first by name.
 */
export function chooseAddress(container: Container, wanted: string | undefined, reach: Reach): Choice<Place> {
  const attachments = [...container.attachments].sort((one, other) => (one.network < other.network ? -1 : 1));
  const reachable = attachments.filter((attachment) => isWithin(reach, attachment.network));
  const project = projectOf(container);
  const isWanted = (network: string): boolean =>
    wanted === undefined || network === wanted || (project !== undefined && network === `${project}_${wanted}`);
  const candidates = reachable.filter((attachment) => isWanted(attachment.network));
  const chosen = candidates.find((attachment) => attachment.address !== undefined);
  if (chosen?.address !== undefined) {
    const { address, network } = chosen;
    if (isAddress(address)) return { ok: true, value: { address, network } };
    return { ok: false, why: `has "${printable(address)}" on network ${network}, which is no address nginx could use` };
  }
  if (candidates.length > 0) return { ok: false, why: `has no address on network ${list(candidates)} now` };
  if (wanted !== undefined && attachments.some((attachment) => isWanted(attachment.network))) {
    return { ok: false, why: `is on network ${wanted}, which lb.network names, but nginx is not` };
  }
  if (wanted !== undefined) {
    return {
      ok: false,
      why: `is not attached to network ${wanted}, which lb.network names (attached to: ${list(attachments)})`,
    };
  }
  return {
    ok: false,
    why: `shares no network with nginx (attached to: ${list(attachments)}; nginx to: ${reach === 'any' ? 'any' : reach.join(', ') || 'none'})`,
  };
}

/**
 * Chooses the port: the one asked for; else the only exposed tcp port, or udp port of a udp pool's member; else `PORT` of
 * the environment where it is one of the exposed ones.
 */
export function choosePort(
  container: Container,
  asked: number | undefined,
  protocol: Protocol = 'http',
): Choice<number> {
  if (asked !== undefined) return { ok: true, value: asked };
  const kind = protocol === 'udp' ? 'udp' : 'tcp';
  const exposed = exposedPorts(container, kind);
  const [only, ...others] = exposed;
  if (only !== undefined && others.length === 0) return { ok: true, value: only };
  const fromEnvironment = container.portVariable;
  if (fromEnvironment !== undefined && exposed.includes(fromEnvironment)) return { ok: true, value: fromEnvironment };
  return {
    ok: false,
    why:
      only === undefined
        ? `exposes no ${kind} port; write lb.port: "<port>", or expose one`
        : `exposes several ${kind} ports (${exposed.join(', ')}); write lb.port: "<port>" to choose`,
  };
}

/** Whether the port rules come to `PORT` of the environment, which costs the adapter an inspect. */
export function needsPortVariable(container: Container): boolean {
  const kind = container.labels['lb.protocol'] === 'udp' ? 'udp' : 'tcp';
  return !Object.hasOwn(container.labels, 'lb.port') && exposedPorts(container, kind).length > 1;
}

/** Whether an address on this network can be reached. */
export function isWithin(reach: Reach, network: string): boolean {
  return reach === 'any' || reach.includes(network);
}

/** IPv4 or IPv6 without a zone: an address that needs one is not reached from another machine or namespace. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** `address:port` as nginx writes it. */
export function joinAddress(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}

function exposedPorts(container: Container, kind: 'tcp' | 'udp'): readonly number[] {
  const ports = container.exposedPorts.filter(({ protocol }) => protocol === kind).map(({ port }) => port);
  return [...new Set(ports)].sort((one, other) => one - other);
}

function list(attachments: readonly { readonly network: string }[]): string {
  return attachments.map((attachment) => attachment.network).join(', ') || 'none';
}
