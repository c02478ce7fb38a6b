import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';

import type { TimelineEvent } from '../status-document.ts';
import { isEmpty, matchesEvent } from './search.ts';
import { renderShape, signs } from './shape.ts';
import { renderStages } from './stages.ts';
import type { View } from './view.ts';
import { renderMoment } from './words.ts';

/** The last events, newest first, as the log tells them; what led to a reload with how long that took. */
export function renderTimeline({ events, query, nowMs }: View): TemplateResult {
  const shown = isEmpty(query) ? events : events.filter((event) => matchesEvent(query, event));
  // One scale for all that is listed, so that bars can be compared.
  const longestMs = Math.max(1, ...shown.map(({ sinceEventMs }) => sinceEventMs ?? 0));
  return html`
    <h2>What happened</h2>
    ${shown.length === 0 ? html`<p class="quiet">${events.length === 0 ? 'Nothing yet.' : 'Nothing of that kind.'}</p>` : nothing}
    <ol class="events" tabindex="0" aria-label="Events, newest first">
      ${repeat(
        shown,
        ({ id }) => id,
        (event) => renderEvent(event, longestMs, nowMs),
      )}
    </ol>
  `;
}

function renderEvent(event: TimelineEvent, longestMs: number, nowMs: number): TemplateResult {
  return html`<li class="event ${event.kind.replace(' ', '-')}">
    ${renderShape(signs[event.kind])}
    <span class="what">${event.kind}</span>
    ${event.pool === undefined ? nothing : html`<span class="pool-name">${event.pool}</span>`}
    <time datetime=${event.at}>${renderMoment(event.at, nowMs)}</time>
    <p class="text">${withoutPool(event)}</p>
    ${event.nginx === undefined || event.nginx.length < 2 ? nothing : html`<p class="quiet">reloaded: ${event.nginx.join(', ')}</p>`}
    ${event.sinceEventMs === undefined ? nothing : renderStages(event.sinceEventMs, event.stages ?? {}, longestMs)}
  </li>`;
}

/** The log's line without the words that stand above it already. */
function withoutPool({ text, pool }: TimelineEvent): string {
  const words = `pool changed: ${pool ?? ''} `;
  return text.startsWith(words) ? text.slice(words.length) : text;
}
