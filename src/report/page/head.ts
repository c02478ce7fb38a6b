import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';

import type { StatusDocument } from '../status-document.ts';
import { renderShape } from './shape.ts';
import type { Link } from './stream.ts';
import type { Actions, View } from './view.ts';
import { renderAge, renderMoment, renderMs, shorten } from './words.ts';

/** With more members than this there is a search box. */
const searchFrom = 12;

/** Whether nginx runs what it should, in two words, and what that rests on. */
export function renderHead(view: View, { search }: Actions): TemplateResult {
  const { status, queryText } = view;
  const members = status?.pools.reduce((sum, pool) => sum + pool.members.length, 0) ?? 0;
  return html`
    <h1>
      <img src="icon.svg" alt="" width="24" height="24" />
      lbwatch
      ${status?.lbwatch.project == null ? nothing : html`<span class="project">${status.lbwatch.project}</span>`}
    </h1>
    ${status === undefined ? html`<p class="verdict waiting">Waiting for lbwatch …</p>` : renderVerdict(status, view.nowMs)}
    ${status === undefined ? nothing : renderFacts(status, view.nowMs)}
    ${
      members <= searchFrom && queryText === ''
        ? nothing
        : html`<input
            type="search"
            id="search"
            aria-label="Search members, events and problems"
            aria-keyshortcuts="/"
            placeholder="Search ( / )"
            autocomplete="off"
            spellcheck="false"
            .value=${live(queryText)}
            @input=${({ target }: InputEvent) => {
              if (target instanceof HTMLInputElement) search(target.value);
            }}
          />`
    }
  `;
}

function renderVerdict({ ready, staleSince }: StatusDocument, nowMs: number): TemplateResult {
  if (staleSince !== null) {
    return html`<p class="verdict stale">
      ${renderShape('mark')}
      <span
        >Stale since <time datetime=${staleSince}>${renderMoment(staleSince, nowMs)}</time>, for
        ${renderAge(staleSince, nowMs)}</span
      >
    </p>`;
  }
  return ready
    ? html`<p class="verdict well">${renderShape('tick')} <span>In step</span></p>`
    : html`<p class="verdict waiting">${renderShape('starting')} <span>The first pass is under way</span></p>`;
}

function renderFacts({ digest, stream, outcome, lbwatch }: StatusDocument, nowMs: number): TemplateResult {
  return html`<dl class="facts">
    <div>
      <dt>digest</dt>
      <dd>${digest === null ? 'none yet' : html`<code title=${digest}>${shorten(digest)}</code>`}</dd>
    </div>
    <div class=${stream}>
      <dt>engine events</dt>
      <dd>${stream === 'up' ? 'heard' : html`${renderShape('broken')} lost`}</dd>
    </div>
    <div>
      <dt>last pass</dt>
      <dd>
        ${
          outcome === null
            ? 'none yet'
            : html`${outcomeWords[outcome.kind]}${outcome.kind === 'applied' ? ` in ${renderMs(outcome.sinceEventMs)}` : ''},
              ${renderAge(outcome.at, nowMs)} ago`
        }
      </dd>
    </div>
    <div>
      <dt>version</dt>
      <dd title="started ${renderMoment(lbwatch.startedAt, nowMs)}">${lbwatch.version}</dd>
    </div>
  </dl>`;
}

const outcomeWords = {
  unchanged: 'unchanged',
  applied: 'applied',
  rejected: 'rejected',
  rolledBack: 'rolled back',
  unavailable: 'unavailable',
} as const;

/** What the browser's tab says. */
export function renderTitle({ status, link }: Pick<View, 'status' | 'link'>): string {
  if (link.kind === 'lost') return '✕ connection lost · lbwatch';
  if (status === undefined) return 'lbwatch';
  return status.staleSince === null ? 'lbwatch · in step' : '! stale · lbwatch';
}

/** Says that nothing on the page is fresh; '' while it is. Always in the same words: they are read out when they change. */
export function renderLink(link: Link, nowMs: number): string {
  if (link.kind !== 'lost') return '';
  const moment = renderMoment(link.since.toISOString(), nowMs);
  return `The connection to lbwatch is lost since ${moment}. What follows was last heard; trying again.`;
}
