import type { Group } from './group.ts';
import { beside } from './groups/beside.ts';
import { burst } from './groups/burst.ts';
import { containers } from './groups/containers.ts';
import { datapath } from './groups/datapath.ts';
import { paused } from './groups/paused.ts';
import { served } from './groups/served.ts';

/** In the order in which they run. */
export const groups: readonly Group[] = [containers, served, burst, paused, datapath, beside];
