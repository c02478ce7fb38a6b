/** `node rendering.ts CONTAINERS POOLS` prints what {@link measureRendering} answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';

import { DiskFiles } from '../../src/adapters/files.ts';
import { render } from '../../src/core/render.ts';
import { findNginx } from '../support/nginx-binary.ts';
import type { FleetSize } from './fleet.ts';
import { v8Flags } from './image-environment.ts';
import { poolOf } from './pool-of.ts';
import { median } from './samples.ts';

/**
 * How long it takes to render and write so many servers, in ms (median), in a process that runs as lbwatch does. Each time
 * all of them are new: nothing is taken over from the time before.
 */
export async function measureRendering({ containers, pools }: FleetSize): Promise<number> {
  const words = [...process.execArgv, ...v8Flags, import.meta.filename, String(containers), String(pools)];
  const { stdout } = await execa(process.execPath, words);
  return Number(stdout);
}

async function measureHere({ containers, pools }: FleetSize): Promise<number> {
  const { build } = await findNginx();
  const directory = await mkdtemp(join(tmpdir(), 'lbwatch-bench-'));
  try {
    const files = new DiskFiles(directory, []);
    const timesMs: number[] = [];
    for (let turn = 0; turn < 9; turn++) {
      const all = Array.from({ length: pools }, (_, index) => poolOf(`app${String(index)}`, containers / pools));
      const beginMs = performance.now();
      await files.writeGenerated(render(all, build, { address: undefined, port: 9181 }, String(turn)));
      timesMs.push(performance.now() - beginMs);
    }
    return median(timesMs);
  } finally {
    await rm(directory, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const [containers = 0, pools = 0] = process.argv.slice(2).map(Number);
  process.stdout.write(String(await measureHere({ containers, pools })));
}
