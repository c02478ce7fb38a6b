import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';

import type { MemberStatus } from '../status-document.ts';
import type { Motion } from './motion.ts';
import { renderShape } from './shape.ts';
import type { Actions, Place } from './view.ts';
import { nameMember, renderAge } from './words.ts';

/** How much a member is shown of: all of it, its name, or only its shape where it is one of hundreds. */
export type Density = 'cards' | 'rows' | 'dots';

export interface MemberView {
  readonly member: MemberStatus;
  readonly place: Place;
  readonly density: Density;
  readonly motion: Motion | undefined;
  readonly isSelected: boolean;
  /** The tabulator key comes to it. */
  readonly isCurrent: boolean;
  /** The project whose name is left out of the container's. */
  readonly project: string | null;
  readonly nowMs: number;
}

/** One member of a pool. A button: its details open beside the picture. */
export function renderMember(view: MemberView, { select, visit }: Actions): TemplateResult {
  const { member, place, density, motion, isSelected, isCurrent, project } = view;
  const isPlain = member.state === 'ready' || member.state === 'serving' || member.state === 'standby';
  const looks = [
    member.state,
    member.isIn ? 'in' : 'not-in',
    motion,
    density === 'dots' && isPlain ? 'dot' : undefined,
  ];
  return html`<li class="member ${looks.filter(Boolean).join(' ')}">
    <button
      type="button"
      tabindex=${isCurrent ? 0 : -1}
      data-id=${member.id}
      aria-label=${describe(member)}
      aria-pressed=${isSelected}
      ?disabled=${motion === 'leaving'}
      @click=${() => {
        select(isSelected ? undefined : place);
      }}
      @focus=${({ target }: FocusEvent) => {
        // By the keyboard, not by the click that selects it.
        if (target instanceof Element && target.matches(':focus-visible')) visit(place);
      }}
    >
      ${renderShape(member.state)}
      <span class="name">${nameMember(member, project)}</span>
      ${density === 'rows' ? renderNode(member) : nothing} ${density === 'cards' ? renderMore(view) : nothing}
    </button>
  </li>`;
}

function renderMore({ member, nowMs }: MemberView): TemplateResult {
  return html`<span class="age">${renderAge(member.since, nowMs)}</span>
    ${renderNode(member)}
    <span class="address">${member.address ?? 'no address'}</span>
    <span class="state">${renderState(member)}</span>
    ${member.state === 'ready' || member.state === 'standby' ? nothing : html`<span class="reason">${member.reason}</span>`}`;
}

function renderNode({ node }: MemberStatus): TemplateResult | typeof nothing {
  return node === null ? nothing : html`<span class="node">${node}</span>`;
}

/** The state in words, with what is remarkable about it. */
export function renderState({ state, role, isIn }: MemberStatus): string {
  const name = role === 'backup' ? backupWords[state] : state;
  if ((state === 'unhealthy' || state === 'draining') && isIn) return `${name}, still in nginx`;
  if ((state === 'ready' || state === 'serving' || state === 'standby') && !isIn) return `${name}, not in nginx yet`;
  return name;
}

const backupWords: Readonly<Record<MemberStatus['state'], string>> = {
  ready: 'backup, ready',
  serving: 'backup, serving',
  standby: 'backup, standing by',
  starting: 'backup, starting',
  draining: 'backup, draining',
  unhealthy: 'backup, unhealthy',
  out: 'backup, out',
};

function describe(member: MemberStatus): string {
  const { container, node, address, state, reason } = member;
  const where = [...(node === null ? [] : [`on ${node}`]), ...(address === null ? [] : [address])];
  const why = state === 'ready' ? [] : [reason];
  return [container, renderState(member), ...where, ...why].join(', ');
}
