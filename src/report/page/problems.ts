import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';

import type { OutcomeStatus, ProblemStatus, StatusDocument } from '../status-document.ts';
import { matchesProblem } from './search.ts';
import { renderShape } from './shape.ts';
import type { View } from './view.ts';
import { renderCount, shortName } from './words.ts';

/** More than so many are folded away. */
const mostOpen = 4;

/** What somebody should put right: passes that fail, problems of containers, and what is amiss besides. Nothing where all is well. */
export function renderProblems({ status, query }: View): TemplateResult | typeof nothing {
  if (status === undefined) return nothing;
  const problems = status.problems
    .filter((problem) => matchesProblem(query, problem))
    .sort((one, other) => Number(other.effect === 'out') - Number(one.effect === 'out'));
  const failure = status.outcome?.message === undefined ? undefined : status.outcome;
  const count = problems.length + status.notes.length;
  if (count === 0 && failure === undefined) return nothing;
  const rows = html`${problems.map((problem) => renderProblem(problem, status))}
  ${status.notes.map((note) => html`<li class="note">${renderShape('mark')}<span class="message">${note}</span></li>`)}`;
  return html`
    ${failure === undefined ? nothing : renderFailure(failure)}
    ${
      count === 0
        ? nothing
        : html`<details class="card" ?open=${count <= mostOpen}>
            <summary><h2>${renderCount(count, 'problem')}</h2></summary>
            <ul>
              ${rows}
            </ul>
          </details>`
    }
  `;
}

function renderProblem(problem: ProblemStatus, status: StatusDocument): TemplateResult {
  const { container, node, label, effect, message } = problem;
  return html`<li class="problem ${effect}">
    ${renderShape(effect === 'out' ? 'cross' : 'mark')}
    <span class="who" title=${container}>${shortName(container, status.lbwatch.project)}</span>
    ${node === null ? nothing : html`<span class="quiet">on ${node}</span>`}
    <code class="label">${label}</code>
    <span class="effect">${effect === 'out' ? 'kept out' : 'label ignored'}</span>
    <span class="message">${message}</span>
  </li>`;
}

const headlines: Readonly<Record<Exclude<OutcomeStatus['kind'], 'unchanged' | 'applied'>, string>> = {
  rejected: 'nginx refuses the configuration; the last good one goes on serving',
  rolledBack: 'The reload failed; the last good configuration goes on serving',
  unavailable: 'lbwatch cannot do its work; nginx goes on serving what it runs',
};

function renderFailure({ kind, message }: OutcomeStatus): TemplateResult {
  const headline = kind === 'unchanged' || kind === 'applied' ? kind : headlines[kind];
  return html`<div class="card failure">
    <h2>${renderShape('cross')} ${headline}</h2>
    <p class="message">${message}</p>
  </div>`;
}
