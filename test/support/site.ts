import type { Site, UpstreamNames } from '../../src/core/site.ts';
import type { StreamsStanding } from '../../src/core/streams-standing.ts';

export const noNames: UpstreamNames = { defined: [], named: [], namedWithPort: [] };

/** A site that says nothing about upstreams. */
export const emptySite: Site = { sparesClients: false, http: noNames, stream: noNames };

/** An nginx that includes streams.conf and has refused nothing of it. */
export const includedStreams: StreamsStanding = {
  path: '/etc/nginx/lbwatch/streams.conf',
  isIncluded: true,
  refusals: new Map(),
};
