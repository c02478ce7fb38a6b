import type { MemberStatus, ProblemStatus, TimelineEvent } from '../status-document.ts';

/**
 * What somebody looks for: all of these words, in any order; `state:WORD` asks for members in that state, `node:NAME` for
 * those on that node.
 */
export interface Query {
  readonly words: readonly string[];
  readonly states: readonly string[];
  readonly nodes: readonly string[];
}

const prefixes = { state: 'state:', node: 'node:' } as const;

/** Upper and lower case are the same. */
export function readQuery(text: string): Query {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const behind = (prefix: string): readonly string[] =>
    words.filter((word) => word.startsWith(prefix)).map((word) => word.slice(prefix.length));
  return {
    words: words.filter((word) => !Object.values(prefixes).some((prefix) => word.startsWith(prefix))),
    states: behind(prefixes.state),
    nodes: behind(prefixes.node),
  };
}

export function isEmpty({ words, states, nodes }: Query): boolean {
  return words.length === 0 && states.length === 0 && nodes.length === 0;
}

/** The text of the query with a state or a node added, or taken out where it was there. */
export function toggle(text: string, what: keyof typeof prefixes, name: string): string {
  const word = `${prefixes[what]}${name}`;
  const words = text.split(/\s+/).filter(Boolean);
  const rest = words.filter((other) => other.toLowerCase() !== word.toLowerCase());
  return (rest.length < words.length ? rest : [...rest, word]).join(' ');
}

export function matchesMember({ words, states, nodes }: Query, member: MemberStatus, pool: string): boolean {
  if (states.length > 0 && !states.some((state) => member.state.startsWith(state))) return false;
  // The whole name: node-1 is not node-10.
  if (nodes.length > 0 && !nodes.includes(member.node?.toLowerCase() ?? '')) return false;
  const { container, service, project, node, task, address, id, state, role, reason } = member;
  const ids = [id, task?.id, task?.containerId];
  return hasAll(words, [container, service, project, node, address, ...ids, state, role, reason, pool]);
}

export function matchesEvent({ words }: Query, { kind, text, container, pool }: TimelineEvent): boolean {
  return hasAll(words, [kind, text, container, pool]);
}

export function matchesProblem({ words }: Query, { container, node, label, message }: ProblemStatus): boolean {
  return hasAll(words, [container, node, label, message]);
}

function hasAll(words: readonly string[], texts: readonly (string | null | undefined)[]): boolean {
  if (words.length === 0) return true;
  const whole = texts.join(' ').toLowerCase();
  return words.every((word) => whole.includes(word));
}
