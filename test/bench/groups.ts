import type { Group } from './group.ts';
import { containers } from './groups/containers.ts';
import { events } from './groups/events.ts';
import { idle } from './groups/idle.ts';
import { keepalive } from './groups/keepalive.ts';
import { nginx } from './groups/nginx.ts';

/** In the order in which they run. */
export const groups: readonly Group[] = [containers, events, idle, nginx, keepalive];
