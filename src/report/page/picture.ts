import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';

import type { NginxStatus, OutsideStatus, StatusDocument } from '../status-document.ts';
import { listNodes, renderNodes } from './nodes.ts';
import { renderPool } from './pool.ts';
import { isEmpty, matchesMember, toggle } from './search.ts';
import { renderShape } from './shape.ts';
import { renderKey } from './tally.ts';
import type { Actions, View } from './view.ts';
import { nameMember, renderCount, shortName, shorten } from './words.ts';

/** nginx at the left, and from it to each pool and its members. */
export function renderPicture(view: View, actions: Actions): TemplateResult | typeof nothing {
  const { status, query, queryText } = view;
  if (status === undefined) return nothing;
  const members = status.pools.flatMap((pool) => pool.members);
  const nodes = listNodes(members);
  const ask = (what: 'state' | 'node') => (name: string) => {
    actions.search(toggle(queryText, what, name));
  };
  const where = nodes.size === 0 ? '' : ` on ${renderCount(nodes.size, 'node')}`;
  return html`
    <header>
      <h2>${renderCount(status.pools.length, 'pool')}, ${renderCount(members.length, 'member')}${where}</h2>
      ${renderKey(members, query.states, ask('state'))} ${renderNodes(nodes, query.nodes, ask('node'))}
    </header>
    <p class="found" role="status">${isEmpty(query) ? '' : `${renderFound(view, status)} found`}</p>
    <div class="drawing">
      <div class="nginxes">
        ${
          status.nginx.length === 0
            ? html`<div class="nginx card none">
                <h3>nginx</h3>
                <p>none found; <code>lbwatch doctor</code> says where it looks</p>
              </div>`
            : status.nginx.map((nginx) => renderNginx(nginx, status))
        }
      </div>
      <div class="pools">
        ${
          status.pools.length === 0
            ? html`<p class="card quiet">
                No container asks for a pool yet. Label one: <code>lb.pool: NAME</code>, and have nginx pass to
                <code>http://NAME</code>.
              </p>`
            : nothing
        }
        ${repeat(
          status.pools,
          ({ name }) => name,
          (pool) => renderPool(pool, view, actions),
        )}
        ${renderOutside(
          status.outside.filter((member) => matchesMember(query, member, member.pool ?? '')),
          status,
        )}
      </div>
    </div>
  `;
}

function renderFound({ query }: View, { pools }: StatusDocument): string {
  const found = pools.flatMap(({ name, members }) => members.filter((member) => matchesMember(query, member, name)));
  return renderCount(found.length, 'member');
}

function renderNginx(
  { name, version, digest, inStep, answersAt }: NginxStatus,
  status: StatusDocument,
): TemplateResult {
  const verdict = inStep ? 'in step' : digest === null ? 'does not answer' : 'runs another configuration';
  return html`<div class="nginx card ${inStep ? 'well' : 'behind'}">
    <h3 title=${name}>${shortName(name, status.lbwatch.project)}</h3>
    <p class="verdict">${renderShape(inStep ? 'tick' : 'cross')} ${verdict}</p>
    <dl>
      <div>
        <dt>nginx</dt>
        <dd>${version ?? 'not known'}</dd>
      </div>
      <div>
        <dt>runs</dt>
        <dd>${digest === null ? 'not known' : html`<code title=${digest}>${shorten(digest)}</code>`}</dd>
      </div>
      <div>
        <dt>at</dt>
        <dd>${answersAt}</dd>
      </div>
    </dl>
  </div>`;
}

/** Containers that ask for a pool and are in none. */
function renderOutside(
  members: readonly OutsideStatus[],
  { lbwatch }: StatusDocument,
): TemplateResult | typeof nothing {
  if (members.length === 0) return nothing;
  return html`<section class="outside" aria-label="In no pool">
    <h3>In no pool</h3>
    <ul>
      ${members.map((member) => {
        const { container, node, pool, reason } = member;
        return html`<li>
          ${renderShape('out')} <span class="who" title=${container}>${nameMember(member, lbwatch.project)}</span>
          ${node === null ? nothing : html`<span class="quiet">on ${node}</span>`}
          ${pool === null ? nothing : html`<span class="quiet">asks for ${pool}</span>`}
          <span class="message">${reason}</span>
        </li>`;
      })}
    </ul>
  </section>`;
}
