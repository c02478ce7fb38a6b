import { writeFileSync } from 'node:fs';

import { systemClock } from '../../src/adapters/clock.ts';
import { Applier } from '../../src/loop/apply.ts';
import type { Files, Target } from '../../src/loop/ports.ts';
import { ApplyLab, found } from './apply-lab.ts';
import type { Place } from './apply-lab.ts';

/**
 * A controller of its own process that applies one text and is killed on the way, as by a power cut: nothing of it runs
 * any more after the step named.
 */

export type Step =
  'half a write' | 'one of two files' | 'write' | 'validate' | 'signal' | 'hand over' | 'acknowledge' | 'remember';

export interface Death {
  readonly place: Place;
  readonly addresses: readonly string[];
  readonly after: Step;
}

function dieIf(isDue: boolean): void {
  if (isDue) process.kill(process.pid, 'SIGKILL');
}

function mortalFiles(files: Files, after: Step): Files {
  let hasWritten = false;
  return {
    generatedPath: files.generatedPath,
    streamsPath: files.streamsPath,
    readGenerated: () => files.readGenerated(),
    async writeGenerated(texts) {
      const { text, streams } = texts;
      if (after === 'half a write') writeFileSync(`${files.generatedPath}.new`, text.slice(0, text.length / 2));
      dieIf(after === 'half a write');
      if (after === 'one of two files') writeFileSync(files.streamsPath, streams);
      dieIf(after === 'one of two files');
      await files.writeGenerated(texts);
      hasWritten = true;
      dieIf(after === 'write');
    },
    readLastGood: () => files.readLastGood(),
    async writeLastGood(texts) {
      // What was found there is remembered before anything is written.
      if (!hasWritten) {
        await files.writeLastGood(texts);
        return;
      }
      // On a busy machine the master may be faster than the handover.
      dieIf(after === 'acknowledge' || after === 'hand over');
      await files.writeLastGood(texts);
      dieIf(after === 'remember');
    },
    readSite: () => files.readSite(),
  };
}

function mortalTarget(target: Target, after: Step): Target {
  return {
    id: target.id,
    name: target.name,
    answersAt: target.answersAt,
    readBuild: () => target.readBuild(),
    askDigest: () => target.askDigest(),
    askConnections: () => target.askConnections(),
    async validate() {
      const verdict = await target.validate();
      dieIf(after === 'validate');
      return verdict;
    },
    includes: (path) => target.includes(path),
    listWorkers: () => target.listWorkers(),
    readTcpTables: () => target.readTcpTables(),
    async signalReload() {
      await target.signalReload();
      dieIf(after === 'signal');
    },
    prepare: () => target.prepare(),
    // Step by step, so that each step can be the last.
    reloadAndHandOver: () => Promise.resolve(undefined),
    canHandOver: () => target.canHandOver(),
    async quitWorkers(pids) {
      const quit = await target.quitWorkers(pids);
      dieIf(after === 'hand over');
      return quit;
    },
  };
}

async function main({ place, addresses, after }: Death): Promise<void> {
  const lab = new ApplyLab(place);
  const applier = new Applier(mortalFiles(lab.files, after), systemClock);
  await applier.apply(await lab.want(...addresses), found(mortalTarget(await lab.target(), after)));
}

/** Called by our own test only. */
function readDeath(json: string): Death {
  const parse: (text: string) => Death = JSON.parse;
  return parse(json);
}

if (import.meta.filename === process.argv[1]) await main(readDeath(process.argv[2] ?? ''));
