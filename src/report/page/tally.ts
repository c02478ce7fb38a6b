import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';

import type { MemberStatus } from '../status-document.ts';
import { renderShape } from './shape.ts';

type State = MemberStatus['state'];

/** In the order in which they are told. */
const states: readonly State[] = ['ready', 'serving', 'standby', 'starting', 'draining', 'unhealthy', 'out'];

const words: Readonly<Record<State, string>> = {
  ready: 'ready',
  serving: 'backup serving',
  standby: 'standing by',
  starting: 'starting',
  draining: 'draining',
  unhealthy: 'unhealthy',
  out: 'out',
};

/** How many members are in which state. */
export function renderTally(members: readonly MemberStatus[]): TemplateResult {
  return html`<ul class="tally">
    ${count(members).map(
      ([state, number]) =>
        html`<li class=${state}>${renderShape(state)} ${number.toLocaleString('en')} ${words[state]}</li>`,
    )}
  </ul>`;
}

/**
 * The same for all pools: the key to the shapes, and by a click the search for a state.
 *
 * @param asked the states that are searched for now
 */
export function renderKey(
  members: readonly MemberStatus[],
  asked: readonly string[],
  toggle: (state: State) => void,
): TemplateResult | typeof nothing {
  if (members.length === 0) return nothing;
  return html`<ul class="tally key" aria-label="Members by state">
    ${count(members).map(
      ([state, number]) =>
        html`<li class=${state}>
          <button
            type="button"
            aria-pressed=${asked.includes(state)}
            title="Show only these"
            @click=${() => {
              toggle(state);
            }}
          >
            ${renderShape(state)} ${number.toLocaleString('en')} ${words[state]}
          </button>
        </li>`,
    )}
  </ul>`;
}

function count(members: readonly MemberStatus[]): readonly (readonly [State, number])[] {
  const counts = new Map<State, number>();
  for (const { state } of members) counts.set(state, (counts.get(state) ?? 0) + 1);
  return states.flatMap((state) => {
    const number = counts.get(state);
    return number === undefined ? [] : [[state, number] as const];
  });
}
