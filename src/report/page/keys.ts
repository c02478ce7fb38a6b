/** What the keyboard does besides what browsers do by themselves. */
export interface KeyActions {
  readonly close: () => void;
  readonly clearSearch: () => void;
}

/** `/` to the search box; Esc out of it, and closes the details; arrows, Home and End among the members of a pool. */
export function listenToKeys({ close, clearSearch }: KeyActions): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    if (target instanceof HTMLInputElement) {
      if (key !== 'Escape') return;
      clearSearch();
      target.blur();
    } else if (key === '/') {
      const search = document.getElementById('search');
      if (search === null) return;
      event.preventDefault();
      search.focus();
    } else if (key === 'Escape') {
      close();
    } else if (target instanceof HTMLElement && target.closest('.members') !== null) {
      const next = findNext(target, key);
      if (next === undefined) return;
      event.preventDefault();
      next.focus();
    }
  });
}

function findNext(from: HTMLElement, key: string): HTMLElement | undefined {
  const all = [...(from.closest('.members')?.querySelectorAll<HTMLElement>('button:enabled') ?? [])];
  const index = all.findIndex((button) => button === from);
  switch (key) {
    case 'ArrowRight':
      return all[index + 1];
    case 'ArrowLeft':
      return all[index - 1];
    case 'ArrowDown':
      return findInRow(all.slice(index + 1), from);
    case 'ArrowUp':
      return findInRow(all.slice(0, index).reverse(), from);
    case 'Home':
      return all[0];
    case 'End':
      return all.at(-1);
    default:
      return undefined;
  }
}

/** Of the first other row, the one above or below; rows may hold buttons of different widths. */
function findInRow(candidates: readonly HTMLElement[], from: HTMLElement): HTMLElement | undefined {
  const { top, left } = from.getBoundingClientRect();
  let rowTop: number | undefined;
  let best: HTMLElement | undefined;
  let bestPx = Infinity;
  for (const candidate of candidates) {
    const place = candidate.getBoundingClientRect();
    if (Math.abs(place.top - top) < 2) continue;
    rowTop ??= place.top;
    if (Math.abs(place.top - rowTop) >= 2) break;
    const distancePx = Math.abs(place.left - left);
    if (distancePx < bestPx) [best, bestPx] = [candidate, distancePx];
  }
  return best;
}
