import type { Clock } from './ports.ts';

/** What a pass comes past, in this order; a pass that ends early, or has nothing to do, comes past fewer. */
export const stages = [
  /** The first of its marks was made. */
  'received',
  /** It began: nothing it waited for, nor another pass, was in the way any more. */
  'begun',
  /** The containers that had changed were looked at. */
  'inspected',
  /** New members had been asked, and text and digest were there. */
  'rendered',
  'written',
  'validated',
  'signalled',
  /** The old workers had been told to quit, or were left to their master. */
  'handedOver',
  'acknowledged',
] as const;

export type Stage = (typeof stages)[number];

/** When a pass came past its stages, in milliseconds since the earliest event that it was about. */
export type Stages = Readonly<Partial<Record<Stage, number>>>;

/** Carried through a pass, for those who want to know what took how long. */
export class Stopwatch {
  readonly #clock: Clock;
  readonly #eventMs: number;
  readonly #stages: Partial<Record<Stage, number>> = {};

  /** @param eventMs when the event happened, to the clock that never jumps */
  constructor(clock: Clock, eventMs: number) {
    this.#clock = clock;
    this.#eventMs = eventMs;
  }

  /** Of several nginx, the last one counts. */
  note(stage: Stage, atMs = this.#clock.nowMs()): void {
    this.#stages[stage] = atMs - this.#eventMs;
  }

  get stages(): Stages {
    return { ...this.#stages };
  }
}
