import { DockerEngine } from '../../src/adapters/docker.ts';

/** The engine adapter for a host; it reads DOCKER_HOST when it is made, and again to describe what went wrong. */
export function engineFor(host: string): DockerEngine {
  process.env['DOCKER_HOST'] = host;
  return new DockerEngine();
}
