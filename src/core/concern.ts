import { isInScope } from './eligible.ts';
import type { Scope } from './eligible.ts';
import type { Container } from './model.ts';

/** What makes a container one that nginx could depend on, beside its labels. */
export interface Interest {
  /** Undefined where it is not known yet: any container may be in it. */
  readonly scope: Scope | undefined;
  /** LBWATCH_NGINX: a container, or a service. */
  readonly nginx: string | undefined;
  /** The id of the controller's own container, or its beginning. */
  readonly selfId: string | undefined;
}

/** What never changes of a container; its name does, but not unheard. */
export type Identity = Pick<Container, 'id' | 'name' | 'labels'>;

/**
 * Whether anything that happens to a container may ever matter: as a member, as nginx or as the controller itself. What is
 * in no pool and in no scope may come and go, and what nginx is to run stays the same.
 */
export function isOfInterest({ id, name, labels }: Identity, { scope, nginx, selfId }: Interest): boolean {
  if (selfId !== undefined && id.startsWith(selfId)) return true;
  if (nginx !== undefined && (name === nginx || id.startsWith(nginx))) return true;
  if (labels['com.docker.compose.service'] === (nginx ?? 'nginx')) return true;
  if (scope !== undefined && !isInScope({ labels }, scope)) return false;
  return Object.keys(labels).some((label) => label.startsWith('lb.'));
}
