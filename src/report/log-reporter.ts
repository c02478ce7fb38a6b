import type { Logger } from 'pino';

import type { Move, PoolChange } from '../core/diff.ts';
import type { Problem } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import type { Outcome } from '../loop/outcome.ts';
import type { Clock, Report, Reporter } from '../loop/ports.ts';
import type { Staleness } from '../loop/staleness.ts';
import { renderDuration } from './duration.ts';
import { Reminder } from './reminder.ts';

type Pass = Extract<Report, { readonly kind: 'pass' }>;

/** So many different failures are told at once between two reminders; more are one that says something else each time. */
const mostNews = 16;
/** A stream that was up for so long and breaks is news, not the same trouble going on. */
const calmMs = 60_000;

/** Something that does not work, from the first line about it to the last. */
interface Trouble {
  readonly beganMs: number;
  readonly reminder: Reminder;
}

/**
 * Writes reports to the log: one line for each thing a person should know, and none twice. What goes on failing is told
 * again with growing pauses, whatever it says.
 */
export class LogReporter implements Reporter {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #staleness: Pick<Staleness, 'since' | 'ageMs'>;
  /** Problems already told, by their text. */
  #problems: ReadonlyMap<string, Problem> = new Map();
  #notes: ReadonlySet<string> = new Set();
  /** The passes that fail at present, and what was told of them since the last reminder. */
  #failure: (Trouble & { readonly told: Set<string>; times: number }) | undefined;
  #cut: Trouble | undefined;
  /** When the stream that was said to be lost came back. */
  #againMs: number | undefined;
  #isCutTold = false;

  /** @param staleness has noted each report before this reporter is told of it */
  constructor(log: Logger, clock: Clock, staleness: Pick<Staleness, 'since' | 'ageMs'>) {
    this.#log = log;
    this.#clock = clock;
    this.#staleness = staleness;
  }

  report(report: Report): void {
    switch (report.kind) {
      case 'started':
        this.#log.info(report.details, 'lbwatch started');
        break;
      case 'stopped':
        this.#log.info('lbwatch stopped; nginx goes on serving');
        break;
      case 'watching':
        this.#reportWatching();
        break;
      case 'cut':
        this.#reportCut(report);
        break;
      case 'bug':
        this.#log.error({ err: report.error }, 'a bug of lbwatch: the pass failed and will be tried again');
        break;
      case 'pass':
        this.#reportPass(report);
        break;
    }
  }

  #reportPass(pass: Pass): void {
    if (pass.plan !== undefined) {
      this.#reportProblems(pass.plan.desired.problems);
      this.#reportNotes(pass.plan.notes);
    }
    const { outcome } = pass;
    this.#log.debug(
      { outcome: outcome.kind, reasons: pass.reasons, stages: pass.stages, sinceEventMs: pass.sinceEventMs },
      'pass',
    );
    for (const why of outcome.handoverOff ?? []) this.#log.warn({ why, line: why }, 'early handover is off');
    switch (outcome.kind) {
      case 'unchanged':
        this.#reportRecovery();
        if (pass.isFirst) for (const change of pass.changes) this.#reportFound(change);
        this.#log.debug({ reasons: pass.reasons, sinceEventMs: pass.sinceEventMs }, 'unchanged');
        break;
      case 'applied':
        this.#reportRecovery();
        this.#reportApplied(pass, outcome.reloaded);
        break;
      case 'rejected':
        this.#reportFailure(outcome, 'nginx refuses the configuration; the running one stays', 'error');
        break;
      case 'rolledBack':
        this.#reportFailure(outcome, 'reload failed', 'error');
        break;
      case 'unavailable':
        this.#reportFailure(outcome, 'waiting', 'warn');
        break;
    }
  }

  #reportApplied(pass: Pass, reloaded: readonly string[]): void {
    if (reloaded.length === 0) {
      this.#log.info({ reasons: pass.reasons }, 'generated file put back; nginx runs it already');
      return;
    }
    for (const change of pass.changes) {
      const line = `${describeChange(change)}; acknowledged ${String(Math.round(pass.sinceEventMs))} ms after the event`;
      const { reasons, sinceEventMs } = pass;
      this.#log.info({ ...shorten(change), reasons, sinceEventMs, line }, 'pool changed');
    }
    if (pass.changes.length === 0) {
      this.#log.info({ reasons: pass.reasons, nginx: reloaded.join(', ') }, 'configuration reloaded');
    }
  }

  #reportFound(change: PoolChange): void {
    const members = listFew(change.joined.map(({ container }) => printable(container))) || 'nobody';
    const line = `${change.pool} has ${describeCounts(change)}: ${members}`;
    this.#log.info({ ...shorten(change), line }, 'pool in step');
  }

  #reportProblems(problems: readonly Problem[]): void {
    const now = new Map(
      problems.map((problem) => [`${problem.containerId} ${problem.label} ${problem.message}`, problem]),
    );
    for (const [key, { container, label, effect, message }] of now) {
      if (this.#problems.has(key)) continue;
      const consequence = effect === 'out' ? 'it stays out' : 'the label is ignored';
      const line = `${printable(container)}: ${message} (${consequence})`;
      this.#log.warn({ container, label, effect, message, line }, 'problem');
    }
    for (const [key, { container, label }] of this.#problems) {
      if (!now.has(key))
        this.#log.info({ container, label, line: `${printable(container)}: ${printable(label)}` }, 'problem gone');
    }
    this.#problems = now;
  }

  #reportNotes(notes: readonly string[]): void {
    for (const line of notes) if (!this.#notes.has(line)) this.#log.warn({ line }, 'note');
    this.#notes = new Set(notes);
  }

  #reportFailure(outcome: Extract<Outcome, { message: string }>, message: string, level: 'error' | 'warn'): void {
    const nowMs = this.#clock.nowMs();
    const isFirst = this.#failure === undefined;
    this.#failure ??= {
      beganMs: nowMs - (this.#staleness.ageMs ?? 0),
      reminder: new Reminder(),
      told: new Set(),
      times: 0,
    };
    const { told, reminder } = this.#failure;
    this.#failure.times += 1;
    const isNews = !told.has(outcome.message) && told.size < mostNews;
    if (!reminder.isDue(nowMs) && !isNews) return;
    if (told.size >= mostNews) told.clear();
    told.add(outcome.message);
    const line = isFirst ? outcome.message : `${outcome.message} (${this.#describeStale()})`;
    const details = { outcome: outcome.kind, why: outcome.message, times: this.#failure.times, line };
    this.#log[level]({ ...details, staleSince: this.#staleness.since }, message);
  }

  #reportRecovery(): void {
    if (this.#failure === undefined) return;
    const lastedMs = this.#clock.nowMs() - this.#failure.beganMs;
    const line = `what failed for ${renderDuration(lastedMs)} works again`;
    this.#log.info({ lastedS: Math.round(lastedMs / 1000), line }, 'in step');
    this.#failure = undefined;
  }

  /** Where passes fail as well, those lines say it. */
  #reportCut({ why, retryMs, silentMs }: Extract<Report, { readonly kind: 'cut' }>): void {
    const nowMs = this.#clock.nowMs();
    if (this.#againMs !== undefined && nowMs - this.#againMs >= calmMs) this.#cut = undefined;
    this.#againMs = undefined;
    const isFirst = this.#cut === undefined;
    this.#cut ??= { beganMs: nowMs - silentMs, reminder: new Reminder() };
    const isTold = this.#cut.reminder.isDue(nowMs) && (isFirst || this.#failure === undefined);
    this.#isCutTold ||= isTold;
    const line = isFirst ? why : `${why} (${this.#describeStale()})`;
    this.#log[isTold ? 'warn' : 'debug'](
      { why, retryMs, staleSince: this.#staleness.since, line },
      'event stream lost',
    );
  }

  #reportWatching(): void {
    const nowMs = this.#clock.nowMs();
    const { msg, line } =
      this.#cut === undefined
        ? { msg: 'watching the engine', line: undefined }
        : { msg: 'watching the engine again', line: `after ${renderDuration(nowMs - this.#cut.beganMs)}` };
    const isTold = this.#cut === undefined || this.#isCutTold;
    this.#log[isTold ? 'info' : 'debug'](line === undefined ? {} : { line }, msg);
    this.#isCutTold = false;
    this.#againMs = nowMs;
  }

  #describeStale(): string {
    const { since, ageMs } = this.#staleness;
    return since === undefined || ageMs === undefined
      ? 'again'
      : `stale since ${since.toISOString()}, for ${renderDuration(ageMs)}`;
  }
}

function describeChange(change: PoolChange): string {
  const moves = [
    ...change.joined.map((move) => `+ ${describeMove(move)}`),
    ...change.left.map((move) => `- ${describeMove(move)}`),
  ];
  return `${change.pool} ${listFew(moves) || '(no member)'}; now ${describeCounts(change)}`;
}

/** So many members are named in one line; a pool may have thousands. */
const mostNamed = 20;

function listFew(texts: readonly string[]): string {
  const others = texts.length - mostNamed;
  return [...texts.slice(0, mostNamed), ...(others > 0 ? [`and ${String(others)} more`] : [])].join(', ');
}

/** The same with as many moves as are named; how many there were is told where some are left out. */
function shorten(change: PoolChange): PoolChange & { readonly allJoined?: number; readonly allLeft?: number } {
  const { joined, left } = change;
  if (joined.length <= mostNamed && left.length <= mostNamed) return change;
  return {
    ...change,
    joined: joined.slice(0, mostNamed),
    left: left.slice(0, mostNamed),
    allJoined: joined.length,
    allLeft: left.length,
  };
}

function describeMove({ container, role, address, reason }: Move): string {
  return `${printable(container)} ${address}${role === 'backup' ? ' backup' : ''} (${reason})`;
}

function describeCounts({ primaries, backups }: PoolChange): string {
  const plural = (count: number, word: string, words: string): string =>
    `${String(count)} ${count === 1 ? word : words}`;
  return `${plural(primaries, 'primary', 'primaries')} and ${plural(backups, 'backup', 'backups')}`;
}
