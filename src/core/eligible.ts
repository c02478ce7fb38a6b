import type { Container, Departure } from './model.ts';
import { printable } from './printable.ts';
import { projectOf } from './project.ts';
import type { Belonging } from './project.ts';

/** Whose containers may join: everybody's, or those of the Compose projects, or Swarm stacks, named. */
export type Scope = { readonly kind: 'all' } | { readonly kind: 'projects'; readonly names: readonly string[] };

/** Whether a container may serve now, before anybody has asked its port, and why not. */
export type Eligibility = {
  readonly kind: 'running' | 'leaving' | 'stopped' | 'foreign';
  readonly reason: string;
};

/**
 * Asks of one container, labels aside, whether it may serve.
 *
 * One-off and hook containers carry a copy of their service's labels (Compose: `run`, `post_start`, `pre_stop`) and
 * never join.
 */
export function judge(container: Container, scope: Scope, departure: Departure | undefined): Eligibility {
  if (!isInScope(container, scope)) return { kind: 'foreign', reason: describeScope(container, scope) };
  if (container.labels['com.docker.compose.oneoff'] === 'True') {
    return { kind: 'foreign', reason: 'one-off container (docker compose run)' };
  }
  if (Object.hasOwn(container.labels, 'com.docker.compose.hook')) {
    return { kind: 'foreign', reason: 'Compose hook container' };
  }
  if (container.state !== 'running') return { kind: 'stopped', reason: container.state };
  if (departure?.kind === 'ended') return { kind: 'stopped', reason: describeDeparture(departure) };
  if (departure !== undefined) return { kind: 'leaving', reason: describeDeparture(departure) };
  return { kind: 'running', reason: 'running' };
}

/** Why a running container does not serve, for people. */
export function describeDeparture({ kind }: Departure): string {
  switch (kind) {
    case 'signalled':
      return 'was told to stop';
    case 'ended':
      return 'has ended';
    case 'drained':
      return 'drained by hand; lbwatch undrain ends it';
    case 'withdrawn':
      return 'drained at its own request until it is started again';
  }
}

/** By its labels alone. */
export function isInScope(container: Belonging, scope: Scope): boolean {
  const project = projectOf(container);
  return scope.kind === 'all' || (project !== undefined && scope.names.includes(project));
}

function describeScope(container: Container, scope: Scope): string {
  const project = projectOf(container);
  const kind = container.task === undefined ? 'Compose project' : 'stack';
  const own = project === undefined ? `in no ${kind}` : `in ${kind} ${printable(project)}`;
  const names = scope.kind === 'all' ? 'all' : scope.names.join(', ');
  return `${own}; this lbwatch serves ${names} (LBWATCH_SCOPE)`;
}
