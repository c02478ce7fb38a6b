import type { Candidate } from './candidate.ts';
import type { LabelSet } from './labels.ts';
import type { Method, Problem, Protocol } from './model.ts';
import type { NginxBuild } from './nginx-build.ts';
import { printable } from './printable.ts';
import type { Contender } from './serving.ts';
import { listHashVariables, modulesOfVariables } from './values.ts';

/** Notes a problem of a candidate. */
export type Report = (candidate: Candidate, label: string, effect: Problem['effect'], message: string) => void;

/** Idle connections a worker keeps to a pool unless `lb.keepalive` says otherwise: nginx's own default since 1.29.7. */
const defaultKeepalive = 32;

const maxConsistentWeight = 100;

/** How many idle connections a worker keeps to the pool; a tcp or udp pool keeps none. */
export function chooseKeepalive(group: readonly Candidate[], protocol: Protocol, report: Report): number {
  if (protocol !== 'http') return 0;
  return agree(group, 'lb.keepalive', (labels) => labels.keepalive, String, report) ?? defaultKeepalive;
}

/**
 * The contenders with the weights that their pool can bear: nginx keeps 160 points for each unit of weight of a
 * consistently hashed pool, and sorts them at each test and reload (measured with 1.22: 65535 takes 330 MB and 2 s).
 */
export function boundWeights(group: readonly Contender[], method: Method, report: Report): readonly Contender[] {
  if (method.kind !== 'hash' || !method.consistent) return group;
  return group.map((contender) => {
    const { options } = contender.labels;
    if (options.weight === undefined || options.weight <= maxConsistentWeight) return contender;
    report(
      contender,
      'lb.weight',
      'ignored',
      `lb.weight: "${String(options.weight)}" would cost nginx much memory and time, since pool ${contender.request.pool} is hashed consistently; write ${String(maxConsistentWeight)} at most`,
    );
    return { ...contender, labels: { ...contender.labels, options: { ...options, weight: undefined } } };
  });
}

/** The method its members ask for, where the nginx that runs has it. */
export function chooseMethod(
  group: readonly Candidate[],
  protocol: Protocol,
  build: NginxBuild,
  report: Report,
): Method {
  const method = agree(group, 'lb.method', (labels) => labels.method, renderMethodWords, report) ?? {
    kind: 'round_robin',
  };
  const lacking = describeLacking(method, protocol, build);
  if (lacking === undefined) return method;
  for (const candidate of group.filter(({ labels }) => labels.method?.kind === method.kind)) {
    report(candidate, 'lb.method', 'ignored', `the nginx that runs has no ${lacking}; round_robin is used`);
  }
  return { kind: 'round_robin' };
}

function describeLacking(method: Method, protocol: Protocol, build: NginxBuild): string | undefined {
  const { methods, stream } = build;
  if (protocol === 'http') return methods.includes(method.kind) ? describeLackingVariable(method, build) : method.kind;
  if (stream?.methods.includes(method.kind) === false) return `${method.kind} for ${protocol} pools`;
  const preread = '$ssl_preread_server_name';
  return method.kind === 'hash' && method.key.includes(preread) && stream?.sslPreread === false ? preread : undefined;
}

function describeLackingVariable(method: Method, { variableModules }: NginxBuild): string | undefined {
  if (method.kind !== 'hash') return undefined;
  const lacking = listHashVariables(method.key).find((name) => {
    const module = modulesOfVariables.get(name);
    return module !== undefined && !variableModules.includes(module);
  });
  return lacking === undefined ? undefined : `$${lacking}`;
}

/** The oldest container's word on a label that belongs to the pool; those who say otherwise get a problem. */
function agree<T>(
  group: readonly Candidate[],
  label: string,
  read: (labels: LabelSet) => T | undefined,
  write: (value: T) => string,
  report: Report,
): T | undefined {
  const speaker = group.find(({ labels }) => read(labels) !== undefined);
  const value = speaker && read(speaker.labels);
  if (speaker === undefined || value === undefined) return undefined;
  for (const candidate of group) {
    const other = read(candidate.labels);
    if (other === undefined || write(other) === write(value)) continue;
    report(
      candidate,
      label,
      'ignored',
      `${label} belongs to pool ${candidate.request.pool}, and the older container ${printable(speaker.container.name)} says ` +
        `"${write(value)}"; write the same, or leave it out here`,
    );
  }
  return value;
}

/** A method as `lb.method` writes it. */
function renderMethodWords(method: Method): string {
  switch (method.kind) {
    case 'hash':
      return method.consistent ? `hash ${method.key} consistent` : `hash ${method.key}`;
    case 'random':
      return method.two ? 'random two' : 'random';
    case 'round_robin':
    case 'least_conn':
    case 'ip_hash':
      return method.kind;
  }
}
