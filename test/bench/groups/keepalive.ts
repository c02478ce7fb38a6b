import { isAtLeast } from '../../../src/core/nginx-build.ts';
import { freePort } from '../../support/free-port.ts';
import { BenchNginx, nginxImages, ownNginx } from '../bench-nginx.ts';
import type { NginxVersion } from '../bench-nginx.ts';
import { atMost, round } from '../group.ts';
import type { Bench, Finding, Group } from '../group.ts';
import { KeepaliveClient } from '../keepalive-client.ts';

/** What clients met while nginx reloaded again and again. */
interface Meeting {
  readonly version: string;
  readonly minTimeout: string | undefined;
  readonly reloads: number;
  readonly requests: number;
  readonly resets: number;
}

const sinceMinTimeout = '1.27.4';
const busyClients = 4;

export const keepalive: Group = {
  name: 'keepalive',
  title: 'Keep-alive clients and reloads',
  isQuick: false,
  run: async (bench): Promise<Finding> => {
    const meetings: Meeting[] = [];
    const versions = bench.isQuick ? [await ownNginx()] : await nginxImages();
    for (const version of versions) {
      const knows = isAtLeast(version.version, sinceMinTimeout);
      for (const minTimeout of knows ? [undefined, '3s'] : [undefined]) {
        bench.interrupted.throwIfAborted();
        meetings.push(await meet(version, minTimeout, bench));
      }
    }
    return {
      tables: [
        {
          title: `${String(busyClients)} clients that send request after request, each over one connection for as long as nginx keeps it`,
          head: ['nginx', 'keepalive_min_timeout', 'reloads', 'requests', 'resets', 'resets a reload'],
          rows: meetings.map(({ version, minTimeout, reloads, requests, resets }) => [
            version,
            minTimeout ?? (isAtLeast(version, sinceMinTimeout) ? 'not set' : 'not known'),
            ...[reloads, requests, resets, resets / reloads].map(round),
          ]),
        },
      ],
      aims: meetings
        .filter(({ minTimeout }) => minTimeout !== undefined)
        .map(({ version, resets }) =>
          atMost(`nginx ${version} with keepalive_min_timeout: resets`, resets, 0, '', 'count'),
        ),
      notes: [
        'A reset is a connection that ended after a request was sent and before its answer began. lbwatch writes keepalive_min_timeout where nginx knows it (1.27.4) and the site does not set it.',
      ],
    };
  },
};

async function meet(version: NginxVersion, minTimeout: string | undefined, bench: Bench): Promise<Meeting> {
  const port = await freePort();
  const spared = minTimeout === undefined ? '' : `keepalive_min_timeout ${minTimeout};\n`;
  const site = `${spared}keepalive_requests 100000000;\nserver { listen 127.0.0.1:${String(port)}; location / { return 200 "ok\\n"; } }\n`;
  const nginx = await BenchNginx.start(version, { site, shutdownTimeoutS: 10 });
  const clients = Array.from({ length: busyClients }, () => new KeepaliveClient(port));
  try {
    const reloads = bench.isQuick ? 20 : 100;
    for (let turn = 0; turn < reloads; turn++) {
      bench.interrupted.throwIfAborted();
      await nginx.reload();
      // The master tells its old workers to quit 100 ms after the new ones run.
      await nginx.settle();
    }
    await Promise.all(clients.map((client) => client.stop()));
    const sum = (read: (client: KeepaliveClient) => number): number =>
      clients.reduce((total, one) => total + read(one), 0);
    return {
      version: version.version,
      minTimeout,
      reloads,
      requests: sum(({ answers }) => answers),
      resets: sum(({ resets }) => resets),
    };
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await nginx.remove();
  }
}
