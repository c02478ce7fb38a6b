import { availableParallelism, loadavg } from 'node:os';

import { distinctMembers } from '../support/who-answers.ts';
import type { Answer } from '../support/who-answers.ts';
import type { SteadyTraffic, Timed } from '../support/steady-traffic.ts';
import { claim, claimBackup, claimPrimaries } from './claim.ts';
import type { Compose } from '../support/compose.ts';
import { during, paint, quote, say, tellCommand, tellProof, tellStep } from './narrate.ts';
import type { PublishedPort } from './published-port.ts';
import { backupServices, explainPool, primaryServices } from './stack.ts';
import type { Stage } from './stage.ts';

const pool = 'flaskappproxy';
const replicas = 5;
/** What the project promises: from a container's start, or a stop's end, to what clients see. */
const promiseMs = 2000;
/** The longest wait for anything: a demo that is late says by how much. */
const longestMs = 60_000;

/** The whole demo, scene by scene. */
export async function showStack(stage: Stage): Promise<void> {
  say(paint('bold', 'lbwatch: label a service, scale it, and nginx follows'));
  await startStack(stage);
  await explain(stage);
  await showBalance(stage);
  await scaleUp(stage);
  await stopPrimaries(stage);
  await startPrimaries(stage);
}

/** The promise is for a machine that has time for it; one that is busy with other things is told to be late, no more. */
function claimInTime(what: string, tookMs: number): void {
  const [load = 0] = loadavg();
  const isBusy = load > availableParallelism();
  if (tookMs > promiseMs && isBusy) {
    say(paint('bold', `   late: ${inSeconds(tookMs)}, on a machine with a load of ${load.toFixed(1)}`));
    return;
  }
  claim(tookMs <= promiseMs, `${what} within ${inSeconds(promiseMs)}`, `it took ${inSeconds(tookMs)}`);
}

async function startStack(stage: Stage): Promise<void> {
  tellStep(1, 'The stack: three Flask services, nginx, and lbwatch beside it');
  // The three Flask services share one image.
  await stage.command('building the images', 'build', '-q', 'flaskservice', 'nginx', 'lbwatch');
  await stage.command('starting the containers', 'up', '-d', '--scale', 'flaskservice=1');
  await stage.findPort();
  await stage.awaitAnswers(
    'two primaries answer',
    () => stage.ask(),
    (answers) => {
      claimPrimaries(answers, 2);
    },
    longestMs,
  );
  tellProof(`nginx answers at http://127.0.0.1:${String(stage.port)}/`);
}

async function explain(stage: Stage): Promise<void> {
  tellStep(2, `The pool "${pool}", as lbwatch explains it`);
  tellCommand(`${stage.compose.command} exec lbwatch lbwatch explain`);
  quote((await stage.compose.exec('lbwatch', 'lbwatch', 'explain')).trimEnd().split('\n'));
  const standings = await explainPool(stage.compose, pool);
  const count = (role: string): number => standings.filter((row) => row.role === role && row.state === 'in').length;
  const seen = `it names ${String(count('primary'))} and ${String(count('backup'))}`;
  claim(count('primary') === 2 && count('backup') === 1, 'lbwatch explain names 2 primaries and 1 backup', seen);
}

async function showBalance(stage: Stage): Promise<void> {
  tellStep(3, 'Who answers 30 requests');
  await stage.showWhoAnswers((answers) => {
    claimPrimaries(answers, 2);
  });
  tellProof('both primaries share the work; the backup stands by');
}

async function scaleUp(stage: Stage): Promise<void> {
  tellStep(4, `flaskservice is scaled to ${String(replicas)}; nobody touches nginx`);
  await stage.passOverLog();
  const all = replicas + 1;
  const seen = await stage.underTraffic(async (traffic) => {
    await stage.command('scaling', 'up', '-d', '--scale', `flaskservice=${String(replicas)}`);
    await stage.awaitAnswers(
      `${String(all)} primaries answer`,
      lately(traffic),
      (answers) => {
        claimPrimaries(answers, all);
      },
      longestMs,
    );
  });
  const started = Math.max(...(await stage.compose.running(...primaryServices)).map((one) => one.startedAtMs));
  const tookMs = Math.max(0, momentOfAll(seen, all) - started);
  claimInTime(`${String(all)} primaries answer`, tookMs);
  tellProof(`all ${String(all)} primaries had answered ${inSeconds(tookMs)} after the last replica started`);
  await stage.showLog(all);
  await stage.showWhoAnswers((answers) => {
    claimPrimaries(answers, all);
  });
}

async function stopPrimaries(stage: Stage): Promise<void> {
  tellStep(5, 'Both primary services stop; the backup answers');
  await stage.passOverLog();
  const seen = await stage.underTraffic(async (traffic) => {
    await stage.command('stopping', 'stop', ...primaryServices);
    await stage.awaitAnswers('the backup answers', lately(traffic), claimBackup, longestMs);
  });
  const gapMs = Math.max(0, momentOf(seen, backupServices, 'first') - momentOf(seen, primaryServices, 'last'));
  claimInTime('the backup answers', gapMs);
  tellProof(`the backup answered ${inSeconds(gapMs)} after the last answer of a primary`);
  await stage.showLog(0);
  await stage.showWhoAnswers(claimBackup);
}

async function startPrimaries(stage: Stage): Promise<void> {
  tellStep(6, 'Both come back; the backup stands by again');
  await stage.passOverLog();
  const all = replicas + 1;
  await stage.underTraffic(async (traffic) => {
    await stage.command('starting', 'start', ...primaryServices);
    await stage.awaitAnswers(
      'only primaries answer',
      lately(traffic),
      (answers) => {
        claimPrimaries(answers, all);
      },
      longestMs,
    );
  });
  await stage.showLog(all);
  await stage.showWhoAnswers((answers) => {
    claimPrimaries(answers, all);
  });
}

/** How to see more by hand; the stack stays up. */
export async function tellHowToGoOn(stage: Stage, ports: readonly PublishedPort[]): Promise<void> {
  const { command } = stage.compose;
  const set = ports.filter(({ isFromEnvironmentOnly }) => isFromEnvironmentOnly);
  const up = [...set.map(({ variable, text }) => `${variable}=${text}`), command].join(' ');
  const statusPort = await stage.compose.publishedPort('lbwatch', 9180);
  say();
  say(
    `${paint('green', '✓')} ${paint('bold', 'All of it is so.')} The stack stays up: http://127.0.0.1:${String(stage.port)}/`,
  );
  say(`   What lbwatch says of it, live: http://127.0.0.1:${String(statusPort)}/`);
  say();
  say('   Go on by hand:');
  tellCommand(`${up} up -d --scale flaskservice=3`);
  tellCommand(`${command} logs -f lbwatch`);
  tellCommand(`${command} exec lbwatch lbwatch status`);
  tellCommand('npm run demo -- --down');
}

/** Removes what the demo started. */
export async function takeDown(compose: Compose): Promise<void> {
  tellCommand(`${compose.command} down --volumes --remove-orphans`);
  const removed = (await during('removing', compose.down()))
    .split('\n')
    .filter((line) => /removed$|^removing .*done$/i.test(line.trim()))
    .map((line) => line.trim());
  quote(removed);
  if (removed.length === 0) tellProof('there was nothing to remove');
  else tellProof('its containers, network and volume are gone; the images lbwatch/* stay for the next time');
}

/** What the last requests of a stream saw. */
function lately(traffic: SteadyTraffic): () => readonly Answer[] {
  return () => traffic.seen.slice(-30).map(({ answer }) => answer);
}

/** When as many different primaries had answered. */
function momentOfAll(seen: readonly Timed[], count: number): number {
  const answers: Answer[] = [];
  for (const { atMs, answer } of seen) {
    answers.push(answer);
    if (distinctMembers(answers, primaryServices).length >= count) return atMs;
  }
  return Number.POSITIVE_INFINITY;
}

function momentOf(seen: readonly Timed[], services: readonly string[], which: 'first' | 'last'): number {
  const moments = seen.flatMap(({ atMs, answer }) =>
    answer.kind === 'app' && services.includes(answer.service) ? [atMs] : [],
  );
  return (which === 'first' ? moments[0] : moments.at(-1)) ?? Number.NaN;
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
