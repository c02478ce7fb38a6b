import { renderDuration } from '../duration.ts';
import type { MemberStatus } from '../status-document.ts';

/** How long ago or for how long, for people: seconds below a minute, then no seconds any more. */
export function renderAge(fromIso: string, nowMs: number): string {
  const ms = Math.max(0, nowMs - Date.parse(fromIso));
  return renderDuration(ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);
}

/** `83 ms`, `1.24 s`. */
export function renderMs(ms: number): string {
  return ms < 1000 ? `${String(Math.round(ms))} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** The time of day where the reader is; before today with the day. */
export function renderMoment(iso: string, nowMs: number): string {
  const moment = new Date(iso);
  const isToday = moment.toDateString() === new Date(nowMs).toDateString();
  return isToday ? time.format(moment) : `${date.format(moment)} ${time.format(moment)}`;
}

/** As much of a digest or an id as people compare. */
export function shorten(digest: string): string {
  return digest.slice(0, 12);
}

/** A container's name without its project's, which says nothing beside so many of the same. */
export function shortName(container: string, project: string | null): string {
  if (project === null) return container;
  const rest = container.startsWith(project) ? container.slice(project.length) : '';
  return /^[-_]./.test(rest) ? rest.slice(1) : container;
}

/** The same of a member; of a task of Swarm without the task's id, which the details tell. */
export function nameMember({ container, id, task }: MemberStatus, project: string | null): string {
  const name = shortName(container, project);
  return task !== null && name.endsWith(`.${id}`) ? name.slice(0, -id.length - 1) : name;
}

/** `1 member`, `2 members`. */
export function renderCount(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}
