import { execa } from 'execa';

import { readNginxBuild } from '../../../src/core/nginx-build.ts';
import { render } from '../../../src/core/render.ts';
import { freePort } from '../../support/free-port.ts';
import { requireNginx } from '../../support/nginx-binary.ts';
import { BenchNginx, nginxImages, ownNginx } from '../bench-nginx.ts';
import type { NginxVersion } from '../bench-nginx.ts';
import { round } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { poolOf } from '../pool-of.ts';
import { median } from '../samples.ts';
import { readRssMiB } from '../usage.ts';
import { measureZones } from '../zones.ts';

/** What a configuration of some size costs nginx. */
interface Load {
  readonly version: string;
  readonly servers: number;
  readonly pools: number;
  readonly testMs: number;
  readonly reloadMs: number;
  readonly workerMiB: number;
  readonly masterMiB: number;
}

const sizes = [
  { servers: 10, pools: 1 },
  { servers: 1000, pools: 1 },
  { servers: 1000, pools: 1000 },
  { servers: 10_000, pools: 1 },
  { servers: 10_000, pools: 1000 },
];

export const nginx: Group = {
  name: 'nginx',
  title: "nginx's side",
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    const loads: Load[] = [];
    for (const version of [await ownNginx(), ...(bench.isQuick ? [] : await nginxImages())]) {
      for (const size of sizes.filter(({ servers }) => !bench.isQuick || servers <= 1000)) {
        bench.interrupted.throwIfAborted();
        loads.push(await measure(version, size, bench));
      }
    }
    const zones = await measureZones(bench);
    return {
      tables: [
        {
          title: 'A file of some servers, by version of nginx (medians)',
          head: [
            'nginx',
            'servers',
            'pools',
            'nginx -t ms',
            'HUP → new workers ms',
            'RSS of a worker MiB',
            'of the master MiB',
          ],
          rows: loads.map(({ version, servers, pools, testMs, reloadMs, workerMiB, masterMiB }) => [
            version,
            ...[servers, pools, testMs, reloadMs, workerMiB, masterMiB].map(round),
          ]),
        },
        ...zones.tables,
      ],
      aims: zones.aims,
      notes: [
        'The time of nginx -t includes starting the program, and with the versions in images an exec through the engine.',
        ...zones.notes,
      ],
    };
  },
};

async function measure(
  version: NginxVersion,
  { servers, pools }: { readonly servers: number; readonly pools: number },
  bench: Bench,
): Promise<Load> {
  const build = readNginxBuild((await execa(requireNginx(), ['-V'])).stderr);
  const internal = { address: '127.0.0.1', port: await freePort() };
  const drafts = Array.from({ length: pools }, (_, index) => poolOf(`app${String(index)}`, servers / pools));
  const plain = { ...build, sparesClients: false };
  const running = await BenchNginx.start(version, { generated: render(drafts, plain, internal, '').text });
  try {
    const repeats = bench.isQuick ? 3 : 7;
    const testsMs: number[] = [];
    const reloadsMs: number[] = [];
    for (let turn = 0; turn < repeats; turn++) {
      bench.interrupted.throwIfAborted();
      testsMs.push(await running.test());
      // The master sleeps 100 ms after a reload, and begins the next one after that.
      await running.settle();
      reloadsMs.push(await running.reload());
    }
    await running.settle();
    const workers = running.files.workers();
    return {
      version: version.version,
      servers,
      pools,
      testMs: median(testsMs),
      reloadMs: median(reloadsMs),
      workerMiB: median(workers.map(readRssMiB)),
      masterMiB: readRssMiB(running.files.pid),
    };
  } finally {
    await running.remove();
  }
}
