import { messageOf } from '../core/error-words.ts';
import { hasPoolLabel } from '../core/labels.ts';
import type { Container } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import { asElsewhere, asHere, asLastSeen, worthRemembering } from '../core/whereabouts.ts';
import type { Mark } from './dirty.ts';
import { Inventory } from './inventory.ts';
import type { EngineStanding, Stale } from './inventory.ts';
import { Lifecycle } from './lifecycle.ts';
import { engineRetryMs } from './outcome.ts';
import { AppError } from './ports.ts';
import type { Clock, Engine, Report, SeenStore } from './ports.ts';

/** One of several engines, and what a {@link Host} is told of it. */
export interface HostOptions {
  /** As LBWATCH_ENGINES has it. */
  readonly name: string;
  readonly engine: Engine;
  /** Whoever is on the way there can read and change what is said: TCP without TLS. */
  readonly isExposed: boolean;
  /** LBWATCH_LEAVE_EARLY. */
  readonly leavesEarly: boolean;
  /** The id of lbwatch's own container, or its beginning. */
  readonly selfId: string | undefined;
}

/** What all of them share. */
export interface HostSurroundings {
  readonly clock: Clock;
  readonly store: SeenStore;
  /** Makes a pass due. */
  readonly mark: (mark: Mark) => void;
}

/** Since when an engine does not answer, Unix milliseconds, and why, as it was said first. */
interface Trouble {
  readonly sinceMs: number;
  readonly why: string;
}

/**
 * One of several engines: what is known of its containers, for as long as it answers and afterwards. It fails alone: looks
 * at it never throw what an engine says.
 */
export class Host {
  readonly name: string;
  readonly engine: Engine;
  readonly lifecycle: Lifecycle;
  readonly #options: HostOptions;
  readonly #around: HostSurroundings;
  readonly #inventory: Inventory;
  /** What was made of a container, so that the same stays the same. */
  readonly #placed = new WeakMap<Container, Container>();
  readonly #old = new WeakMap<Container, Container>();
  #stale: Stale = 'all';
  #looking: Promise<void> | undefined;
  #stream: 'unknown' | 'up' | 'down' = 'unknown';
  #trouble: Trouble | undefined;
  #isHome = false;
  /** As the engine, or the memory, told last; undefined where neither has told anything. */
  #told: readonly Container[] | undefined;
  #hasAnswered = false;
  /** The list that {@link containers} was made of, and what came of it. */
  #shown:
    { readonly of: readonly Container[]; readonly isOld: boolean; readonly list: readonly Container[] } | undefined;
  #memoryNote: string | undefined;
  #writing: Promise<void> = Promise.resolve();
  #written: string | undefined;
  #remembers = false;

  constructor(options: HostOptions, around: HostSurroundings) {
    const { name, engine, leavesEarly } = options;
    this.name = name;
    this.engine = engine;
    this.#options = options;
    this.#around = around;
    this.#inventory = new Inventory(engine);
    this.lifecycle = new Lifecycle(engine, around.clock, leavesEarly);
  }

  /** As last seen, and said to be so where the engine does not answer; undefined where nothing is known. */
  get containers(): readonly Container[] | undefined {
    if (this.#told === undefined) return undefined;
    const isOld = this.isAway;
    if (this.#shown?.of !== this.#told || this.#shown.isOld !== isOld) {
      const place = this.#isHome ? asHere : asElsewhere;
      const placed = this.#told.map((one) => keep(this.#placed, one, place));
      const list = isOld ? placed.map((one) => keep(this.#old, one, asLastSeen)) : placed;
      this.#shown = { of: this.#told, isOld, list };
    }
    return this.#shown.list;
  }

  get standing(): EngineStanding {
    return { name: this.name, awaySinceMs: this.#trouble?.sinceMs };
  }

  /** Whether it is known not to answer. */
  get isAway(): boolean {
    return this.#trouble !== undefined;
  }

  /** Whether it has told of its containers since lbwatch was started. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Why it does not answer; undefined where it does. */
  get why(): string | undefined {
    return this.#trouble?.why;
  }

  /** Whether it may be asked: who does not even take a subscription is not asked for more. */
  get isWorthAsking(): boolean {
    return this.#stream !== 'down';
  }

  /** What a person should know about it, a line each. */
  get notes(): readonly string[] {
    const notes = this.#memoryNote === undefined ? [] : [this.#memoryNote];
    if (this.#trouble !== undefined) notes.push(this.#describeTrouble(this.#trouble));
    if (this.#options.isExposed && this.#hasAnswered && !this.#isHome) {
      notes.push(
        `engine ${printable(this.name)} is spoken to without TLS: whoever is on the way can be root there, and choose where nginx sends requests; use its TLS port and DOCKER_CERT_PATH (SECURITY.md)`,
      );
    }
    return notes;
  }

  find(containerId: string): Container | undefined {
    if (this.#hasAnswered) return this.#inventory.find(containerId);
    return this.#told?.find(({ id }) => id === containerId);
  }

  /** Notes what is to be looked at again. */
  take(stale: Stale): void {
    if (stale === 'all' || this.#stale === 'all') this.#stale = 'all';
    else if (stale.size > 0) this.#stale = new Set([...this.#stale, ...stale]);
  }

  /**
   * Looks at what is stale, where the engine may answer. Resolves when that has ended, however it did; where a look is under
   * way, when that has, and what has become stale meanwhile still is.
   */
  look(): Promise<void> {
    if (this.#looking !== undefined) return this.#looking;
    if (!this.isWorthAsking || (this.#stale !== 'all' && this.#stale.size === 0)) return Promise.resolve();
    const stale = this.#stale;
    this.#stale = new Set();
    this.#looking = this.#look(stale).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Learns what was last seen of it, once, for as long as it says nothing itself. */
  async recollect(): Promise<void> {
    const { containers, note } = await this.#around.store.read(this.name);
    this.#memoryNote = note;
    this.#told ??= containers;
  }

  /** From now on what is seen is written down. */
  keepMemory(): void {
    this.#remembers = true;
  }

  /** Resolves when what was seen is written. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  /** Learns how its event stream is; a mark follows where that changes what others should think of it. */
  note(report: Report): void {
    if (report.kind === 'watching') this.#stream = 'up';
    if (report.kind !== 'cut') return;
    // Whoever comes back at once was not away.
    const isNews = this.#stream !== 'up' && !this.isAway;
    this.#stream = 'down';
    this.#stale = 'all';
    if (isNews) this.#lose(report.why, report.silentMs);
  }

  async #look(stale: Stale): Promise<void> {
    try {
      this.#hear(await this.#inventory.refresh(stale));
    } catch (error) {
      this.#stale = 'all';
      if (!(error instanceof AppError)) throw error;
      if (!this.isAway) this.#lose(messageOf(error), 0);
      // Where the stream is down, it tells when it is up again.
      if (this.#stream === 'up')
        this.#around.clock.after(engineRetryMs, () => {
          this.#mark('retry');
        });
    }
  }

  #hear(containers: readonly Container[]): void {
    const { selfId } = this.#options;
    const hasChanged = this.#told !== containers;
    this.#trouble = undefined;
    // What was remembered is of no use any more.
    if (!this.#hasAnswered) this.#memoryNote = undefined;
    this.#hasAnswered = true;
    this.#told = containers;
    if (!hasChanged) return;
    this.#isHome ||= selfId !== undefined && containers.some(({ id }) => id.startsWith(selfId));
    this.#remember();
  }

  #lose(why: string, silentMs: number): void {
    this.#trouble = { sinceMs: this.#around.clock.unixMs() - silentMs, why };
    this.#mark('engine lost');
  }

  #mark(reason: string): void {
    this.#around.mark({ reason, stale: new Set(), isUrgent: false, atMs: this.#around.clock.unixMs() });
  }

  /** Beside the pass, one write after the other; what could not be written is with the next change. */
  #remember(): void {
    if (!this.#remembers) return;
    const worth = worthRemembering(
      this.#told?.map((one) => keep(this.#placed, one, this.#isHome ? asHere : asElsewhere)) ?? [],
    );
    const text = JSON.stringify(worth);
    if (text === this.#written) return;
    this.#written = text;
    this.#writing = this.#writing.then(async () => {
      if (text !== this.#written) return;
      try {
        await this.#around.store.write(this.name, worth);
        this.#memoryNote = undefined;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        this.#written = undefined;
        this.#memoryNote = error.message;
      }
    });
  }

  #describeTrouble({ sinceMs, why }: Trouble): string {
    const since = new Date(sinceMs).toISOString();
    const members = this.#told?.filter(hasPoolLabel).length;
    const rest =
      members === undefined
        ? 'nothing is remembered of it: its members are out until it answers'
        : `its members (${String(members)}) stay as they were last seen, for as long as their checks answer`;
    return `engine ${printable(this.name)} does not answer since ${since}; ${rest} (${why})`;
  }
}

/** Of several that have, or had, a container the one that answers; undefined where none does. */
export function findOwner(hosts: readonly Host[], containerId: string): Host | undefined {
  const owners = hosts.filter((host) => host.find(containerId) !== undefined);
  return owners.find(({ isAway }) => !isAway) ?? owners[0];
}

function keep(
  known: WeakMap<Container, Container>,
  one: Container,
  make: (container: Container) => Container,
): Container {
  const made = known.get(one) ?? make(one);
  known.set(one, made);
  return made;
}
