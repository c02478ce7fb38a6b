import { DockerEngine } from '../../src/adapters/docker.ts';
import { ContainerTargets } from '../../src/adapters/targets.ts';

/** The file to start as a process of its own, with a container's name. */
export const program = import.meta.filename;

/** A process that looks at the nginx of a container, says so, and stays until it is ended. */
async function main(name: string): Promise<void> {
  const engine = new DockerEngine();
  const { targets } = await new ContainerTargets(() => engine, name, undefined, 9181).find(
    await engine.listContainers(),
  );
  process.stdout.write(`${String((await targets[0]?.listWorkers())?.length)} workers\n`);
  setInterval(() => undefined, 60_000);
}

if (import.meta.filename === process.argv[1]) await main(process.argv[2] ?? '');
