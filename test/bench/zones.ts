import { findNginx, refusalOf } from '../support/nginx-binary.ts';
import { renderHttpUpstream } from '../../src/core/render-http.ts';
import { atMost, round } from './group.ts';
import type { Bench, Finding } from './group.ts';
import { poolOf } from './pool-of.ts';

/** The size that is written for a pool, and the least that nginx takes. */
interface Zone {
  readonly servers: number;
  readonly writtenKiB: number;
  readonly isAccepted: boolean;
  readonly leastKiB: number;
}

const pageKiB = 4;

/** Finds, for pools of many sizes, how much of the zone that lbwatch writes nginx needs. */
export async function measureZones(bench: Bench): Promise<Finding> {
  const zones: Zone[] = [];
  // The odd ones are the last before the size that is written doubles: the most servers for a zone.
  const sizes = [1, 16, 256, 257, 512, 513, 1024, 4096, 10_000, 16_384, 20_000];
  for (const servers of bench.isQuick ? [1, 256, 1024] : sizes) {
    bench.interrupted.throwIfAborted();
    zones.push(await measureZone(servers));
  }
  return {
    tables: [
      {
        title: `Zones: the size that is written, and the least that nginx accepts`,
        head: ['servers in the pool', 'written KiB', 'least KiB', 'times the least', 'least, kB a server'],
        rows: zones.map(({ servers, writtenKiB, leastKiB }) =>
          [servers, writtenKiB, leastKiB, writtenKiB / leastKiB, leastKiB / servers].map(round),
        ),
      },
    ],
    aims: [
      atMost('zones that nginx refuses', zones.filter(({ isAccepted }) => !isAccepted).length, 0, '', 'count'),
      atMost(
        'the least zone, as part of the one written (servers ≥ 256)',
        Math.max(...zones.filter(({ servers }) => servers >= 256).map((zone) => zone.leastKiB / zone.writtenKiB)),
        0.6,
        '',
        'count',
      ),
    ],
    notes: ['A page of a zone that nginx never touches takes no memory.'],
  };
}

/** By halves, between nothing and what is written. */
async function measureZone(servers: number): Promise<Zone> {
  const { binary, build } = await findNginx();
  const { text } = renderHttpUpstream(poolOf('app', servers), build, { address: undefined, port: 9181 });
  const writtenKiB = Number(/ zone \S+ ([0-9]+)k;/.exec(text)?.[1]);
  const isAccepted = async (pages: number): Promise<boolean> =>
    (await refusalOf(binary, text.replace(/( zone \S+) [0-9]+k;/, `$1 ${String(pages * pageKiB)}k;`))) === undefined;
  let [refused, accepted] = [0, writtenKiB / pageKiB];
  const isWrittenAccepted = await isAccepted(accepted);
  while (isWrittenAccepted && accepted - refused > 1) {
    const middle = Math.floor((accepted + refused) / 2);
    if (await isAccepted(middle)) accepted = middle;
    else refused = middle;
  }
  return { servers, writtenKiB, isAccepted: isWrittenAccepted, leastKiB: accepted * pageKiB };
}
