import type { Group } from './group.ts';
import { beside } from './groups/beside.ts';
import { burst } from './groups/burst.ts';
import { containers } from './groups/containers.ts';
import { datapath } from './groups/datapath.ts';
import { events } from './groups/events.ts';
import { idle } from './groups/idle.ts';
import { keepalive } from './groups/keepalive.ts';
import { nginx } from './groups/nginx.ts';
import { paused } from './groups/paused.ts';
import { served } from './groups/served.ts';
import { swarm } from './groups/swarm.ts';

/** In the order in which they run. */
export const groups: readonly Group[] = [
  containers,
  events,
  idle,
  served,
  burst,
  paused,
  nginx,
  keepalive,
  datapath,
  beside,
  swarm,
];
