import * as z from 'zod';

/**
 * What lbwatch says about itself to programs: the shape of `api/status`, `api/events` and `api/stream`. One source for the
 * types, for the schema that is served (`api/schema.json`), and for those who parse it.
 */

const moment = z.iso.datetime().describe('a moment, ISO 8601 in UTC');

const taskSchema = z.object({
  id: z.string().describe("all of the task's id"),
  containerId: z
    .string()
    .nullable()
    .describe("the first 12 digits of its container's id, as docker ps shows it on the node; null while there is none"),
});

const memberSchema = z.object({
  container: z
    .string()
    .describe("the container's name; of a task of Docker Swarm: service, slot and 12 digits of its id"),
  id: z.string().describe("the first 12 digits of its id, or of the task's"),
  service: z.string().nullable().describe('its service, as the Compose file or the stack file names it'),
  project: z.string().nullable().describe('its Compose project or Swarm stack'),
  node: z.string().nullable().describe('the machine it runs on; null where lbwatch looks at one engine only'),
  task: taskSchema.nullable().describe('of a task of Docker Swarm; null of any other container'),
  role: z.enum(['primary', 'backup']).nullable().describe('null where its labels do not tell'),
  address: z.string().nullable().describe('address:port that nginx sends to; null where it has none'),
  state: z
    .enum(['ready', 'serving', 'standby', 'starting', 'draining', 'unhealthy', 'out'])
    .describe(
      [
        'ready: a primary that can serve',
        'serving: a backup that serves, since no primary can',
        'standby: a backup that waits for that',
        'starting: waits until its checks let it in',
        'draining: told to stop, drained, or paused',
        'unhealthy: its checks say no',
        'out: stopped, or kept out by a problem',
      ].join('; '),
    ),
  isIn: z.boolean().describe('whether nginx, as it last acknowledged, has it among its servers'),
  reason: z.string().describe('why, in the words of lbwatch explain'),
  since: moment.describe('since when this controller has seen it in this state'),
});

const outsideSchema = memberSchema.extend({
  pool: z.string().nullable().describe('the pool it asks for and that does not exist; null where that cannot be told'),
});

const poolSchema = z.object({
  name: z.string(),
  protocol: z.enum(['http', 'tcp', 'udp']),
  method: z.string().describe('as the label lb.method writes it'),
  members: z.array(memberSchema).describe('those that are in and those that only ask for it, oldest first'),
});

const nginxSchema = z.object({
  name: z.string(),
  answersAt: z.string().describe('where lbwatch asks it for its digest'),
  version: z.string().nullable().describe('null where it is not known'),
  digest: z.string().nullable().describe('of what it runs, as last heard; null where it did not say'),
  inStep: z.boolean().describe('whether that is what it should run'),
});

const engineSchema = z.object({
  name: z.string().describe('as LBWATCH_ENGINES has it'),
  state: z.enum(['up', 'down']).describe('down: it does not answer, and its members are as they were last seen'),
  since: moment.nullable().describe('since when it does not answer; null while it does'),
});

const outcomeSchema = z.object({
  kind: z.enum(['unchanged', 'applied', 'rejected', 'rolledBack', 'unavailable']),
  what: z.enum(['engine', 'nginx', 'files']).optional().describe('of unavailable: what'),
  message: z.string().optional().describe('of failures: what failed, and what to do'),
  at: moment,
  sinceEventMs: z.number().describe('from the earliest event of the pass to its end, in milliseconds'),
});

const problemSchema = z.object({
  container: z.string(),
  node: z.string().nullable().describe('the machine it runs on, as of a member'),
  label: z.string(),
  effect: z.enum(['out', 'ignored']).describe('out: the container stays out; ignored: only the label is'),
  message: z.string().describe('what is wrong, and what to write instead'),
});

/** `api/status`, and the `status` events of `api/stream`. */
export const statusSchema = z
  .object({
    lbwatch: z.object({
      version: z.string(),
      startedAt: moment,
      project: z.string().nullable().describe('the Compose project or Swarm stack that lbwatch belongs to'),
    }),
    ready: z.boolean().describe('whether every nginx runs what it should, as far as can be known: /readyz'),
    staleSince: moment.nullable().describe('since when that may not be so; null while it is'),
    stream: z.enum(['up', 'down']).describe("the engine's event stream; of several, whether all are up"),
    engines: z.array(engineSchema).optional().describe('how each of several engines is; only with LBWATCH_ENGINES'),
    digest: z.string().nullable().describe('of what nginx should run; null before the first pass'),
    outcome: outcomeSchema.nullable().describe('how the last pass ended; null before that'),
    nginx: z.array(nginxSchema).describe('every nginx that is kept in step'),
    pools: z.array(poolSchema).describe('sorted by name'),
    outside: z
      .array(outsideSchema)
      .describe('containers that ask for a pool and are in none of those; not what another project labels'),
    problems: z.array(problemSchema).describe('what somebody should put right'),
    notes: z.array(z.string()).describe('what is amiss and belongs to no container'),
  })
  .describe('api/status');

const timelineEventSchema = z.object({
  id: z.number().int().describe('rises, also beyond a restart of the controller'),
  at: moment,
  kind: z.enum([
    'joined',
    'left',
    'changed',
    'reload',
    'problem',
    'problem gone',
    'failure',
    'recovered',
    'stream lost',
    'stream up',
    'started',
  ]),
  pool: z.string().optional(),
  container: z.string().optional().describe('where it is about one'),
  text: z.string().describe("the log's line"),
  sinceEventMs: z.number().optional().describe('from the event to the acknowledgement, in milliseconds'),
  stages: z
    .record(z.string(), z.number())
    .optional()
    .describe('when the pass came past its stages, in milliseconds since the event'),
  nginx: z.array(z.string()).optional().describe('which nginx were reloaded for it'),
});

/** `api/events`. */
export const eventsSchema = z
  .object({ events: z.array(timelineEventSchema).describe('the last 500 at most, oldest first') })
  .describe('api/events; one of them is the data of a timeline event of api/stream');

/** Nothing of it may be changed: it is shared among those who read it. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export type StatusDocument = Frozen<z.infer<typeof statusSchema>>;
export type MemberStatus = Frozen<z.infer<typeof memberSchema>>;
export type OutsideStatus = Frozen<z.infer<typeof outsideSchema>>;
export type PoolStatus = Frozen<z.infer<typeof poolSchema>>;
export type NginxStatus = Frozen<z.infer<typeof nginxSchema>>;
export type EngineStatus = Frozen<z.infer<typeof engineSchema>>;
export type OutcomeStatus = Frozen<z.infer<typeof outcomeSchema>>;
export type ProblemStatus = Frozen<z.infer<typeof problemSchema>>;
export type TimelineEvent = Frozen<z.infer<typeof timelineEventSchema>>;
