import { messageOf } from '../core/error-words.ts';
import type { Mark } from '../loop/dirty.ts';
import type { Lifecycle } from '../loop/lifecycle.ts';
import { backoffMs, engineRetryMs } from '../loop/outcome.ts';
import { pause } from '../loop/pause.ts';
import type { Clock, EngineEvent, EventStream, Reporter } from '../loop/ports.ts';

/** A half-dead socket is noticed after `idleMs` and `openMs` together at the latest, without any traffic. */
export interface StreamTiming {
  /** A stream silent for so long is replaced, since a half-dead socket is silent too. */
  readonly idleMs: number;
  /** How long the engine may take to accept a subscription. */
  readonly openMs: number;
  /** A stream that lived for so long, or brought an event, was a good one. */
  readonly steadyMs: number;
}

const defaultStreamTiming: StreamTiming = { idleMs: 10_000, openMs: 4000, steadyMs: 5000 };

/** Events that take a container out of service. A stop signal does as well, of which the list says nothing. */
const urgentActions = new Set(['die', 'stop', 'pause', 'destroy', 'disconnect', 'health_status: unhealthy']);

/** The wall clock and the one that never jumps drift apart by milliseconds; more is a jump, or the machine has slept. */
const jumpMs = 1000;

/** Tells whose a container is, before it is connected and started; nothing is due for it. */
const announcement = 'create';

/**
 * Turns the engine's event stream into marks, for as long as it is not aborted. Each (re)connection is followed by a
 * mark for everything: subscribe first, then list, so that nothing falls between.
 *
 * A silent stream is replaced after a while by one that replays from the last known moment; a stream that cannot be
 * replaced counts as cut.
 *
 * @param isStrange whether an event can change nothing; nobody is marked for it
 */
export async function watchEvents(
  engine: EventStream,
  lifecycle: Lifecycle,
  mark: (mark: Mark) => void,
  clock: Clock,
  reporter: Reporter,
  signal: AbortSignal,
  timing: StreamTiming = defaultStreamTiming,
  isStrange: (event: EngineEvent) => boolean = () => false,
): Promise<void> {
  const take = (event: EngineEvent): void => {
    if (!isStrange(event) && event.action !== announcement) markEvent(event, lifecycle, mark);
  };
  const watch = new Watch(engine, lifecycle, mark, take, clock, reporter, timing);
  const hasStopped = (): boolean => signal.aborted;
  while (!hasStopped()) {
    const end = await watch.listen(signal);
    if (hasStopped()) return;
    if (end.kind === 'idle') continue;
    const retryMs = watch.noteLoss(end);
    reporter.report({ kind: 'cut', why: end.why, retryMs, silentMs: watch.silentMs });
    await pause(clock, retryMs, signal);
  }
}

/** How one life of the stream ended. `lost` says whether it was a good one before. */
type End = { readonly kind: 'idle' } | Lost;

interface Lost {
  readonly kind: 'never opened' | 'died young' | 'lost';
  readonly why: string;
}

/** What is kept from one life of the stream to the next. */
class Watch {
  readonly #engine: EventStream;
  readonly #lifecycle: Lifecycle;
  readonly #mark: (mark: Mark) => void;
  readonly #take: (event: EngineEvent) => void;
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  readonly #timing: StreamTiming;
  readonly #recent = new RecentEvents();
  /** How often in a row it was not to be had, and how often it was opened and broke at once. */
  #refused = 0;
  #diedYoung = 0;
  #isUp = false;
  /** When the engine was last heard of. */
  #heardMs: number;
  /** The moment to replay from, by the engine's clock; undefined before the first stream. */
  #sinceMs: number | undefined;
  /** By how much the wall clock was ahead of the one that never jumps when that moment was noted. */
  #aheadMs: number;

  constructor(
    engine: EventStream,
    lifecycle: Lifecycle,
    mark: (mark: Mark) => void,
    take: (event: EngineEvent) => void,
    clock: Clock,
    reporter: Reporter,
    timing: StreamTiming,
  ) {
    this.#engine = engine;
    this.#lifecycle = lifecycle;
    this.#mark = mark;
    this.#take = take;
    this.#clock = clock;
    this.#reporter = reporter;
    this.#timing = timing;
    this.#heardMs = clock.nowMs();
    this.#aheadMs = this.#readAheadMs();
  }

  /** For how long nothing came from the engine. */
  get silentMs(): number {
    return this.#clock.nowMs() - this.#heardMs;
  }

  /** Resolves when the stream has ended, however it did. */
  async listen(signal: AbortSignal): Promise<End> {
    const { idleMs, openMs, steadyMs } = this.#timing;
    const stream = new AbortController();
    const abort = (): void => {
      stream.abort();
    };
    signal.addEventListener('abort', abort);
    const life: { isIdle: boolean; isGood: boolean; openedMs: number | undefined } = {
      isIdle: false,
      isGood: false,
      openedMs: undefined,
    };
    let cancelTimer = this.#clock.after(openMs, abort);
    const awaitNext = (): void => {
      this.#heardMs = this.#clock.nowMs();
      cancelTimer();
      cancelTimer = this.#clock.after(idleMs, () => {
        life.isIdle = true;
        abort();
      });
    };
    let why = 'the engine closed it';
    try {
      const hasJumped = this.#forgetSinceIfJumped();
      await this.#engine.subscribe({
        signal: stream.signal,
        sinceS: this.#sinceMs === undefined ? undefined : Math.floor(this.#sinceMs / 1000),
        onOpen: () => {
          life.openedMs = this.#clock.nowMs();
          this.#markOpened(hasJumped);
          awaitNext();
        },
        onEvent: (event) => {
          awaitNext();
          // A replay repeats what came in the second that it starts from.
          if (!this.#recent.add(event)) return;
          life.isGood = true;
          this.#noteMoment(event.atMs);
          this.#take(event);
        },
      });
    } catch (error) {
      why = messageOf(error);
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', abort);
    }
    if (life.isIdle) return { kind: 'idle' };
    if (life.openedMs === undefined) {
      const isLate = stream.signal.aborted;
      return {
        kind: 'never opened',
        why: isLate ? `the engine did not answer within ${String(openMs / 1000)} s` : why,
      };
    }
    // It was there until just now.
    this.#heardMs = this.#clock.nowMs();
    return { kind: life.isGood || this.#heardMs - life.openedMs >= steadyMs ? 'lost' : 'died young', why };
  }

  /**
   * Answers the pause before the next try. An engine that accepts each stream and ends it is not asked for everything four
   * times a second.
   */
  noteLoss({ kind }: Lost): number {
    this.#isUp = false;
    this.#diedYoung = kind === 'died young' ? this.#diedYoung + 1 : 0;
    this.#refused = kind === 'never opened' ? this.#refused + 1 : 1;
    if (kind === 'never opened') return backoffMs(this.#refused, engineRetryMs);
    return backoffMs(Math.max(1, this.#diedYoung));
  }

  /** A renewal of an idle stream replays what may have been missed; only a true cut needs the whole list. */
  #markOpened(hasJumped: boolean): void {
    const isFirst = this.#sinceMs === undefined;
    if (isFirst) this.#noteMoment(this.#clock.unixMs());
    const wasUp = this.#isUp;
    this.#isUp = true;
    if (!wasUp) this.#reporter.report({ kind: 'watching' });
    if (wasUp && !hasJumped) return;
    if (!isFirst) this.#lifecycle.startOver();
    const reason = isFirst ? 'start' : wasUp ? 'clock jumped' : 'reconnected';
    this.#mark({ reason, stale: 'all', isUrgent: false, atMs: this.#clock.unixMs() });
  }

  /**
   * After a jump the last known moment may lie in the future, from where nothing is replayed. Everything is listed instead.
   */
  #forgetSinceIfJumped(): boolean {
    if (this.#sinceMs === undefined || Math.abs(this.#readAheadMs() - this.#aheadMs) < jumpMs) return false;
    this.#noteMoment(this.#clock.unixMs());
    return true;
  }

  /** The latest event's, not the greatest: the engine's clock may be put back. */
  #noteMoment(sinceMs: number): void {
    this.#sinceMs = sinceMs;
    this.#aheadMs = this.#readAheadMs();
  }

  #readAheadMs(): number {
    return this.#clock.unixMs() - this.#clock.nowMs();
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
