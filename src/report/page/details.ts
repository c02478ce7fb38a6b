import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';

import type { MemberStatus } from '../status-document.ts';
import { renderState } from './member.ts';
import { renderShape } from './shape.ts';
import type { Actions, View } from './view.ts';
import { renderAge, renderMoment } from './words.ts';

/** All that is known of the member that is selected; nothing where none is, or it has gone. */
export function renderDetails(view: View, { select }: Actions): TemplateResult | typeof nothing {
  const { status, selected, nowMs } = view;
  if (selected === undefined) return nothing;
  const pool = status?.pools.find(({ name }) => name === selected.pool);
  const member = pool?.members.find(({ id }) => id === selected.id);
  return html`<div class="card">
    <header>
      <h2>${member?.container ?? 'It has left'}</h2>
      <button
        type="button"
        class="close"
        aria-label="Close the details"
        @click=${() => {
          select(undefined);
        }}
      >
        ${renderShape('cross')}
      </button>
    </header>
    ${member === undefined ? html`<p>The container is no longer a member of ${selected.pool}.</p>` : renderAll(member, selected.pool, nowMs)}
  </div>`;
}

function renderAll(member: MemberStatus, pool: string, nowMs: number): TemplateResult {
  const rows: readonly (readonly [string, string | TemplateResult])[] = [
    [
      'state',
      html`<span class="member-state ${member.state}">${renderShape(member.state)} ${renderState(member)}</span>`,
    ],
    ['why', member.reason],
    // What changes every second is not read out every second.
    [
      'since',
      html`${renderMoment(member.since, nowMs)} <span aria-hidden="true">(${renderAge(member.since, nowMs)})</span>`,
    ],
    ['in nginx', member.isIn ? 'yes, as it last acknowledged' : 'no'],
    ['pool', `${pool}${member.role === null ? '' : `, as ${member.role}`}`],
    ['address', member.address ?? 'none'],
    ['service', member.service ?? 'none'],
    ['project', member.project ?? 'none'],
    ...(member.node === null ? [] : [['node', member.node] as const]),
    ...renderIds(member),
  ];
  return html`<dl>
    ${rows.map(
      ([term, value]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** As the engine's own commands show and take them. */
function renderIds({ id, task }: MemberStatus): readonly (readonly [string, string | TemplateResult])[] {
  if (task === null) return [['container', html`<code>${id}</code>`]];
  const { containerId } = task;
  return [
    ['task', html`<code>${task.id}</code>`],
    ['container', containerId === null ? 'none yet' : html`<code>${containerId}</code>`],
  ];
}
