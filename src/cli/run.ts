import { systemClock } from '../adapters/clock.ts';
import { Controller } from '../loop/controller.ts';
import { Drainer } from '../loop/drainer.ts';
import { PassWatch } from '../loop/pass-watch.ts';
import type { Report, Reporter } from '../loop/ports.ts';
import { Staleness } from '../loop/staleness.ts';
import { LiveStream } from '../report/live-stream.ts';
import { createLog } from '../report/log.ts';
import { Metrics } from '../report/metrics/metrics.ts';
import { Reminder } from '../report/reminder.ts';
import { StatusBoard } from '../report/status-board.ts';
import { startStatusServer } from '../report/status-server.ts';
import { StatusText } from '../report/status-text.ts';
import { Teller } from '../report/teller.ts';
import { Timeline } from '../report/timeline.ts';
import type { Told } from '../report/told.ts';
import { watchConfig } from '../sources/config-watch.ts';
import { watchEvents } from '../sources/docker-events.ts';
import { PileUp } from '../sources/pile-up.ts';
import { startResync } from '../sources/resync.ts';
import { Strangers } from '../sources/strangers.ts';
import { startTaskPoll } from '../sources/task-poll.ts';
import { takesColours } from './say.ts';
import type { Settings } from './settings.ts';
import { version } from './version.ts';
import { wire } from './wire.ts';

/** An lbwatch that is just ending is waited for: it has half a second for that. */
export const otherEndsMs = 1000;

/**
 * Runs the controller until SIGTERM or SIGINT: events, edits of the configuration, a timer and SIGHUP make passes due;
 * SIGUSR2 has the log tell more, or less again. nginx goes on serving when it ends.
 *
 * Throws Held (adapters/claim.ts) where another lbwatch keeps the directory, and an AppError where it must be started anew.
 */
export async function run(settings: Settings): Promise<void> {
  const staleness = new Staleness(systemClock);
  const streamCount = Math.max(1, settings.engines.length);
  const metrics = new Metrics(version, systemClock, staleness, streamCount);
  const { parts, readiness, engines, swarm, mistaken, files, drainStore, claim, selfId, keepReady, close } = await wire(
    settings,
    (mark) => {
      controller.mark(mark);
    },
    metrics.noteCall.bind(metrics),
  );
  await claim.take(otherEndsMs);
  await keepReady();
  const log = createLog({ format: settings.logFormat, level: settings.logLevel, isColoured: takesColours() });
  const timeline = new Timeline(systemClock);
  const tell = (told: Told): void => {
    log.tell(told);
    timeline.note(told);
  };
  const heard = (targetId: string): string | undefined => parts.applier.heard(targetId);
  const board = new StatusBoard({ version, clock: systemClock, staleness, heard, streamCount });
  const passes = new PassWatch(new Teller(tell, systemClock, staleness));
  const pileUp = new PileUp(
    systemClock,
    () => readiness.canLookCloser,
    () => {
      readiness.lookCloser();
    },
  );
  let project: string | undefined;
  const { scope } = parts.policy;
  const strangers = new Strangers(
    (id) => parts.inventory.find(id),
    () => ({
      scope: scope !== 'own' ? scope : project === undefined ? undefined : { kind: 'projects', names: [project] },
      nginx: settings.nginx,
      selfId,
    }),
  );
  const isStrange = strangers.isStrange.bind(strangers);
  const reporter: Reporter = {
    report(report) {
      staleness.note(report);
      metrics.report(report);
      board.report(report);
      passes.report(report);
      if (report.kind !== 'pass' || report.plan === undefined) return;
      pileUp.watch(report.plan.found.targets);
      project = report.plan.found.project;
    },
  };
  const window = { quietMs: settings.quiet, maxWaitMs: settings.maxWait };
  const controller = new Controller(parts, window, systemClock, reporter);
  const mark = controller.mark.bind(controller);
  const stopping = new AbortController();
  const onHangUp = (): void => {
    controller.markAll('SIGHUP');
  };
  process.on('SIGHUP', onHangUp);
  process.on('SIGUSR2', log.toggleDebug);
  const stopSignal = awaitSignal('SIGTERM', 'SIGINT');

  const vitals = { outcome: () => controller.lastOutcome, staleSince: () => staleness.since };
  const { address = '0.0.0.0', port } = settings.status;
  const drainer = new Drainer(drainStore, passes, mark, systemClock);
  const text = new StatusText(board);
  const sources = { text, timeline, stream: new LiveStream(board, text, timeline, systemClock) };
  const at = { host: address, port, names: settings.statusNames.map((name) => name.toLowerCase()) };
  const stopStatus = await startStatusServer(at, { vitals, desk: drainer, sources, metrics });
  reporter.report({ kind: 'started', details: describe(settings) });
  if (claim.obstacle !== undefined) {
    tell({
      level: 'warn',
      message: 'another lbwatch would not be kept out of the directory for now',
      details: { dir: settings.dir, why: claim.obstacle },
    });
  }

  // Watched before the first pass reads it, so that no edit falls between.
  const watched = {
    sitePaths: settings.site,
    generatedPaths: [files.generatedPath, files.streamsPath],
    isIgnored: (path: string) => files.isIgnored(path),
    isGeneratedIntact: () => files.isGeneratedIntact(),
  };
  // Where files cannot be watched, each of them says so.
  const reminder = new Reminder();
  const onWatchError = (error: unknown): void => {
    if (!reminder.isDue(systemClock.nowMs())) return;
    const message = 'cannot watch the configuration; the resync will see what changes';
    tell({ level: 'warn', message, details: { err: error } });
  };
  const stopConfigWatch = await watchConfig(watched, mark, onWatchError, systemClock);
  // The first list is made once the stream is open, and not before that as well. Where none can be opened, the first pass
  // says why.
  const watching = engines.map(({ events, lifecycle, forward, relay }) => {
    const forwarded = forward(mark);
    const beginning = new Beginning(relay(reporter), () => {
      forwarded({ reason: 'start', stale: 'all', isUrgent: false, atMs: systemClock.unixMs() });
    });
    const { signal } = stopping;
    return watchEvents(events, lifecycle, forwarded, systemClock, beginning, signal, undefined, isStrange);
  });
  const stopPoll = swarm === undefined ? undefined : startTaskPoll(swarm, mark, systemClock);
  const stopResync = startResync(settings.resync, mark, systemClock);

  const mistake = await Promise.race([stopSignal, mistaken]);
  process.off('SIGHUP', onHangUp);
  stopping.abort();
  stopResync();
  stopPoll?.();
  readiness.stop();
  pileUp.stop();
  // A pass under way is given half a second; what it leaves half done, the next start repairs.
  await Promise.race([
    Promise.all([controller.stop().then(close), ...watching, stopConfigWatch(), stopStatus()]),
    new Promise((resolve) =>
      systemClock.after(500, () => {
        resolve(undefined);
      }),
    ),
  ]);
  reporter.report({ kind: 'stopped' });
  if (mistake !== undefined) throw mistake;
}

/**
 * Resolves at the first of these signals. The listeners stay: were they gone, those that a library keeps for its temporary
 * files would be the only ones left, and would take that for leave to end the process at once.
 */
function awaitSignal(...signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      process.on(signal, () => {
        resolve();
      });
    }
  });
}

/** Calls back where the event stream fails before it was ever up, and passes everything on. */
class Beginning implements Reporter {
  readonly #next: Reporter;
  readonly #onFailure: () => void;
  #isOver = false;

  constructor(next: Reporter, onFailure: () => void) {
    this.#next = next;
    this.#onFailure = onFailure;
  }

  report(report: Report): void {
    this.#next.report(report);
    if (this.#isOver || (report.kind !== 'watching' && report.kind !== 'cut')) return;
    this.#isOver = true;
    if (report.kind === 'cut') this.#onFailure();
  }
}

function describe(settings: Settings): Readonly<Record<string, string>> {
  return {
    version,
    scope: settings.scope.join(','),
    nginx: settings.nginx ?? 'label lb.nginx or service nginx',
    dir: settings.dir,
  };
}
