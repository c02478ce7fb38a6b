/** The status page: follows lbwatch's stream and draws what it says, at most once a frame. */
import { render } from 'lit-html';

import type { StatusDocument, TimelineEvent } from '../status-document.ts';
import { Announcer } from './announce.ts';
import { renderDetails } from './details.ts';
import { renderHead, renderLink, renderTitle } from './head.ts';
import { listenToKeys } from './keys.ts';
import { Motions } from './motion.ts';
import { renderPicture } from './picture.ts';
import { renderProblems } from './problems.ts';
import { isEmpty, readQuery } from './search.ts';
import { followStream } from './stream.ts';
import type { Link } from './stream.ts';
import { renderTimeline } from './timeline.ts';
import type { Actions, Place, View } from './view.ts';

const mostEvents = 500;

const head = find('head');
const linkLine = find('link');
const problems = find('problems');
const picture = find('picture');
const timeline = find('timeline');
const details = find('details');
const announcer = new Announcer(find('said'));

const motions = new Motions();
let status: StatusDocument | undefined;
let events: readonly TimelineEvent[] = [];
let link: Link = { kind: 'connecting' };
let queryText = '';
let selected: Place | undefined;
let current: ReadonlyMap<string, string> = new Map();
let aheadMs = 0;
/** Events of before this moment are history: they are listed and not announced. */
let openedMs = Infinity;
let isDue = false;
let endTimer: ReturnType<typeof setTimeout> | undefined;

const actions: Actions = {
  search(text) {
    queryText = text;
    draw();
  },
  select(place) {
    selected = place;
    draw();
  },
  visit(place) {
    current = new Map([...current, [place.pool, place.id]]);
    // The details, once open, follow the keyboard.
    if (selected !== undefined) selected = place;
    draw();
  },
};

listenToKeys({
  close() {
    actions.select(undefined);
  },
  clearSearch() {
    actions.search('');
  },
});

setInterval(draw, 1000);
draw();

void followStream({
  onStatus(next) {
    // Another lbwatch: its page may differ from this one.
    if (status !== undefined && status.lbwatch.version !== next.lbwatch.version) location.reload();
    status = next;
    motions.note(next, performance.now());
    draw();
  },
  onTimeline(event) {
    if (events.some(({ id }) => id === event.id)) return;
    events = [event, ...events].sort((one, other) => other.id - one.id).slice(0, mostEvents);
    if (Date.parse(event.at) >= openedMs) announcer.announce(event);
    draw();
  },
  onLink(next) {
    if (link.kind === 'lost' && next.kind === 'up') announcer.say('connected to lbwatch again');
    link = next;
    draw();
  },
  onClock(ahead) {
    aheadMs = ahead;
    if (openedMs === Infinity) openedMs = Date.now() + ahead;
  },
});

/** Draws in the next frame, once, however often it is asked until then. Where nobody looks there are no frames, but a title. */
function draw(): void {
  const title = renderTitle({ status, link });
  if (document.title !== title) document.title = title;
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawNow();
  });
}

function drawNow(): void {
  const tickMs = performance.now();
  const nowMs = Date.now() + aheadMs;
  const query = readQuery(queryText);
  const view: View = { status, events, link, query, queryText, motions, selected, current, nowMs, tickMs };
  document.body.classList.toggle('lost', link.kind === 'lost');
  document.body.classList.toggle('searching', !isEmpty(query));
  const said = renderLink(link, nowMs);
  linkLine.hidden = said === '';
  if (linkLine.textContent !== said) linkLine.textContent = said;
  render(renderHead(view, actions), head);
  render(renderProblems(view), problems);
  render(renderPicture(view, actions), picture);
  render(renderTimeline(view), timeline);
  render(renderDetails(view, actions), details);
  const endMs = motions.nextEndMs(tickMs);
  clearTimeout(endTimer);
  if (endMs !== undefined) endTimer = setTimeout(draw, endMs - tickMs + 1);
}

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element;
}
