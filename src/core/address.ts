import { isIPv6 } from 'node:net';

import type { Container } from './model.ts';

/** The networks a member can be reached over: those every nginx is attached to, or `any` where nginx is on the engine's host. */
export type Reach = readonly string[] | 'any';

/** An answer, or why there is none, in words that end a sentence about the container. */
export type Choice<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/**
 * Chooses the address nginx will use: on the network that `lb.network` names (its real or its Compose name), else on
 * the one shared with nginx, of several the first by name.
 */
export function chooseAddress(container: Container, wanted: string | undefined, reach: Reach): Choice<string> {
  const attachments = [...container.attachments].sort((one, other) => (one.network < other.network ? -1 : 1));
  const reachable = attachments.filter((attachment) => reach === 'any' || reach.includes(attachment.network));
  const project = container.labels['com.docker.compose.project'];
  const isWanted = (network: string): boolean =>
    wanted === undefined || network === wanted || (project !== undefined && network === `${project}_${wanted}`);
  const candidates = reachable.filter((attachment) => isWanted(attachment.network));
  const chosen = candidates.find((attachment) => attachment.address !== undefined);
  if (chosen?.address !== undefined) return { ok: true, value: chosen.address };
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
 * Chooses the port: the one asked for; else the only exposed tcp port; else `PORT` of the environment where it is one of
 * the exposed ones.
 */
export function choosePort(container: Container, asked: number | undefined): Choice<number> {
  if (asked !== undefined) return { ok: true, value: asked };
  const exposed = exposedTcpPorts(container);
  const [only, ...others] = exposed;
  if (only !== undefined && others.length === 0) return { ok: true, value: only };
  const fromEnvironment = container.portVariable;
  if (fromEnvironment !== undefined && exposed.includes(fromEnvironment)) return { ok: true, value: fromEnvironment };
  return {
    ok: false,
    why:
      only === undefined
        ? 'exposes no tcp port; write lb.port: "<port>", or expose one'
        : `exposes several tcp ports (${exposed.join(', ')}); write lb.port: "<port>" to choose`,
  };
}

/** Whether the port rules come to `PORT` of the environment, which costs the adapter an inspect. */
export function needsPortVariable(container: Container): boolean {
  return !Object.hasOwn(container.labels, 'lb.port') && exposedTcpPorts(container).length > 1;
}

/** `address:port` as nginx writes it. */
export function joinAddress(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}

function exposedTcpPorts(container: Container): readonly number[] {
  const ports = container.exposedPorts.filter((exposed) => exposed.protocol === 'tcp').map((exposed) => exposed.port);
  return [...new Set(ports)].sort((one, other) => one - other);
}

function list(attachments: readonly { readonly network: string }[]): string {
  return attachments.map((attachment) => attachment.network).join(', ') || 'none';
}
