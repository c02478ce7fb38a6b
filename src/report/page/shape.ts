import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';

import type { MemberStatus, TimelineEvent } from '../status-document.ts';

/** One of the shapes of index.html, for a state or a kind of event; what it means is said in words beside it. */
export function renderShape(name: MemberStatus['state'] | Sign): TemplateResult {
  return html`<svg class="shape" aria-hidden="true"><use href="#${name}"></use></svg>`;
}

type Sign = 'plus' | 'minus' | 'wave' | 'turn' | 'mark' | 'tick' | 'cross' | 'start' | 'broken' | 'whole';

/** How an event is drawn. */
export const signs: Readonly<Record<TimelineEvent['kind'], Sign>> = {
  joined: 'plus',
  left: 'minus',
  changed: 'wave',
  reload: 'turn',
  problem: 'mark',
  'problem gone': 'tick',
  failure: 'cross',
  recovered: 'tick',
  'stream lost': 'broken',
  'stream up': 'whole',
  started: 'start',
};
