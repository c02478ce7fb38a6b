import { hasPoolLabel } from './labels.ts';
import type { Container } from './model.ts';

/** A container of the engine that lbwatch itself runs on, over whatever way that is asked: it is on networks of this machine. */
export function asHere(container: Container): Container {
  if (container.published === undefined) return container;
  return { ...container, node: undefined, published: undefined };
}

/**
 * A container of another machine. Its networks are left out, since those here may be called the same and be others: all but
 * the machine's own, on which a container needs to publish nothing.
 */
export function asElsewhere(container: Container): Container {
  if (container.published === undefined) return container;
  return { ...container, attachments: container.attachments.filter(({ network }) => network === 'host') };
}

/** A container whose engine does not answer. */
export function asLastSeen(container: Container): Container {
  return { ...container, isAsLastSeen: true };
}

/** Of these labels a member is made, and by those of Compose and Swarm it is known whose it is. */
const remembered = /^(?:lb\.|com\.docker\.(?:compose|stack|swarm)\.)/;

/** What is worth remembering of an engine for a start at which it does not answer: its members, and of those what made them so. */
export function worthRemembering(containers: readonly Container[]): readonly Container[] {
  return containers
    .filter((container) => container.state === 'running' && hasPoolLabel(container))
    .map((container) => {
      const labels = Object.entries(container.labels).filter(([label]) => remembered.test(label));
      return { ...container, labels: Object.fromEntries(labels) };
    });
}
