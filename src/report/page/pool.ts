import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';

import type { MemberStatus, PoolStatus } from '../status-document.ts';
import { renderMember } from './member.ts';
import type { Density } from './member.ts';
import { matchesMember } from './search.ts';
import { renderTally } from './tally.ts';
import type { Actions, View } from './view.ts';

/** Up to so many members there is room for all of what is known of each, and up to so many for its name. */
const mostCards = 24;
const mostRows = 240;

/** One pool with its members; nothing where the search leaves none of them. */
export function renderPool(pool: PoolStatus, view: View, actions: Actions): TemplateResult | typeof nothing {
  const { name, protocol, method } = pool;
  const density = chooseDensity(pool.members.length);
  const all = view.motions.withLeaving(name, pool.members, view.tickMs);
  const shown = arrange(
    all.filter((member) => matchesMember(view.query, member, name)),
    density,
  );
  if (shown.length === 0 && pool.members.length > 0) return nothing;
  const visited = view.current.get(name);
  const currentId = shown.some(({ id }) => id === visited) ? visited : shown[0]?.id;
  const project = view.status?.lbwatch.project ?? null;
  return html`<section class="pool card" aria-label="Pool ${name}">
    <header>
      <h3>${name}</h3>
      <span class="kind">${protocol}, ${method.replaceAll('_', ' ')}</span>
      ${view.status?.pools.length === 1 ? nothing : renderTally(pool.members)}
    </header>
    ${
      pool.members.length === 0
        ? html`<p class="quiet">
            No member: ${protocol === 'http' ? 'nginx answers 503' : 'nginx closes the connection'}.
          </p>`
        : nothing
    }
    <ul class="members ${density}" aria-label="Members of ${name}">
      ${repeat(
        shown,
        ({ id }) => id,
        (member) => {
          const place = { pool: name, id: member.id };
          const isSelected = view.selected?.pool === name && view.selected.id === member.id;
          const motion = view.motions.of(name, member.id, view.tickMs);
          const isCurrent = member.id === currentId;
          const { nowMs } = view;
          return renderMember({ member, place, density, motion, isSelected, isCurrent, project, nowMs }, actions);
        },
      )}
    </ul>
  </section>`;
}

function chooseDensity(count: number): Density {
  if (count <= mostCards) return 'cards';
  return count <= mostRows ? 'rows' : 'dots';
}

/** Those who serve first, then who stands by, then who is out; among hundreds, who needs a look comes before all. */
function arrange(members: readonly MemberStatus[], density: Density): readonly MemberStatus[] {
  const rank = ({ state, role }: MemberStatus): number => {
    const isPlain = state === 'ready' || state === 'serving' || state === 'standby';
    if (density === 'dots' && !isPlain) return 0;
    return state === 'out' ? 3 : role === 'backup' ? 2 : 1;
  };
  return [...members].sort((one, other) => rank(one) - rank(other));
}
