import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';

import type { MemberStatus } from '../status-document.ts';

/** With more than these, the search finds them. */
const mostListed = 12;

/** How many members are on which node, by the nodes' names; empty where nodes have none. */
export function listNodes(members: readonly MemberStatus[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { node } of members) if (node !== null) counts.set(node, (counts.get(node) ?? 0) + 1);
  return new Map([...counts].sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true })));
}

/**
 * The nodes, each by a click the search for its members; nothing where there is one only, or too many to list.
 *
 * @param asked the nodes that are searched for now, in lower case
 */
export function renderNodes(
  nodes: ReadonlyMap<string, number>,
  asked: readonly string[],
  toggle: (node: string) => void,
): TemplateResult | typeof nothing {
  if (nodes.size < 2 || nodes.size > mostListed) return nothing;
  return html`<ul class="tally key" aria-label="Members by node">
    ${[...nodes].map(
      ([node, count]) =>
        html`<li>
          <button
            type="button"
            aria-pressed=${asked.includes(node.toLowerCase())}
            title="Show only these"
            @click=${() => {
              toggle(node);
            }}
          >
            ${count.toLocaleString('en')} on ${node}
          </button>
        </li>`,
    )}
  </ul>`;
}
