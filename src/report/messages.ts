/** How loud a message is; pino's words. */
export type Level = 'error' | 'warn' | 'info' | 'debug';

interface Form {
  /** Usually one; a repeat of what goes on may be told more quietly. */
  readonly levels: readonly [Level, ...Level[]];
  /** What it may be about. One that is called `line` is a sentence made of the others. */
  readonly keys: readonly string[];
}

const changeKeys = ['pool', 'joined', 'left', 'primaries', 'backups', 'allJoined', 'allLeft', 'line'] as const;
const failureKeys = ['outcome', 'why', 'times', 'staleSince', 'line'] as const;

/**
 * Every message that the controller's log can have. Whoever filters or counts lines may rely on the words, on the levels and
 * on the keys: docs/log.md says when each is written, and what to do.
 */
export const messages = {
  'lbwatch started': { levels: ['info'], keys: ['version', 'scope', 'nginx', 'dir'] },
  'watching the engine': { levels: ['info'], keys: ['engine', 'line'] },
  'pool in step': { levels: ['info'], keys: changeKeys },
  'pool changed': { levels: ['info'], keys: [...changeKeys, 'reasons', 'sinceEventMs'] },
  'configuration reloaded': { levels: ['info'], keys: ['reasons', 'nginx'] },
  'generated file put back; nginx runs it already': { levels: ['info'], keys: ['reasons'] },
  problem: { levels: ['warn'], keys: ['container', 'node', 'label', 'effect', 'message', 'line'] },
  'problem gone': { levels: ['info'], keys: ['container', 'node', 'label', 'line'] },
  note: { levels: ['warn'], keys: ['line'] },
  'nginx refuses the configuration; the running one stays': { levels: ['error'], keys: failureKeys },
  'reload failed': { levels: ['error'], keys: failureKeys },
  waiting: { levels: ['warn'], keys: failureKeys },
  'in step': { levels: ['info'], keys: ['lastedS', 'line'] },
  'event stream lost': { levels: ['warn', 'debug'], keys: ['engine', 'why', 'retryMs', 'staleSince', 'line'] },
  'watching the engine again': { levels: ['info', 'debug'], keys: ['engine', 'line'] },
  'early handover is off': { levels: ['warn'], keys: ['why', 'line'] },
  'another lbwatch would not be kept out of the directory for now': { levels: ['warn'], keys: ['dir', 'why'] },
  'cannot watch the configuration; the resync will see what changes': { levels: ['warn'], keys: ['err'] },
  'a bug of lbwatch: the pass failed and will be tried again': { levels: ['error'], keys: ['err', 'times'] },
  'log level changed': { levels: ['info'], keys: ['logLevel', 'line'] },
  'lbwatch stopped; nginx goes on serving': { levels: ['info'], keys: [] },
  pass: { levels: ['debug'], keys: ['outcome', 'reasons', 'stages', 'sinceEventMs'] },
  unchanged: { levels: ['debug'], keys: ['reasons', 'sinceEventMs'] },
} as const satisfies Readonly<Record<string, Form>>;

export type Message = keyof typeof messages;

/** The levels that a message can have. */
export type LevelOf<M extends Message> = (typeof messages)[M]['levels'][number];

/** What a message may be about. */
export type DetailsOf<M extends Message> = { readonly [Key in (typeof messages)[M]['keys'][number]]?: unknown };
