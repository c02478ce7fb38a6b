import type { Logger } from 'pino';

import type { Move, PoolChange } from '../core/diff.ts';
import type { Problem } from '../core/model.ts';
import { printable } from '../core/printable.ts';
import type { Outcome } from '../loop/outcome.ts';
import type { Report, Reporter } from '../loop/ports.ts';

type Pass = Extract<Report, { readonly kind: 'pass' }>;

/** Writes reports to the log: one line for each thing a person should know, and none twice. */
export class LogReporter implements Reporter {
  readonly #log: Logger;
  /** Problems already told, by their text. */
  #problems: ReadonlyMap<string, Problem> = new Map();
  #notes: ReadonlySet<string> = new Set();
  /** What fails at present, and how often it was found so. */
  #failure: { readonly message: string; readonly sinceMs: number; times: number } | undefined;
  #isCut = false;

  constructor(log: Logger) {
    this.#log = log;
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
        this.#log.info(this.#isCut ? 'watching the engine again' : 'watching the engine');
        this.#isCut = false;
        break;
      case 'cut':
        // The passes that fail meanwhile are told with growing pauses.
        this.#log[this.#isCut ? 'debug' : 'warn']({ why: report.why, retryMs: report.retryMs }, 'event stream lost');
        this.#isCut = true;
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
    this.#log.debug({ outcome: outcome.kind, reasons: pass.reasons, stages: pass.stages }, 'pass');
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
      this.#log.info({ ...change, reasons: pass.reasons, sinceEventMs: pass.sinceEventMs, line }, 'pool changed');
    }
    if (pass.changes.length === 0) {
      this.#log.info({ reasons: pass.reasons, nginx: reloaded.join(', ') }, 'configuration reloaded');
    }
  }

  #reportFound(change: PoolChange): void {
    const members = change.joined.map(({ container }) => printable(container)).join(', ') || 'nobody';
    const line = `${change.pool} has ${describeCounts(change)}: ${members}`;
    this.#log.info({ ...change, line }, 'pool in step');
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
        this.#log.info({ container, label, line: `${printable(container)}: ${label}` }, 'problem gone');
    }
    this.#problems = now;
  }

  #reportNotes(notes: readonly string[]): void {
    for (const line of notes) if (!this.#notes.has(line)) this.#log.warn({ line }, 'note');
    this.#notes = new Set(notes);
  }

  /** Once, then at the 2nd, 4th, 8th… time: the pauses grow by themselves. */
  #reportFailure(outcome: Extract<Outcome, { message: string }>, message: string, level: 'error' | 'warn'): void {
    if (this.#failure?.message !== outcome.message) {
      this.#failure = { message: outcome.message, sinceMs: this.#failure?.sinceMs ?? Date.now(), times: 0 };
    }
    const failure = this.#failure;
    failure.times += 1;
    if (!Number.isInteger(Math.log2(failure.times))) return;
    const staleSince = new Date(failure.sinceMs).toISOString();
    const since = failure.times === 1 ? '' : ` (stale since ${staleSince})`;
    const details = { outcome: outcome.kind, why: outcome.message, times: failure.times, staleSince };
    this.#log[level]({ ...details, line: `${outcome.message}${since}` }, message);
  }

  #reportRecovery(): void {
    if (this.#failure === undefined) return;
    const lastedS = Math.round((Date.now() - this.#failure.sinceMs) / 1000);
    this.#log.info({ lastedS, line: `what failed for ${String(lastedS)} s works again` }, 'in step');
    this.#failure = undefined;
  }
}

function describeChange(change: PoolChange): string {
  const moves = [
    ...change.joined.map((move) => `+ ${describeMove(move)}`),
    ...change.left.map((move) => `- ${describeMove(move)}`),
  ];
  return `${change.pool} ${moves.join(', ') || '(no member)'}; now ${describeCounts(change)}`;
}

function describeMove({ container, role, address, reason }: Move): string {
  return `${printable(container)} ${address}${role === 'backup' ? ' backup' : ''} (${reason})`;
}

function describeCounts({ primaries, backups }: PoolChange): string {
  const plural = (count: number, word: string, words: string): string =>
    `${String(count)} ${count === 1 ? word : words}`;
  return `${plural(primaries, 'primary', 'primaries')} and ${plural(backups, 'backup', 'backups')}`;
}
