import { profiles, slots, slotTraits, socketFaults } from './operations.ts';
import type { Fault, Mood, Network, Operation, Slot, Step } from './operations.ts';
import { Random } from './random.ts';

/** What is asked of a plan. */
export interface Wish {
  readonly seed: number;
  /** How many operations at least; faults come beside them. */
  readonly operations: number;
  /** The kinds of faults that may come: what the place the run is in can do. */
  readonly faults: readonly FaultKind[];
}

export const faultKinds = [
  'controller killed',
  'controller killed at an act',
  'controller restarted',
  'controller recreated',
  'nginx killed',
  'nginx restarted',
  'nginx recreated',
  'engine stopped',
  'engine killed',
  'live-restore',
  ...socketFaults,
  'disk full',
  'directory read-only',
  'directory lost',
  'clock jumps',
  'bad edit',
] as const satisfies readonly Fault['kind'][];
export type FaultKind = (typeof faultKinds)[number];

/** How often each comes beside the others. Engines take long to come back, the moments of a death are many. */
const faultWeights: Readonly<Record<FaultKind, number>> = {
  'controller killed': 6,
  'controller killed at an act': 12,
  'controller restarted': 2,
  'controller recreated': 2,
  'nginx killed': 3,
  'nginx restarted': 3,
  'nginx recreated': 2,
  'engine stopped': 3,
  'engine killed': 3,
  'live-restore': 2,
  'socket cut': 3,
  'socket frozen': 2,
  'socket slow': 2,
  'socket answers 500': 3,
  'socket closes at once': 3,
  'socket gone': 3,
  'events dropped': 3,
  'events repeated': 3,
  'disk full': 3,
  'directory read-only': 3,
  'directory lost': 3,
  'clock jumps': 4,
  'bad edit': 5,
};

/** Which part of the steps has a fault. */
const faultChance = 0.5;
/** Which part of the labels may be such that nobody joins; the others keep the pools filled. */
const oddChance = 0.4;
const regular = profiles.filter(({ isOdd }) => isOdd !== true);
const mostOperationsAtOnce = 7;
const mostReplicas = 3;

type State = 'absent' | 'running' | 'paused' | 'stopped';

interface Member {
  state: State;
  networks: readonly Network[];
  isDrained: boolean;
  isAsked: boolean;
  mood: Mood;
}

/**
 * The whole run, as data: a function of the wish alone, so that a seed replays it. Pure.
 *
 * It knows as much of the stack as it takes to choose what can be done; where the engine has meanwhile decided otherwise
 * (a restart policy), an operation finds nothing to do.
 */
export function makePlan({ seed, operations, faults }: Wish): readonly Step[] {
  const random = new Random(seed);
  const stage = new Stage(random);
  const steps: Step[] = [{ operations: stage.open(), fault: undefined }];
  let count = steps[0]?.operations.length ?? 0;
  const due = new Deck(random, faults);
  while (count < operations) {
    const fault = faults.length > 0 && random.chance(faultChance) ? stage.fault(due.draw()) : undefined;
    const wanted = random.between(1, Math.min(mostOperationsAtOnce, operations - count));
    const chosen: Operation[] = [];
    while (chosen.length < wanted) chosen.push(stage.choose(fault));
    steps.push({ operations: chosen, fault });
    if (fault !== undefined) stage.suffer(fault);
    count += chosen.length;
  }
  return steps;
}

/** Each kind once before any comes twice, then by weight: a short run sees most of them. */
class Deck {
  readonly #random: Random;
  readonly #weights: Readonly<Record<string, number>>;
  readonly #kinds: readonly FaultKind[];
  readonly #unseen: Set<FaultKind>;

  constructor(random: Random, kinds: readonly FaultKind[]) {
    this.#random = random;
    this.#kinds = kinds;
    this.#unseen = new Set(kinds);
    this.#weights = Object.fromEntries(kinds.map((kind) => [kind, faultWeights[kind]]));
  }

  draw(): FaultKind {
    const drawn = this.#random.weigh(this.#weights);
    const unseen = [...this.#unseen];
    const kind = unseen.length > 0 ? this.#random.pick(unseen) : this.#kinds.find((one) => one === drawn);
    if (kind === undefined) throw new RangeError(`no such fault: ${drawn}`);
    this.#unseen.delete(kind);
    return kind;
  }
}

/** Who is there, as the plan has it. */
class Stage {
  readonly #random: Random;
  readonly #members = new Map<Slot, Member>(
    slots.map((slot) => [
      slot,
      { state: 'absent', networks: ['default'], isDrained: false, isAsked: false, mood: 'well' },
    ]),
  );
  #replicas = 0;
  #isLiveRestore = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The first operations: somebody in each pool. */
  open(): readonly Operation[] {
    this.#replicas = 2;
    const first = ['alpha', 'backup', 'beta', 'asked in gamma'];
    const made = first.map((profile, index) => this.#relabel(slots[index] ?? 'm1', profile, ['default']));
    return [{ kind: 'scale', count: 2 }, ...made];
  }

  fault(kind: FaultKind): Fault {
    const random = this.#random;
    switch (kind) {
      case 'controller killed':
        return { kind, afterMs: random.between(0, 400) };
      case 'controller killed at an act':
        return { kind, act: random.between(1, 16) };
      case 'engine stopped':
      case 'engine killed':
        return {
          kind,
          afterMs: random.between(0, 300),
          offMs: random.between(200, 2500),
          victim: this.#pickWho(({ state }) => state === 'running') ?? 'm1',
        };
      case 'live-restore':
        return { kind, isOn: !this.#isLiveRestore };
      case 'socket frozen':
        return { kind, forMs: random.between(500, 6000) };
      case 'socket cut':
      case 'socket slow':
      case 'socket answers 500':
      case 'socket closes at once':
      case 'socket gone':
      case 'events dropped':
      case 'events repeated':
        return { kind, forMs: random.between(100, 2500) };
      case 'clock jumps':
        return { kind, hours: random.pick([-30, -3, -1, 1, 2, 48]) };
      case 'controller restarted':
      case 'controller recreated':
      case 'nginx killed':
      case 'nginx restarted':
      case 'nginx recreated':
      case 'disk full':
      case 'directory read-only':
      case 'directory lost':
      case 'bad edit':
        return { kind };
    }
  }

  /** What an engine that ends does to its containers. */
  suffer(fault: Fault): void {
    if (fault.kind === 'live-restore') this.#isLiveRestore = fault.isOn;
    if (fault.kind === 'directory lost') for (const member of this.#members.values()) member.isDrained = false;
    if (fault.kind !== 'engine stopped' && fault.kind !== 'engine killed') return;
    for (const [slot, member] of this.#members) {
      const isHit = !this.#isLiveRestore || slot === fault.victim;
      if (isHit && (member.state === 'running' || member.state === 'paused')) {
        member.state = slotTraits[slot].restart === 'no' ? 'stopped' : 'running';
      }
    }
  }

  choose(fault: Fault | undefined): Operation {
    for (;;) {
      const operation = this.#propose(fault);
      if (operation !== undefined) return operation;
    }
  }

  #propose(fault: Fault | undefined): Operation | undefined {
    const random = this.#random;
    const kind = random.weigh({
      start: 6,
      stop: 5,
      kill: 5,
      pause: 4,
      unpause: 6,
      restart: 4,
      remove: 3,
      rename: 2,
      relabel: 12,
      connect: 5,
      disconnect: 4,
      'flip health': 7,
      drain: 3,
      undrain: 4,
      scale: 5,
      recreate: 1,
      edit: 3,
    } satisfies Record<Operation['kind'], number>);
    switch (kind) {
      case 'start':
        return this.#change(kind, ({ state }) => state === 'stopped', { state: 'running' });
      case 'stop':
      case 'kill':
        return this.#change(kind, ({ state }) => state === 'running', { state: 'stopped' });
      case 'pause':
        return this.#change(kind, ({ state }) => state === 'running', { state: 'paused' });
      case 'unpause':
        return this.#change(kind, ({ state }) => state === 'paused', { state: 'running' });
      case 'restart':
      case 'rename':
        return this.#change(kind, ({ state }) => state === 'running', {});
      case 'remove':
        return this.#change(kind, ({ state }) => state !== 'absent', { state: 'absent', isDrained: false });
      case 'drain':
      case 'undrain': {
        // A drain answers whether it was done: nobody could say while the controller is being killed.
        if (fault !== undefined) return undefined;
        const isDrained = kind === 'undrain';
        const may = (one: Member): boolean => one.state === 'running' && one.isDrained === isDrained;
        return this.#change(kind, may, { isDrained: !isDrained });
      }
      case 'relabel': {
        const profile = random.pick(random.chance(oddChance) ? profiles : regular);
        const networks = random.pick<readonly Network[]>([['default'], ['default'], ['back'], ['back', 'default']]);
        return this.#relabel(random.pick(slots), profile.name, networks);
      }
      case 'connect':
      case 'disconnect': {
        const network = random.pick<Network>(['default', 'back']);
        const isOn = kind === 'disconnect';
        const slot = this.#pickWho(({ state, networks }) => state === 'running' && networks.includes(network) === isOn);
        if (slot === undefined) return undefined;
        const { networks } = this.#of(slot);
        this.#of(slot).networks = isOn ? networks.filter((one) => one !== network) : [...networks, network];
        return { kind, slot, network };
      }
      case 'flip health': {
        const may = ({ state, isAsked, mood }: Member): boolean => state === 'running' && (isAsked || mood !== 'well');
        const slot = this.#pickWho(may);
        if (slot === undefined) return undefined;
        const member = this.#of(slot);
        // Its HEALTHCHECK knows of nothing else.
        const ills: readonly Mood[] =
          slotTraits[slot].isChecked === true ? ['failing'] : ['failing', 'failing', 'hanging'];
        member.mood = member.mood === 'well' ? random.pick(ills) : 'well';
        return { kind, slot, mood: member.mood };
      }
      case 'scale': {
        const count = random.between(0, mostReplicas);
        if (count === this.#replicas) return undefined;
        this.#replicas = count;
        return { kind, count };
      }
      case 'recreate':
        return this.#replicas > 0 ? { kind } : undefined;
      case 'edit':
        return fault?.kind === 'bad edit' ? undefined : { kind };
    }
  }

  #relabel(slot: Slot, profile: string, networks: readonly Network[]): Operation {
    const labels = profiles.find(({ name }) => name === profile)?.labels ?? {};
    Object.assign(this.#of(slot), {
      state: 'running',
      networks,
      isDrained: false,
      isAsked: 'lb.check.interval' in labels || slotTraits[slot].isChecked === true,
    } satisfies Partial<Member>);
    return { kind: 'relabel', slot, profile, networks };
  }

  #change(
    kind: Extract<Operation, { readonly slot: Slot }>['kind'] & SimpleKind,
    may: (member: Member) => boolean,
    change: Partial<Member>,
  ): Operation | undefined {
    const slot = this.#pickWho(may);
    if (slot === undefined) return undefined;
    Object.assign(this.#of(slot), change);
    return { kind, slot };
  }

  #pickWho(may: (member: Member) => boolean): Slot | undefined {
    const able = [...this.#members].flatMap(([slot, member]) => (may(member) ? [slot] : []));
    return able.length === 0 ? undefined : this.#random.pick(able);
  }

  #of(slot: Slot): Member {
    const member = this.#members.get(slot);
    if (member === undefined) throw new RangeError(`there is no ${slot}`);
    return member;
  }
}

type SimpleKind =
  'start' | 'stop' | 'kill' | 'pause' | 'unpause' | 'restart' | 'remove' | 'rename' | 'drain' | 'undrain';
