import { constants } from 'node:os';

import type { Departure } from '../core/model.ts';
import { eventAgeMs, recallS } from './event-age.ts';
import { AppError } from './ports.ts';
import type { Clock, Engine, EngineEvent } from './ports.ts';

/** These stop a container whatever its own stop signal is. */
const stopSignals: ReadonlySet<number> = new Set([constants.signals.SIGTERM, constants.signals.SIGKILL]);

/** The wall clock may move that much against the other without moving every time that was told by it. */
const driftMs = 20;

/** Two machines' clocks are seldom nearer. */
const slackMs = 1000;

/** What a pass needs of it, be it of one engine or of several. */
export type Lives = Pick<Lifecycle, 'recall' | 'forgetAllBut' | 'departures' | 'lives'>;

interface Life {
  /** When the latest event of its life happened, by the engine's clock. */
  readonly atMs: number;
  readonly startedAtMs: number | undefined;
  readonly departure: { readonly kind: 'signalled' | 'ended'; readonly beganMs: number } | undefined;
}

/**
 * What only events tell of containers: who was told to stop and still runs, who has just ended, and who has been started
 * anew. The engine lists none of that, or lists it later. A lost event costs what it would have saved, never correctness:
 * whoever was told to stop ends soon, and the list says so.
 */
export class Lifecycle {
  readonly #engine: Pick<Engine, 'listEvents' | 'readStopSignal'>;
  readonly #clock: Clock;
  readonly #leavesEarly: boolean;
  readonly #lives = new Map<string, Life>();
  /** When each present life began: as it was told last, until something else is. */
  #startedAtMs: ReadonlyMap<string, number> | undefined;
  /** The same of departures, and by how much the wall clock was ahead of the other then. */
  #departures: { readonly told: ReadonlyMap<string, Departure>; readonly aheadMs: number } | undefined;
  readonly #ownSignals = new Map<string, number | undefined>();
  #recalling: Promise<void> | undefined;

  /** @param leavesEarly LBWATCH_LEAVE_EARLY: whether a stop signal counts */
  constructor(engine: Pick<Engine, 'listEvents' | 'readStopSignal'>, clock: Clock, leavesEarly: boolean) {
    this.#engine = engine;
    this.#clock = clock;
    this.#leavesEarly = leavesEarly;
  }

  /** Learns, once, what happened before this controller was there to see it. Not to learn it is no failure. */
  recall(): Promise<void> {
    this.#recalling ??= this.#recall();
    return this.#recalling;
  }

  /** Learns from an event. Answers whether it was a container's call to stop, at once where the engine need not be asked. */
  note(event: EngineEvent): boolean | Promise<boolean> {
    const known = this.#lives.get(event.containerId);
    if (event.action === 'start' || event.action === 'die' || event.action === 'destroy') {
      if (this.#isOutdated(event, known)) return false;
      const { atMs } = event;
      const life: Life =
        event.action === 'start'
          ? { atMs, startedAtMs: atMs, departure: undefined }
          : { atMs, startedAtMs: known?.startedAtMs, departure: { kind: 'ended', beganMs: this.#whenMs(event) } };
      this.#lives.set(event.containerId, life);
      this.#forgetTold();
      return false;
    }
    if (event.action !== 'kill' || event.signal === undefined || !this.#leavesEarly) return false;
    if (stopSignals.has(event.signal)) return this.#noteStop(event);
    return this.#isOwnSignal(event.containerId, event.signal).then((isOwn) => isOwn && this.#noteStop(event));
  }

  /**
   * Who was told to stop, or has ended, by container id, and since when by the wall clock of now. The same map for as long
   * as nothing has changed.
   */
  get departures(): ReadonlyMap<string, Departure> {
    const aheadMs = this.#clock.unixMs() - this.#clock.nowMs();
    const before = this.#departures;
    if (before !== undefined && Math.abs(aheadMs - before.aheadMs) <= driftMs) return before.told;
    const told = new Map<string, Departure>();
    for (const [id, { departure }] of this.#lives) {
      if (departure === undefined) continue;
      told.set(id, { kind: departure.kind, sinceMs: Math.round(departure.beganMs + aheadMs) });
    }
    this.#departures = { told, aheadMs };
    return told;
  }

  /** When each container's present life began, as far as an event told. */
  get lives(): ReadonlyMap<string, number> {
    if (this.#startedAtMs !== undefined) return this.#startedAtMs;
    const started = new Map<string, number>();
    for (const [id, { startedAtMs }] of this.#lives) if (startedAtMs !== undefined) started.set(id, startedAtMs);
    this.#startedAtMs = started;
    return started;
  }

  /** Events may have been missed: what they told before is asked for again, as far as the engine remembers. */
  startOver(): void {
    this.#lives.clear();
    this.#forgetTold();
    this.#recalling = undefined;
  }

  /** Forgets all containers but these. */
  forgetAllBut(ids: ReadonlySet<string>): void {
    for (const known of [this.#lives, this.#ownSignals]) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    }
    this.#forgetTold();
  }

  #forgetTold(): void {
    this.#startedAtMs = undefined;
    this.#departures = undefined;
  }

  async #recall(): Promise<void> {
    if (!this.#leavesEarly) return;
    try {
      const events = await this.#engine.listEvents(Math.floor(this.#clock.unixMs() / 1000) - recallS);
      for (const event of events) await this.note(event);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }

  /** Asking may have taken a moment: it may have ended, or started anew, meanwhile. */
  #noteStop(event: EngineEvent): boolean {
    const { containerId, atMs } = event;
    const known = this.#lives.get(containerId);
    if (this.#isOutdated(event, known)) return false;
    const departure =
      known?.departure?.kind === 'signalled'
        ? known.departure
        : ({ kind: 'signalled', beganMs: this.#whenMs(event) } as const);
    this.#lives.set(containerId, { atMs, startedAtMs: known?.startedAtMs, departure });
    this.#forgetTold();
    return true;
  }

  /** A replay, or the past that was asked for, may tell of it late. What is known of the future was told before a jump. */
  #isOutdated({ atMs }: EngineEvent, known: Life | undefined): boolean {
    return known !== undefined && atMs < known.atMs && known.atMs <= this.#clock.unixMs() + slackMs;
  }

  /** By the clock that never jumps. */
  #whenMs({ atMs }: EngineEvent): number {
    return this.#clock.nowMs() - eventAgeMs(this.#clock, atMs);
  }

  async #isOwnSignal(containerId: string, signal: number): Promise<boolean> {
    try {
      if (!this.#ownSignals.has(containerId)) {
        this.#ownSignals.set(containerId, await this.#engine.readStopSignal(containerId));
      }
      return this.#ownSignals.get(containerId) === signal;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }
}
