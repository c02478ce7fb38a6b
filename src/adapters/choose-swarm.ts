import type { DockerEngine } from './docker.ts';

/** How Swarm marks the containers of its tasks. */
const taskLabel = 'com.docker.swarm.task.id';

/**
 * Whether lbwatch looks at a Swarm rather than at one engine: where it is told to, else where its own container is a task
 * on the engine it looks at. Throws an AppError where that does not answer.
 *
 * @param selfId the id of the controller's own container, where it is in one
 */
export async function choosesSwarm(
  setting: 'auto' | 'on' | 'off',
  engine: DockerEngine,
  selfId: string | undefined,
): Promise<boolean> {
  if (setting !== 'auto' || selfId === undefined) return setting === 'on';
  const [self] = await engine.inspectContainers([selfId]);
  return self !== undefined && Object.hasOwn(self.labels, taskLabel);
}
