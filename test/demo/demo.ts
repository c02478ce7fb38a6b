/**
 * The main job on a real engine, narrated: label, scale, and nginx follows. Ends with exit code 1 when what it shows is
 * not so. `--down` removes what it started.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Compose } from '../support/compose.ts';
import { paint, say } from './narrate.ts';
import { readPorts, requireFreePort } from './published-port.ts';
import { showStack, takeDown, tellHowToGoOn } from './scenes.ts';
import { Stage } from './stage.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

async function main(options: readonly string[]): Promise<void> {
  const unknown = options.find((option) => option !== '--down');
  if (unknown !== undefined) throw new Error(`unknown option ${unknown}; there is --down`);
  const compose = await Compose.find({ directory: root });
  if (options.includes('--down')) {
    await takeDown(compose);
    return;
  }
  const ports = await readPorts(root);
  for (const port of ports) await requireFreePort(port, compose);
  const stage = new Stage(compose);
  try {
    await showStack(stage);
  } catch (error) {
    await stage.tellLastLines();
    throw error;
  }
  await tellHowToGoOn(stage, ports);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  say();
  say(`${paint('red', '✗')} ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
