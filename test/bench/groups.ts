import type { Group } from './group.ts';
import { burst } from './groups/burst.ts';
import { containers } from './groups/containers.ts';
import { paused } from './groups/paused.ts';
import { served } from './groups/served.ts';

/** In the order in which they run. */
export const groups: readonly Group[] = [containers, served, burst, paused];
