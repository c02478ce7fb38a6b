import { chooseAddress, choosePort, joinAddress } from './address.ts';
import type { Reach } from './address.ts';
import type { LabelSet, Request } from './labels.ts';
import type { Container } from './model.ts';
import { printable } from './printable.ts';
import { choosePublished } from './published.ts';

/** Where nginx sends a member's requests, or why that cannot be told, and which label would say it. */
export type Destination =
  | {
      readonly ok: true;
      /** `address:port` as nginx writes it. */
      readonly address: string;
      /** Undefined for a container of another machine. */
      readonly network: string | undefined;
    }
  | {
      readonly ok: false;
      readonly label: 'lb.network' | 'lb.port';
      /** Printable, and ends a sentence about the container. */
      readonly why: string;
    };

/**
 * Puts address and port together: a container's own on a network shared with nginx; of a container on another machine,
 * that machine's address and the port that it publishes.
 */
export function chooseDestination(
  container: Container,
  labels: LabelSet,
  request: Request,
  reach: Reach,
): Destination {
  const port = choosePort(container, request.port, labels.protocol);
  if (container.published !== undefined) {
    const place = port.ok ? choosePublished(container, container.published, port.value, labels.protocol) : port;
    return place.ok
      ? { ok: true, address: place.value, network: undefined }
      : { ok: false, label: 'lb.port', why: printable(place.why, 400) };
  }
  const place = chooseAddress(container, labels.network, reach);
  if (place.ok && port.ok) {
    return { ok: true, address: joinAddress(place.value.address, port.value), network: place.value.network };
  }
  // Off every network it has no ports either.
  const choices = container.attachments.length === 0 ? [place] : [place, port];
  const why = printable(choices.flatMap((choice) => (choice.ok ? [] : [choice.why])).join('; '), 400);
  return { ok: false, label: place.ok ? 'lb.port' : 'lb.network', why };
}
