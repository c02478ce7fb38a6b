/** What the driver can do to the stack, as data: a plan is a list of these. */

/** Single containers, each with a way of its own to be asked whether it is well. */
export const slots = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6'] as const;
export type Slot = (typeof slots)[number];

/** Their `restart` policies differ, since an engine that comes back treats them differently. */
export const slotTraits: Readonly<
  Record<Slot, { readonly isChecked?: true; readonly restart: 'no' | 'always' | 'unless-stopped' }>
> = {
  m1: { restart: 'unless-stopped' },
  m2: { restart: 'always' },
  m3: { restart: 'no' },
  m4: { restart: 'unless-stopped' },
  m5: { restart: 'no' },
  // Has a HEALTHCHECK.
  m6: { restart: 'unless-stopped', isChecked: true },
};

export const pools = ['alpha', 'beta', 'gamma'] as const;

/** What a slot's container asks for: its `lb.*` labels, and what else makes a difference. */
export interface Profile {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Beside 8000, the port that every member listens on. */
  readonly exposes?: number;
  readonly project?: string;
  /** Nobody joins with it. */
  readonly isOdd?: true;
}

const asked = { 'lb.check': 'http:/health', 'lb.check.interval': '300ms', 'lb.check.timeout': '300ms' };

/** All of what the labels can say that changes who is in, on which address, or with which options. */
export const profiles: readonly Profile[] = [
  { name: 'alpha', labels: { 'lb.pool': 'alpha' } },
  { name: 'beta', labels: { 'lb.pool': 'beta' } },
  { name: 'two pools', labels: { 'lb.pool': 'alpha, gamma:8001' } },
  { name: 'other port', labels: { 'lb.pool': 'alpha', 'lb.port': '8001' } },
  { name: 'port in the pool', labels: { 'lb.pool': 'beta:8001' } },
  { name: 'backup', labels: { 'lb.backup': 'alpha' } },
  { name: 'backup by true', labels: { 'lb.pool': 'beta', 'lb.backup': 'true' } },
  { name: 'primary here, backup there', labels: { 'lb.pool': 'gamma', 'lb.backup': 'beta' } },
  { name: 'weight', labels: { 'lb.pool': 'alpha', 'lb.weight': '3', 'lb.max_fails': '2' } },
  { name: 'limited', labels: { 'lb.pool': 'gamma', 'lb.max_conns': '50', 'lb.keepalive': '4' } },
  { name: 'least_conn', labels: { 'lb.pool': 'beta', 'lb.method': 'least_conn' } },
  { name: 'asked', labels: { 'lb.pool': 'alpha', ...asked } },
  { name: 'asked in gamma', labels: { 'lb.pool': 'gamma', ...asked } },
  { name: 'unasked', labels: { 'lb.pool': 'beta', 'lb.check': 'none' } },
  { name: 'on the back network', labels: { 'lb.pool': 'alpha', 'lb.network': 'back' } },
  { name: 'several ports', labels: { 'lb.pool': 'gamma' }, exposes: 8001, isOdd: true },
  { name: 'several ports, one named', labels: { 'lb.pool': 'gamma', 'lb.port': '8000' }, exposes: 8001 },
  { name: 'bad weight', labels: { 'lb.pool': 'alpha', 'lb.weight': 'heavy' }, isOdd: true },
  { name: 'bad pool', labels: { 'lb.pool': 'al pha;' }, isOdd: true },
  { name: 'bad port', labels: { 'lb.pool': 'alpha', 'lb.port': '0x1f40' }, isOdd: true },
  { name: 'misspelt label', labels: { 'lb.pool': 'gamma', 'lb.wieght': '3' } },
  { name: 'no labels', labels: {}, isOdd: true },
  { name: 'foreign project', labels: { 'lb.pool': 'alpha' }, project: 'somebody-else', isOdd: true },
  { name: 'one-off', labels: { 'lb.pool': 'alpha', 'com.docker.compose.oneoff': 'True' }, isOdd: true },
];

export type Network = 'default' | 'back';
/** How a member answers: `failing` its checks alone, `hanging` everything. */
export type Mood = 'well' | 'failing' | 'hanging';

export type Operation =
  | {
      readonly kind: 'start' | 'stop' | 'kill' | 'pause' | 'unpause' | 'restart' | 'remove' | 'rename';
      readonly slot: Slot;
    }
  | { readonly kind: 'drain' | 'undrain'; readonly slot: Slot }
  /** Made anew with other labels, or made. */
  | { readonly kind: 'relabel'; readonly slot: Slot; readonly profile: string; readonly networks: readonly Network[] }
  | { readonly kind: 'connect' | 'disconnect'; readonly slot: Slot; readonly network: Network }
  | { readonly kind: 'flip health'; readonly slot: Slot; readonly mood: Mood }
  /** The service of the Compose file. */
  | { readonly kind: 'scale'; readonly count: number }
  | { readonly kind: 'recreate' }
  /** Of the site's hand-written configuration. */
  | { readonly kind: 'edit' };

/** What goes wrong around a step's operations. Faults that last end after the operations. */
export type Fault =
  /** So long after the last operation. */
  | { readonly kind: 'controller killed'; readonly afterMs: number }
  /** Right before its n-th act (a file's rename, a request, a command to nginx's shell) after the operations. */
  | { readonly kind: 'controller killed at an act'; readonly act: number }
  | { readonly kind: 'controller restarted' | 'controller recreated' }
  | { readonly kind: 'nginx killed' | 'nginx restarted' | 'nginx recreated' }
  | {
      readonly kind: 'engine stopped' | 'engine killed';
      readonly afterMs: number;
      readonly offMs: number;
      /** Ends while nobody watches, where containers outlive the engine. */
      readonly victim: Slot;
    }
  /** How the engine's next life is started. */
  | { readonly kind: 'live-restore'; readonly isOn: boolean }
  | { readonly kind: SocketFault; readonly forMs: number }
  | { readonly kind: 'disk full' | 'directory read-only' }
  | { readonly kind: 'directory lost' }
  | { readonly kind: 'clock jumps'; readonly hours: number }
  | { readonly kind: 'bad edit' };

export const socketFaults = [
  'socket cut',
  'socket frozen',
  'socket slow',
  'socket answers 500',
  'socket closes at once',
  'socket gone',
  'events dropped',
  'events repeated',
] as const;
export type SocketFault = (typeof socketFaults)[number];

/** Operations with, perhaps, a fault around them; then everything settles and is compared. */
export interface Step {
  readonly operations: readonly Operation[];
  readonly fault: Fault | undefined;
}

export function isSocketFault(fault: Fault): fault is Extract<Fault, { readonly kind: SocketFault }> {
  return socketFaults.some((kind) => kind === fault.kind);
}

export function describeOperation(operation: Operation): string {
  const { kind } = operation;
  if (kind === 'relabel') {
    return `relabel ${operation.slot} as "${operation.profile}" on ${operation.networks.join(' and ')}`;
  }
  if (kind === 'connect' || kind === 'disconnect') return `${kind} ${operation.slot} ${operation.network}`;
  if (kind === 'flip health') return `${operation.slot} is ${operation.mood}`;
  if (kind === 'scale') return `scale app to ${String(operation.count)}`;
  return 'slot' in operation ? `${kind} ${operation.slot}` : kind === 'recreate' ? 'recreate app' : 'edit the site';
}

export function describeFault(fault: Fault): string {
  const { kind, ...more } = fault;
  const details = Object.entries(more).map(([name, value]) => `${name} ${String(value)}`);
  return details.length === 0 ? kind : `${kind} (${details.join(', ')})`;
}
