import type { MemberStatus, ProblemStatus, TimelineEvent } from '../status-document.ts';

/** What somebody looks for: all of these words, in any order; `state:WORD` asks for members in that state. */
export interface Query {
  readonly words: readonly string[];
  readonly states: readonly string[];
}

const statePrefix = 'state:';

/** Upper and lower case are the same. */
export function readQuery(text: string): Query {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return {
    words: words.filter((word) => !word.startsWith(statePrefix)),
    states: words.filter((word) => word.startsWith(statePrefix)).map((word) => word.slice(statePrefix.length)),
  };
}

export function isEmpty({ words, states }: Query): boolean {
  return words.length === 0 && states.length === 0;
}

/** The text of the query with a state added, or taken out where it was there. */
export function toggleState(text: string, state: string): string {
  const word = `${statePrefix}${state}`;
  const words = text.split(/\s+/).filter(Boolean);
  const rest = words.filter((other) => other.toLowerCase() !== word);
  return (rest.length < words.length ? rest : [...rest, word]).join(' ');
}

export function matchesMember({ words, states }: Query, member: MemberStatus, pool: string): boolean {
  if (states.length > 0 && !states.some((state) => member.state.startsWith(state))) return false;
  const { container, service, project, address, id, state, role, reason } = member;
  return hasAll(words, [container, service, project, address, id, state, role, reason, pool]);
}

export function matchesEvent({ words }: Query, { kind, text, container, pool }: TimelineEvent): boolean {
  return hasAll(words, [kind, text, container, pool]);
}

export function matchesProblem({ words }: Query, { container, label, message }: ProblemStatus): boolean {
  return hasAll(words, [container, label, message]);
}

function hasAll(words: readonly string[], texts: readonly (string | null | undefined)[]): boolean {
  if (words.length === 0) return true;
  const whole = texts.join(' ').toLowerCase();
  return words.every((word) => whole.includes(word));
}
