import { messageOf } from '../core/error-words.ts';
import type { Mark } from '../loop/dirty.ts';
import type { Lifecycle } from '../loop/lifecycle.ts';
import { backoffMs } from '../loop/outcome.ts';
import { pause } from '../loop/pause.ts';
import type { Clock, EngineEvent, EventStream, Reporter } from '../loop/ports.ts';

export interface StreamTiming {
  /** A stream silent for so long is replaced, since a half-dead socket is silent too. */
  readonly idleMs: number;
  /** How long the engine may take to accept a subscription. */
  readonly openMs: number;
}

const defaultStreamTiming: StreamTiming = { idleMs: 10_000, openMs: 5000 };

/** Events that take a container out of service. A stop signal does as well, of which the list says nothing. */
const urgentActions = new Set(['die', 'stop', 'pause', 'destroy', 'disconnect', 'health_status: unhealthy']);

/**
 * Turns the engine's event stream into marks, for as long as it is not aborted. Each (re)connection is followed by a
 * mark for everything: subscribe first, then list, so that nothing falls between.
 *
 * A silent stream is replaced after a while by one that replays from the last known moment; a stream that cannot be
 * replaced counts as cut.
 */
export async function watchEvents(
  engine: EventStream,
  lifecycle: Lifecycle,
  mark: (mark: Mark) => void,
  clock: Clock,
  reporter: Reporter,
  signal: AbortSignal,
  timing: StreamTiming = defaultStreamTiming,
): Promise<void> {
  let failures = 0;
  let sinceMs: number | undefined;
  const recent = new RecentEvents();
  const hasStopped = (): boolean => signal.aborted;

  while (!hasStopped()) {
    const stream = new AbortController();
    const abort = (): void => {
      stream.abort();
    };
    signal.addEventListener('abort', abort);
    let end: 'idle' | 'never opened' | undefined;
    let cancelTimer = clock.after(timing.openMs, () => {
      end = 'never opened';
      abort();
    });
    const awaitNext = (): void => {
      cancelTimer();
      cancelTimer = clock.after(timing.idleMs, () => {
        end = 'idle';
        abort();
      });
    };
    let why = 'the engine closed it';
    try {
      await engine.subscribe({
        signal: stream.signal,
        sinceS: sinceMs === undefined ? undefined : Math.floor(sinceMs / 1000),
        onOpen: () => {
          // A renewal of an idle stream replays what may have been missed; only a true cut needs the whole list.
          if (failures > 0 || sinceMs === undefined) {
            reporter.report({ kind: 'watching' });
            if (failures > 0) lifecycle.startOver();
            mark({
              reason: failures > 0 ? 'reconnected' : 'start',
              stale: 'all',
              isUrgent: false,
              atMs: clock.unixMs(),
            });
          }
          failures = 0;
          sinceMs ??= clock.unixMs();
          awaitNext();
        },
        onEvent: (event) => {
          awaitNext();
          // A replay repeats what came in the second that it starts from.
          if (!recent.add(event)) return;
          sinceMs = Math.max(sinceMs ?? 0, event.atMs);
          markEvent(event, lifecycle, mark);
        },
      });
    } catch (error) {
      why = messageOf(error);
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', abort);
    }
    if (hasStopped()) return;
    if (end === 'idle') continue;
    if (end === 'never opened') why = `the engine did not answer within ${String(timing.openMs / 1000)} s`;
    failures += 1;
    const retryMs = backoffMs(failures);
    reporter.report({ kind: 'cut', why, retryMs });
    await pause(clock, retryMs, signal);
  }
}

/** Of the signals, only a call to stop makes a pass due, and that one asks the engine nothing: it knows no more. */
function markEvent(event: EngineEvent, lifecycle: Lifecycle, mark: (mark: Mark) => void): void {
  const { action: reason, containerId, atMs } = event;
  const isStop = lifecycle.note(event);
  const markStop = (isTrue: boolean): void => {
    if (isTrue) mark({ reason: 'stop signal', stale: new Set(), isUrgent: true, atMs });
  };
  if (reason !== 'kill') mark({ reason, stale: new Set([containerId]), isUrgent: urgentActions.has(reason), atMs });
  else if (typeof isStop === 'boolean') markStop(isStop);
  else void isStop.then(markStop);
}

/** Remembers as many events as the engine may replay, and some more. */
class RecentEvents {
  readonly #keys = new Set<string>();

  /** False when the event was added before. */
  add(event: EngineEvent): boolean {
    const key = `${String(event.atMs)} ${event.action} ${event.containerId}`;
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > 512 && oldest !== undefined) this.#keys.delete(oldest);
    return true;
  }
}
