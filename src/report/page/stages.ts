import { html, svg } from 'lit-html';
import type { TemplateResult } from 'lit-html';

import { renderMs } from './words.ts';

interface Stage {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const width = 1000;
const height = 10;

/**
 * How long it took from the event until nginx had acknowledged: a bar whose parts are the stages of the pass, and, when
 * opened, the same as a table.
 *
 * @param longestMs what a whole bar stands for
 */
export function renderStages(
  totalMs: number,
  stages: Readonly<Record<string, number>>,
  longestMs: number,
): TemplateResult {
  const parts = cut(totalMs, stages);
  const scale = width / longestMs;
  return html`<details class="stages">
    <summary>
      <svg class="bar" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">
        ${parts.map(
          ({ fromMs, toMs }, index) =>
            svg`<rect class="part-${index % 2}" x=${fromMs * scale} width=${Math.max(0, toMs - fromMs) * scale} height=${height}></rect>`,
        )}
      </svg>
      <span>${renderMs(totalMs)}</span><span class="unseen"> from the event until nginx ran it; stages</span>
    </summary>
    <table>
      <thead>
        <tr>
          <th scope="col">stage</th>
          <th scope="col">took</th>
          <th scope="col">after the event</th>
        </tr>
      </thead>
      <tbody>
        ${parts.map(
          ({ name, fromMs, toMs }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${renderMs(toMs - fromMs)}</td>
              <td>${renderMs(toMs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}

/** The stages in the order in which the pass came past them, each from the end of the one before. */
function cut(totalMs: number, stages: Readonly<Record<string, number>>): readonly Stage[] {
  const ends = Object.entries(stages).sort(([, one], [, other]) => one - other);
  const parts = ends.map(([name, toMs], index) => ({ name: inWords(name), fromMs: ends[index - 1]?.[1] ?? 0, toMs }));
  const lastMs = ends.at(-1)?.[1] ?? 0;
  return totalMs > lastMs + 0.5 ? [...parts, { name: 'end of the pass', fromMs: lastMs, toMs: totalMs }] : parts;
}

/** `handedOver` → `handed over` */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
