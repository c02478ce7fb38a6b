import type { PoolChange } from '../core/diff.ts';
import type { Container, Problem } from '../core/model.ts';
import { messageOf } from '../core/error-words.ts';
import { printable } from '../core/printable.ts';
import type { Outcome } from '../loop/outcome.ts';
import type { Clock, Report, Reporter } from '../loop/ports.ts';
import type { Plan } from '../loop/reconcile.ts';
import type { Staleness } from '../loop/staleness.ts';
import { describeChange, describeFound, shorten } from './change-words.ts';
import { renderDuration, toTenths } from './duration.ts';
import { Repeats } from './repeats.ts';
import { StreamTeller, describeStale } from './stream-teller.ts';
import type { Told } from './told.ts';
import { describeWho } from './who.ts';

type Pass = Extract<Report, { readonly kind: 'pass' }>;

/** A problem, and where its container was when it was first seen. */
type Located = Problem & Pick<Container, 'node'>;

/** What is said of a pass that failed. */
type Failure =
  | {
      readonly level: 'error';
      readonly message: 'nginx refuses the configuration; the running one stays' | 'reload failed';
    }
  | { readonly level: 'warn'; readonly message: 'waiting' };

/**
 * Tells people what happens: one line for each thing that a person should know, and none twice. What goes on failing is told
 * again with growing pauses, whatever it says. The log and the timeline both are what it tells.
 */
export class Teller implements Reporter {
  readonly #tell: (told: Told) => void;
  readonly #clock: Clock;
  readonly #staleness: Pick<Staleness, 'since' | 'ageMs'>;
  /** Problems already told, by their text. */
  #problems: ReadonlyMap<string, Located> = new Map();
  #notes: ReadonlySet<string> = new Set();
  /** The passes that fail at present. */
  #failure: { readonly beganMs: number; readonly repeats: Repeats } | undefined;
  /** Those that came to no outcome at all. */
  #bugs: Repeats | undefined;
  readonly #streams = new Map<string | undefined, StreamTeller>();

  /** @param staleness has noted each report before this reporter is told of it */
  constructor(tell: (told: Told) => void, clock: Clock, staleness: Pick<Staleness, 'since' | 'ageMs'>) {
    this.#tell = tell;
    this.#clock = clock;
    this.#staleness = staleness;
  }

  report(report: Report): void {
    switch (report.kind) {
      case 'started':
        this.#tell({ level: 'info', message: 'lbwatch started', details: report.details, event: { kind: 'started' } });
        break;
      case 'stopped':
        this.#tell({ level: 'info', message: 'lbwatch stopped; nginx goes on serving' });
        break;
      case 'watching':
        this.#streamOf(report.engine).tellWatching();
        break;
      case 'cut':
        this.#streamOf(report.engine).tellCut(report, this.#failure !== undefined);
        break;
      case 'bug':
        this.#reportBug(report.error);
        break;
      case 'pass':
        this.#reportPass(report);
        break;
    }
  }

  #reportBug(error: unknown): void {
    this.#bugs ??= new Repeats();
    if (!this.#bugs.isDue(messageOf(error), this.#clock.nowMs())) return;
    const message = 'a bug of lbwatch: the pass failed and will be tried again';
    const { times } = this.#bugs;
    const details = { err: error, ...(times > 1 ? { times } : {}) };
    this.#tell({ level: 'error', message, details, event: { kind: 'failure' } });
  }

  #reportPass(pass: Pass): void {
    this.#bugs = undefined;
    if (pass.plan !== undefined) {
      this.#reportProblems(pass.plan);
      this.#reportNotes(pass.plan.notes);
    }
    const { outcome } = pass;
    const { reasons, stages, sinceEventMs } = pass;
    this.#tell({
      level: 'debug',
      message: 'pass',
      details: { outcome: outcome.kind, reasons, stages, sinceEventMs },
    });
    for (const why of outcome.handoverOff ?? []) {
      const details = { why, line: why };
      this.#tell({ level: 'warn', message: 'early handover is off', details, event: { kind: 'problem' } });
    }
    switch (outcome.kind) {
      case 'unchanged':
        this.#reportRecovery();
        if (pass.isFirst) for (const change of pass.changes) this.#reportFound(change);
        this.#tell({ level: 'debug', message: 'unchanged', details: { reasons, sinceEventMs } });
        break;
      case 'applied':
        if (pass.plan?.unseen === undefined) this.#reportRecovery();
        this.#reportApplied(pass, outcome.reloaded);
        break;
      case 'rejected':
        this.#reportFailure(outcome, {
          level: 'error',
          message: 'nginx refuses the configuration; the running one stays',
        });
        break;
      case 'rolledBack':
        this.#reportFailure(outcome, { level: 'error', message: 'reload failed' });
        break;
      case 'unavailable':
        this.#reportFailure(outcome, { level: 'warn', message: 'waiting' });
        break;
    }
  }

  #reportApplied({ reasons, stages, sinceEventMs, changes }: Pass, reloaded: readonly string[]): void {
    if (reloaded.length === 0) {
      const message = 'generated file put back; nginx runs it already';
      this.#tell({ level: 'info', message, details: { reasons }, event: { kind: 'changed' } });
      return;
    }
    const shown = Object.entries(stages).map(([stage, atMs]) => [stage, toTenths(atMs)] as const);
    const reload = { sinceEventMs: toTenths(sinceEventMs), stages: Object.fromEntries(shown), nginx: reloaded };
    for (const change of changes) {
      const line = `${describeChange(change)}; acknowledged ${String(Math.round(sinceEventMs))} ms after the event`;
      const details = { ...shorten(change), reasons, sinceEventMs, line };
      const event = { ...aboutChange(change), ...reload };
      this.#tell({ level: 'info', message: 'pool changed', details, event });
    }
    if (changes.length === 0) {
      const details = { reasons, nginx: reloaded.join(', ') };
      this.#tell({ level: 'info', message: 'configuration reloaded', details, event: { kind: 'reload', ...reload } });
    }
  }

  #reportFound(change: PoolChange): void {
    const details = { ...shorten(change), line: describeFound(change) };
    this.#tell({ level: 'info', message: 'pool in step', details, event: { kind: 'started', pool: change.pool } });
  }

  #reportProblems({ desired, containers }: Pick<Plan, 'desired' | 'containers'>): void {
    const before = this.#problems;
    const now = new Map<string, Located>();
    const nodeOf = nodeFinder(containers);
    for (const problem of desired.problems) {
      const key = `${problem.containerId} ${problem.label} ${problem.message}`;
      now.set(key, before.get(key) ?? { ...problem, node: nodeOf(problem.containerId) });
    }
    for (const [key, { container, node, label, effect, message }] of now) {
      if (before.has(key)) continue;
      const consequence = effect === 'out' ? 'it stays out' : 'the label is ignored';
      const line = `${describeWho(container, node)}: ${message} (${consequence})`;
      const details = { container, node, label, effect, message, line };
      this.#tell({ level: 'warn', message: 'problem', details, event: { kind: 'problem', container } });
    }
    for (const [key, { container, node, label }] of before) {
      if (now.has(key)) continue;
      const details = { container, node, label, line: `${describeWho(container, node)}: ${printable(label)}` };
      this.#tell({ level: 'info', message: 'problem gone', details, event: { kind: 'problem gone', container } });
    }
    this.#problems = now;
  }

  #reportNotes(notes: readonly string[]): void {
    for (const line of notes) {
      if (this.#notes.has(line)) continue;
      this.#tell({ level: 'warn', message: 'note', details: { line }, event: { kind: 'problem' } });
    }
    this.#notes = new Set(notes);
  }

  #reportFailure(outcome: Extract<Outcome, { message: string }>, failure: Failure): void {
    const nowMs = this.#clock.nowMs();
    const isFirst = this.#failure === undefined;
    this.#failure ??= { beganMs: nowMs - (this.#staleness.ageMs ?? 0), repeats: new Repeats() };
    const { repeats } = this.#failure;
    if (!repeats.isDue(outcome.message, nowMs)) return;
    const line = isFirst ? outcome.message : `${outcome.message} (${describeStale(this.#staleness)})`;
    const { since: staleSince } = this.#staleness;
    const details = { outcome: outcome.kind, why: outcome.message, times: repeats.times, line, staleSince };
    this.#tell({ ...failure, details, event: { kind: 'failure' } });
  }

  #reportRecovery(): void {
    if (this.#failure === undefined) return;
    const lastedMs = this.#clock.nowMs() - this.#failure.beganMs;
    const line = `what failed for ${renderDuration(lastedMs)} works again`;
    const details = { lastedS: Math.round(lastedMs / 1000), line };
    this.#tell({ level: 'info', message: 'in step', details, event: { kind: 'recovered' } });
    this.#failure = undefined;
  }

  /** Of one engine, or of each of several by its name. */
  #streamOf(engine: string | undefined): StreamTeller {
    const known = this.#streams.get(engine) ?? new StreamTeller(this.#tell, this.#clock, this.#staleness, engine);
    this.#streams.set(engine, known);
    return known;
  }
}

/** Most passes find no new problem, and ask for nobody. */
function nodeFinder(containers: readonly Container[]): (id: string) => string | undefined {
  let nodes: ReadonlyMap<string, string | undefined> | undefined;
  return (wanted) => {
    nodes ??= new Map(containers.map(({ id, node }) => [id, node]));
    return nodes.get(wanted);
  };
}

/** What a change was: somebody came, somebody went, or both, or the pool itself. */
function aboutChange({ pool, joined, left }: PoolChange): Told['event'] & object {
  const moves = [...joined, ...left];
  const [first] = moves;
  // One name on two machines is two containers.
  const isOne = moves.every(({ container, node }) => container === first?.container && node === first.node);
  const about = { pool, ...(first !== undefined && isOne ? { container: first.container } : {}) };
  if (joined.length > 0 && left.length === 0) return { kind: 'joined', ...about };
  if (left.length > 0 && joined.length === 0) return { kind: 'left', ...about };
  return { kind: 'changed', ...about };
}
