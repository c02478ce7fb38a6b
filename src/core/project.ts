import type { Container } from './model.ts';

/** What `docker stack deploy` labels all that belongs to a stack with. */
export const stackLabel = 'com.docker.stack.namespace';

/** What tells whose a container is. */
export type Belonging = Pick<Container, 'labels' | 'task'>;

/**
 * The project a container belongs to: the Swarm stack of a task, the Compose project of any other container. The labels of
 * one mean nothing for the other: a task on the same engine as a Compose project of its stack's name is no part of it.
 */
export function projectOf({ labels, task }: Belonging): string | undefined {
  return labels[task === undefined ? 'com.docker.compose.project' : stackLabel];
}

/** The name of its service, as the Compose file or the stack's file writes it. */
export function serviceOf(container: Belonging): string | undefined {
  const { labels, task } = container;
  if (task === undefined) return labels['com.docker.compose.service'];
  const project = projectOf(container);
  return project !== undefined && task.service.startsWith(`${project}_`)
    ? task.service.slice(project.length + 1)
    : task.service;
}
