import { findByAddress, findByName } from '../core/find-container.ts';
import { parseLabels } from '../core/labels.ts';
import type { Container, Drain, Membership } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import { Connections } from './connections.ts';
import type { Mark } from './dirty.ts';
import type { Stale } from './inventory.ts';
import { isConfirmed } from './outcome.ts';
import type { Pass, PassWatch } from './pass-watch.ts';
import { pause } from './pause.ts';
import type { Clock, DrainStore } from './ports.ts';
import type { Plan } from './reconcile.ts';

/** Longer than the slowest pass that succeeds: the first one waits for checks, each one for nginx's workers. */
const defaultAcknowledgeMs = 15_000;
const firstPauseMs = 100;
const longestPauseMs = 500;

/** Why nothing can be said or done about a container. One line that says what to do. */
export class Refusal extends Error {
  readonly kind: 'unknown' | 'ambiguous' | 'no member' | 'not yours' | 'unavailable' | 'late';

  constructor(kind: Refusal['kind'], message: string) {
    super(message);
    this.name = 'Refusal';
    this.kind = kind;
  }
}

/** How far a container's drain has come. */
export interface DrainStatus {
  readonly isDrained: boolean;
  /** Every nginx that runs has acknowledged a configuration without it. */
  readonly isAcknowledged: boolean;
  /** How many connections nginx still has to it; undefined where that cannot be told. */
  readonly connections: number | undefined;
  /** How long it is given, as its `lb.drain` says. */
  readonly drainMs: number;
}

/**
 * Takes members out by request and brings them back: writes the request down, has a pass run, and answers when nginx
 * has acknowledged. What is refused is thrown as a {@link Refusal}.
 */
export class Drainer {
  readonly #store: DrainStore;
  readonly #passes: PassWatch;
  readonly #mark: (mark: Mark) => void;
  readonly #clock: Clock;
  readonly #acknowledgeMs: number;
  readonly #connections: Connections;

  constructor(
    store: DrainStore,
    passes: PassWatch,
    mark: (mark: Mark) => void,
    clock: Clock,
    acknowledgeMs = defaultAcknowledgeMs,
  ) {
    this.#store = store;
    this.#passes = passes;
    this.#mark = mark;
    this.#clock = clock;
    this.#acknowledgeMs = acknowledgeMs;
    this.#connections = new Connections(() => passes.latest?.found.targets ?? []);
  }

  /** The container of this name or id; one that nobody has heard of is looked for once more. */
  async find(wanted: string): Promise<Container> {
    const { containers } = await this.#firstPlan();
    const known = findByName(containers, wanted);
    const found = known.length > 0 ? known : findByName((await this.#lookAgain()).containers, wanted);
    const [only, ...others] = found;
    if (only === undefined) {
      throw new Refusal('unknown', `no container is called ${printable(wanted)}; lbwatch explain lists them`);
    }
    if (others.length === 0) return only;
    throw new Refusal('ambiguous', describeAmbiguity(wanted, found));
  }

  /** The container that asks from this address; undefined where it belongs to none that runs. */
  async findByAddress(address: string): Promise<Container | undefined> {
    const { containers, found } = await this.#firstPlan();
    return findByAddress(containers, address, found.ownReach);
  }

  /** Resolves when nginx sends it nothing new. A drain by hand stays one, whoever asks again. */
  async drain(container: Container, kind: Drain['kind']): Promise<void> {
    const { id, name } = container;
    const plan = await this.#planWith(container);
    const rows = rowsOf(plan, id);
    if (!rows.some(({ pool }) => pool !== undefined)) {
      const why = rows[0]?.reason ?? 'nothing is known of it';
      throw new Refusal('no member', `${printable(name)} is in no pool and asks for none: ${why}`);
    }
    const known = (await this.#store.read()).drains.get(id);
    const isNew = known === undefined || (known.kind === 'withdrawn' && kind === 'drained');
    const { confirmed } = this.#passes;
    if (!isNew && confirmed !== undefined && isOut(confirmed, id)) return;
    if (isNew) await this.#store.write(id, { kind, sinceMs: this.#clock.unixMs() });
    const consequence = `the drain of ${printable(name)} is noted, and holds from the next pass that succeeds`;
    await this.#nextPass('drain', new Set([id]), consequence, (pass) =>
      isConfirmed(pass.outcome) && pass.plan !== undefined && isOut(pass.plan, id) ? pass.plan : undefined,
    );
  }

  /** Resolves, when nginx has acknowledged, to where the container is now; the checks may not have let it in yet. */
  async undrain(container: Container, by: Drain['kind']): Promise<readonly Membership[]> {
    const { id, name } = container;
    const known = (await this.#store.read()).drains.get(id);
    if (known?.kind === 'drained' && by === 'withdrawn') {
      throw new Refusal(
        'not yours',
        `${printable(name)} was drained by hand; only lbwatch undrain beside the controller ends that`,
      );
    }
    await this.#store.remove(id);
    const consequence = `the drain of ${printable(name)} has ended, which holds from the next pass that succeeds`;
    const plan = await this.#nextPass('undrain', new Set([id]), consequence, (pass) =>
      isConfirmed(pass.outcome) && pass.plan !== undefined && !isDrained(pass.plan, id) ? pass.plan : undefined,
    );
    return rowsOf(plan, id);
  }

  async status(container: Container): Promise<DrainStatus> {
    const { id, state } = container;
    const { drains } = await this.#store.read();
    const { latest, confirmed } = this.#passes;
    const rows = latest === undefined ? [] : rowsOf(latest, id);
    const addresses = rows.flatMap(({ address }) => address ?? []);
    // The tables tell of TCP only.
    const isTold = !rows.some(({ pool }) =>
      latest?.desired.pools.some(({ name, protocol }) => name === pool && protocol === 'udp'),
    );
    // Where nothing runs, nothing is in work.
    const hasStopped = state !== 'running' && state !== 'paused';
    return {
      isDrained: drains.has(id),
      isAcknowledged: confirmed !== undefined && isOut(confirmed, id),
      connections: hasStopped ? 0 : isTold ? await this.#connections.count([...new Set(addresses)]) : undefined,
      drainMs: parseLabels(container).drainMs,
    };
  }

  /**
   * Resolves when no connection is left, when the time is up, or when the drain ended. Twice in a row must there be none:
   * a request that nginx took just before the reload may be on its way to the member.
   */
  async awaitQuiet(container: Container, withinMs: number, signal: AbortSignal): Promise<DrainStatus> {
    const deadlineMs = this.#clock.nowMs() + withinMs;
    let wasQuiet = false;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
      const status = await this.status(this.#current(container));
      const isQuiet = status.connections === 0;
      const leftMs = deadlineMs - this.#clock.nowMs();
      if ((isQuiet && wasQuiet) || !status.isDrained || leftMs <= 0 || signal.aborted) return status;
      wasQuiet = isQuiet;
      await pause(this.#clock, Math.min(isQuiet ? firstPauseMs : pauseMs, leftMs), signal);
    }
  }

  /** As it was seen last. One that is gone has stopped. */
  #current(container: Container): Container {
    const seen = this.#passes.latest?.containers.find(({ id }) => id === container.id);
    return seen ?? { ...container, state: 'removing' };
  }

  async #firstPlan(): Promise<Plan> {
    return this.#passes.latest ?? this.#lookAgain();
  }

  /** A plan that knows a container which may be newer than the latest. */
  async #planWith({ id }: Container): Promise<Plan> {
    const plan = await this.#firstPlan();
    return plan.containers.some((one) => one.id === id) ? plan : this.#lookAgain();
  }

  #lookAgain(): Promise<Plan> {
    return this.#nextPass('a container is asked for', 'all', 'ask again', ({ plan }) => plan);
  }

  /**
   * Has a pass run, and resolves to what `judge` makes of one that ends from now on; one that was under way may do. A
   * pass for this reason that fails ends the wait.
   */
  #nextPass<T>(reason: string, stale: Stale, consequence: string, judge: (pass: Pass) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        endWatch();
        cancel();
      };
      const endWatch = this.#passes.onPass((pass) => {
        const result = judge(pass);
        const { outcome } = pass;
        if (result !== undefined) resolve(result);
        else if ('message' in outcome && pass.reasons.includes(reason)) {
          reject(new Refusal('unavailable', `${outcome.message}; ${consequence}`));
        } else return;
        finish();
      });
      const cancel = this.#clock.after(this.#acknowledgeMs, () => {
        finish();
        const late = `nginx has not acknowledged within ${String(this.#acknowledgeMs / 1000)} s`;
        reject(new Refusal('late', `${late}; ${consequence}; lbwatch doctor says what is in the way`));
      });
      this.#mark({ reason, stale, isUrgent: true, atMs: this.#clock.unixMs() });
    });
  }
}

/** As `docker ps` shows ids. */
const shortIdLength = 12;
/** One name may be on each of many machines. */
const mostListed = 10;

function describeAmbiguity(wanted: string, found: readonly Container[]): string {
  const who = printable(wanted);
  if (new Set(found.map(({ name }) => name)).size > 1) {
    return `the ids of several containers begin with ${who}; write more of it`;
  }
  const listed = found.slice(0, mostListed).map(({ id, node }) => {
    return `${id.slice(0, shortIdLength)}${node === undefined ? '' : ` on ${printable(node)}`}`;
  });
  const others = found.length - listed.length;
  const more = others === 0 ? [] : [`and ${String(others)} more`];
  return `several containers are called ${who}; write the id of the one you mean: ${[...listed, ...more].join(', ')}`;
}

function rowsOf({ desired }: Plan, id: string): readonly Membership[] {
  return desired.memberships.filter(({ containerId }) => containerId === id);
}

function isDrained({ departures }: Plan, id: string): boolean {
  const kind = departures.get(id)?.kind;
  return kind === 'drained' || kind === 'withdrawn';
}

/** Drained, and in no pool. */
function isOut(plan: Plan, id: string): boolean {
  return isDrained(plan, id) && !rowsOf(plan, id).some(({ state }) => state === 'in');
}
