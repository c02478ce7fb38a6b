import type { MemberStatus, PoolStatus, StatusDocument, TimelineEvent } from '../../src/report/status-document.ts';

const digest = '3f9ac81be02d7745c1f0a9e6b8d2534417cc90aa5be1f2d3860e7b1a2c4d5e6f';

/** A moment so many seconds ago. */
export function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

/** A primary that is in, unless said otherwise. Members with the same number of a service are the same container. */
export function member(service: string, number: number, changes: Partial<MemberStatus> = {}): MemberStatus {
  const id = Buffer.from(`${service}-${String(number)}`)
    .toString('hex')
    .slice(-12)
    .padStart(12, '0');
  return {
    container: `shop-${service}-${String(number)}`,
    id,
    service,
    project: 'shop',
    node: null,
    task: null,
    role: 'primary',
    address: `172.20.${String(Math.floor(number / 250))}.${String((number % 250) + 4)}:8000`,
    state: 'ready',
    isIn: true,
    reason: 'its port answers',
    since: ago(60 * number),
    ...changes,
  };
}

export function members(service: string, count: number): readonly MemberStatus[] {
  return Array.from({ length: count }, (_, index) => member(service, index + 1));
}

export function pool(name: string, list: readonly MemberStatus[], changes: Partial<PoolStatus> = {}): PoolStatus {
  return { name, protocol: 'http', method: 'round_robin', members: [...list], ...changes };
}

/** One nginx in step, unless said otherwise. */
export function status(changes: Partial<StatusDocument> = {}): StatusDocument {
  return {
    lbwatch: { version: '0.1.0', startedAt: ago(7200), project: 'shop' },
    ready: true,
    staleSince: null,
    stream: 'up',
    digest,
    outcome: { kind: 'applied', at: ago(12), sinceEventMs: 83 },
    nginx: [{ name: 'shop-nginx-1', answersAt: '172.20.0.3:9181', version: '1.26.3', digest, inStep: true }],
    pools: [],
    outside: [],
    problems: [],
    notes: [],
    ...changes,
  };
}

let lastId = 0;

export function event(kind: TimelineEvent['kind'], text: string, changes: Partial<TimelineEvent> = {}): TimelineEvent {
  lastId += 1;
  return { id: lastId, at: ago(0), kind, text, ...changes };
}

/** Of a pass that took so long in all. */
export function stagesOf(totalMs: number): Readonly<Record<string, number>> {
  const shares = {
    received: 0.02,
    begun: 0.08,
    inspected: 0.2,
    rendered: 0.26,
    written: 0.3,
    validated: 0.55,
    signalled: 0.6,
    handedOver: 0.78,
    acknowledged: 1,
  };
  return Object.fromEntries(Object.entries(shares).map(([stage, share]) => [stage, totalMs * share]));
}
