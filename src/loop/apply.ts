import { isSame } from '../core/render.ts';
import type { Rendered, Texts } from '../core/render.ts';
import { awaitAcknowledgement, defaultPatience } from './acknowledge.ts';
import type { Answer, Patience } from './acknowledge.ts';
import { Handovers } from './handovers.ts';
import type { Outcome } from './outcome.ts';
import { Stopwatch } from './stopwatch.ts';
import type { Clock, Files, FoundTargets, Target, Worker } from './ports.ts';

/**
 * Brings the generated files to every nginx, in steps that may each be the last before a crash:
 *
 * compare with what each nginx *runs* → write → validate → signal → hand over → wait for acknowledgement →
 * remember as good. On failure the last good files are put back. Running it again after a crash at any step leads to the
 * same end.
 */
export class Applier {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #patience: Patience;
  /** Reloads that nobody answered for: not asked for again until the text or the nginx is another one. */
  readonly #unanswered = new Map<string, string>();
  readonly #handovers: Handovers;
  /** The digest that each nginx has answered with last; undefined where it did not. */
  readonly #heard = new Map<string, string | undefined>();

  /** @param handsOver whether old workers are told to quit before their master does it */
  constructor(files: Files, clock: Clock, patience: Patience = defaultPatience, handsOver = true) {
    this.#files = files;
    this.#clock = clock;
    this.#patience = patience;
    this.#handovers = new Handovers(clock, handsOver);
  }

  async apply(
    wanted: Rendered,
    found: FoundTargets,
    stopwatch = new Stopwatch(this.#clock, this.#clock.nowMs()),
  ): Promise<Outcome> {
    const ids = new Set(found.targets.map(({ id }) => id));
    for (const known of [this.#unanswered, this.#heard]) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    }
    const outcome = await this.#apply(wanted, found, stopwatch);
    const handoverOff = this.#handovers.takeReasons();
    return handoverOff.length === 0 ? outcome : { ...outcome, handoverOff };
  }

  /** The digest that an nginx of the last pass has answered with last, by the target's id; undefined where it has not. */
  heard(targetId: string): string | undefined {
    return this.#heard.get(targetId);
  }

  async #apply(wanted: Rendered, found: FoundTargets, stopwatch: Stopwatch): Promise<Outcome> {
    const { targets } = found;
    // None of these waits for another: a member that is leaving gets requests until all of them are done.
    const [running, { onDisk, lastGood }] = await Promise.all([
      Promise.all(targets.map(async (target) => ({ target, digest: await target.askDigest() }))),
      this.#write(wanted, targets),
      Promise.all(targets.map((target) => this.#handovers.check(target))),
    ]);
    for (const { target, digest } of running) this.#heard.set(target.id, digest);
    const behind = running.filter(({ digest }) => digest !== wanted.digest);
    const fallback = lastGood ?? onDisk;
    stopwatch.note('written');
    if (behind.length === 0) {
      const done: Outcome = isSame(onDisk, wanted)
        ? { kind: 'unchanged' }
        : { kind: 'applied', reloaded: [], generations: 0 };
      return this.#settle(wanted, found, done, lastGood);
    }

    const refusal = await this.#validate(behind, wanted);
    if (refusal?.kind === 'rejected') await this.#restore(fallback, wanted);
    if (refusal !== undefined) return refusal;
    stopwatch.note('validated');

    const reloads = await Promise.all(behind.map(({ target }) => this.#reload(target, wanted.digest, stopwatch)));
    const answers = reloads.map(({ answer }) => answer);
    const reloaded = behind.map(({ target }) => target);
    const refused = reloaded.filter((_, index) => answers[index] === 'refused');
    if (refused.length > 0) {
      await this.#restore(fallback, wanted);
      // Whoever took it up must not run something else than the others and the file.
      const acknowledged = reloaded.filter((_, index) => answers[index] === 'acknowledged');
      await Promise.all(acknowledged.map((target) => target.signalReload()));
      for (const { id } of acknowledged) this.#heard.delete(id);
      return {
        kind: 'rolledBack',
        message: `${names(refused)} was told to reload and went on with its old configuration; its error log says why; the last good file is back`,
      };
    }
    const silent = reloaded.filter((_, index) => answers[index] === 'silent');
    if (silent.length > 0) return describeSilence(silent);
    const generations = Math.max(...reloads.map(({ workers }) => countGenerations(workers)));
    const done: Outcome = { kind: 'applied', reloaded: reloaded.map(({ name }) => name), generations };
    return this.#settle(wanted, found, done, lastGood);
  }

  /** Answers what was there before. */
  async #write(
    wanted: Rendered,
    targets: readonly Target[],
  ): Promise<{ readonly onDisk: Texts | undefined; readonly lastGood: Texts | undefined }> {
    const [onDisk, lastGood] = await Promise.all([this.#files.readGenerated(), this.#files.readLastGood()]);
    if (!isSame(onDisk, wanted)) {
      // Not waited for: who needs it waits for what it needs.
      void Promise.all(targets.map((target) => target.prepare()));
      // The first time of all there is no last good: what nginx was started with is the best to go back to, also for the
      // one who comes after a crash of this one.
      if (lastGood === undefined && onDisk !== undefined) await this.#files.writeLastGood(onDisk);
      await this.#files.writeGenerated(wanted);
    }
    return { onDisk, lastGood };
  }

  async #validate(
    behind: readonly { readonly target: Target; readonly digest: string | undefined }[],
    wanted: Rendered,
  ): Promise<Outcome | undefined> {
    const refusals = await Promise.all(
      behind.map(async ({ target, digest }): Promise<Outcome | undefined> => {
        if (digest === undefined && this.#unanswered.get(target.id) === wanted.digest) return describeSilence([target]);
        const verdict = await target.validate();
        if (verdict.accepted === false) return { kind: 'rejected', message: `${target.name}: ${verdict.message}` };
        // Nobody answered: it may never have heard of the file.
        if (digest !== undefined || (await target.includes(this.#files.generatedPath)) !== false) return undefined;
        return {
          kind: 'unavailable',
          what: 'nginx',
          message: `${target.name} does not include ${this.#files.generatedPath}; write "include ${this.#files.generatedPath};" in the http block of its configuration`,
        };
      }),
    );
    return (
      refusals.find((refusal) => refusal?.kind === 'rejected') ?? refusals.find((refusal) => refusal !== undefined)
    );
  }

  /** Answers what became of it, and the workers as they are then; none where that is not known. */
  async #reload(
    target: Target,
    digest: string,
    stopwatch: Stopwatch,
  ): Promise<{ readonly answer: Answer; readonly workers: readonly Worker[] }> {
    const { before, newWorkers } = await this.#handovers.reload(target, () => {
      stopwatch.note('signalled');
    });
    stopwatch.note('handedOver');
    const answer = await awaitAcknowledgement(target, digest, before, this.#clock, this.#patience);
    if (answer === 'acknowledged') {
      stopwatch.note('acknowledged');
      this.#heard.set(target.id, digest);
    }
    const workers = answer === 'acknowledged' ? ((await target.listWorkers()) ?? []) : [];
    if (answer === 'acknowledged' && newWorkers !== undefined) this.#handovers.note(target, newWorkers, workers);
    if (answer === 'silent') this.#unanswered.set(target.id, digest);
    else this.#unanswered.delete(target.id);
    return { answer, workers };
  }

  async #restore(fallback: Texts | undefined, wanted: Rendered): Promise<void> {
    if (fallback !== undefined && !isSame(fallback, wanted)) await this.#files.writeGenerated(fallback);
  }

  /** Every nginx that runs has what is wanted; where none runs, the file waits for it. */
  async #settle(wanted: Rendered, found: FoundTargets, done: Outcome, lastGood: Texts | undefined): Promise<Outcome> {
    if (found.missing !== undefined) {
      return { kind: 'unavailable', what: 'nginx', message: `${found.missing}; the file is ready for it` };
    }
    if (!isSame(lastGood, wanted)) await this.#files.writeLastGood(wanted);
    return done;
  }
}

/** How many reloads ago the oldest connection began, about: quitting workers by accepting ones. */
function countGenerations(workers: readonly Worker[]): number {
  const quitting = workers.filter(({ isQuitting }) => isQuitting).length;
  return Math.ceil(quitting / Math.max(1, workers.length - quitting));
}

function describeSilence(targets: readonly Target[]): Outcome {
  const addresses = targets.map((target) => target.answersAt).join(', ');
  return {
    kind: 'unavailable',
    what: 'nginx',
    message: `${names(targets)} has the configuration but does not answer at ${addresses}; lbwatch must share a network with nginx, and nothing else may listen there`,
  };
}

function names(targets: readonly Target[]): string {
  return targets.map((target) => target.name).join(', ');
}
