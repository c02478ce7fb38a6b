import * as z from 'zod';

/** When a member was told to leave, or could first have joined, in Unix milliseconds. */
export interface Moment {
  readonly kind: 'leaves' | 'joins';
  /** What the member answers with: its container's short id. */
  readonly hostname: string;
  readonly atMs: number;
}

const eventSchema = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
  timeNano: z.number(),
});

const shortIdLength = 12;

/** What an app answers with: the short id of its container. */
export function hostnameOf(containerId: string): string {
  return containerId.slice(0, shortIdLength);
}

/**
 * Reads the moments of some services' containers out of the engine's events, oldest first. Pure.
 *
 * @param lines as `docker events --format '{{json .}}'` prints them
 * @param services whose containers are meant; those of the stack itself come and go for other reasons
 */
export function readMoments(lines: readonly string[], services: readonly string[]): readonly Moment[] {
  return lines
    .map((line) => eventSchema.parse(JSON.parse(line)))
    .flatMap(({ Action, Actor: { ID, Attributes }, timeNano }) => {
      const kind = kindOf(Action, Attributes);
      const isMeant = services.includes(Attributes['com.docker.compose.service'] ?? '');
      return kind === undefined || !isMeant ? [] : [{ kind, hostname: hostnameOf(ID), atMs: timeNano / 1e6 }];
    })
    .sort((one, other) => one.atMs - other.atMs);
}

function kindOf(action: string, attributes: Readonly<Record<string, string>>): Moment['kind'] | undefined {
  switch (action) {
    case 'kill':
      // The engine tells of the stop signal as soon as it is sent; of the end by `die`, perhaps seconds later.
      return /^(?:SIG)?(?:TERM|KILL|15|9)$/.test(attributes['signal'] ?? '') ? 'leaves' : undefined;
    case 'die':
    case 'pause':
    case 'health_status: unhealthy':
      return 'leaves';
    case 'start':
    case 'unpause':
    case 'health_status: healthy':
      return 'joins';
    default:
      return undefined;
  }
}
