import type { Circumstances } from '../../src/core/desired.ts';
import { readNginxBuild } from '../../src/core/nginx-build.ts';
import { emptySite, includedStreams } from './site.ts';

/** As for the Compose project `shop`, on `shop_default`, with an nginx that has everything, and nobody checked. */
export const circumstances: Circumstances = {
  scope: { kind: 'projects', names: ['shop'] },
  reach: ['shop_default'],
  site: emptySite,
  streams: includedStreams,
  declaredPools: [],
  build: readNginxBuild(
    'nginx version: nginx/1.26.3\n --with-http_stub_status_module --with-http_realip_module --with-http_ssl_module ' +
      '--with-stream --with-stream_ssl_preread_module',
  ),
  failOpen: true,
  ownReach: ['shop_default'],
  checks: false,
  departures: new Map(),
  lives: new Map(),
  nowMs: 0,
  standings: new Map(),
};
