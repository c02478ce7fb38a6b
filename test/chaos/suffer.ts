import { chmod, chown, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { eventually } from '../support/eventually.ts';
import { ask } from './ask.ts';
import { readReady, testConfiguration } from './compare.ts';
import type { Fault } from './operations.ts';
import { isSocketFault } from './operations.ts';
import type { SocketFault } from './operations.ts';
import type { ChaosStack } from './stack.ts';
import type { Mode } from './socket/modes.ts';

/** What a fault came to. */
export interface Suffered {
  /** What was not as it should be while it lasted. */
  readonly differences: readonly string[];
  /** A remark for the tally, such as the act that a controller died before. */
  readonly remark?: string;
}

const fine: Suffered = { differences: [] };

const actWithinMs = 1200;
const holdMs = 800;
/** A stream that is cut is noticed at once; so much for a busy machine. */
const noticedAfterMs = 1000;

const socketModes: Readonly<Record<Exclude<SocketFault, 'socket cut'>, Mode>> = {
  'socket frozen': 'freeze',
  'socket slow': 'slow',
  'socket answers 500': 'fail',
  'socket closes at once': 'close',
  'socket gone': 'gone',
  'events dropped': 'drop events',
  'events repeated': 'repeat events',
};

/** Does a step's operations; what is to happen just before the last of them is done there. */
export type Operate = (beforeLast?: () => Promise<void>) => Promise<void>;

/** Does the operations with a fault before, around or after them. */
export async function suffer(stack: ChaosStack, fault: Fault | undefined, operate: Operate): Promise<Suffered> {
  if (fault === undefined) {
    await operate();
    return fine;
  }
  if (isSocketFault(fault)) return sufferSocket(stack, fault.kind, fault.forMs, operate);
  switch (fault.kind) {
    case 'controller killed':
      await operate();
      await pause(fault.afterMs);
      await kill(stack, 'lbwatch');
      return fine;
    case 'controller killed at an act':
      return killAtAct(stack, fault.act, operate);
    case 'controller restarted':
      await operate();
      await stack.api.post(`/containers/${(await stack.need('lbwatch')).Id}/restart?t=5`);
      return fine;
    case 'controller recreated':
      await operate();
      await recreate(stack, 'lbwatch');
      return fine;
    case 'nginx killed':
      await operate();
      await kill(stack, 'nginx');
      return fine;
    case 'nginx restarted':
      await operate();
      await stack.api.post(`/containers/${(await stack.need('nginx')).Id}/restart?t=5`);
      return fine;
    case 'nginx recreated':
      await operate();
      await recreate(stack, 'nginx');
      return fine;
    case 'engine stopped':
    case 'engine killed':
      await operate();
      return loseEngine(stack, fault);
    case 'live-restore':
      await operate();
      return changeLiveRestore(stack, fault.isOn);
    case 'disk full':
      return fillDisk(stack, operate);
    case 'directory read-only':
      return sufferReadOnly(stack, operate);
    case 'directory lost':
      await operate();
      for (const name of await readdir(stack.sharedPath)) {
        await rm(join(stack.sharedPath, name), { recursive: true, force: true });
      }
      // The drains lay there.
      stack.drained.clear();
      return fine;
    case 'clock jumps':
      await stack.tell('control/clock', String(fault.hours * 3_600_000));
      await operate();
      return fine;
    case 'bad edit':
      return editBadly(stack, operate);
  }
}

/** Ends a container's own process, as a crash does; its restart policy brings it back. */
async function kill(stack: ChaosStack, service: string): Promise<void> {
  const { State } = await stack.need(service);
  endProcess(State.Pid);
}

function endProcess(pid: number): void {
  // 0 is none, and would be all of us.
  if (pid <= 1) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

async function recreate(stack: ChaosStack, service: string): Promise<void> {
  await stack.compose.run('up', '-d', '--no-build', '--no-deps', '--force-recreate', '-t', '5', service);
}

async function killAtAct(stack: ChaosStack, act: number, operate: Operate): Promise<Suffered> {
  const watching = new AbortController();
  let killing: Promise<string | undefined> = Promise.resolve(undefined);
  // What comes after a death would cover up what it left half done.
  await operate(async () => {
    const { State } = await stack.need('lbwatch');
    // A number alone could be the one of last time.
    await stack.tell('control/die-at', `${String(act)} ${String(performance.now())}`);
    killing = killWhenStopped(stack, State.Pid, watching.signal);
  });
  const timer = setTimeout(() => {
    watching.abort();
  }, actWithinMs);
  const what = await killing;
  clearTimeout(timer);
  await stack.untell('control/die-at');
  return { differences: [], remark: what === undefined ? 'no such act came' : `before ${what}` };
}

/** The controller has stopped by itself right before the act, and says which; its end is a real SIGKILL. */
async function killWhenStopped(stack: ChaosStack, pid: number, signal: AbortSignal): Promise<string | undefined> {
  while (!signal.aborted) {
    const what = await stack.hear('control/dying');
    if (what !== undefined) {
      // Its next life begins at once, and is to go on.
      for (const name of ['die-at', 'dying']) await stack.untell(`control/${name}`);
      endProcess(pid);
      return what;
    }
    await pause(5);
  }
  return undefined;
}

async function loseEngine(
  stack: ChaosStack,
  { kind, afterMs, offMs, victim }: Extract<Fault, { readonly kind: 'engine stopped' | 'engine killed' }>,
): Promise<Suffered> {
  const { engine } = stack;
  if (engine === undefined) return { differences: [], remark: 'no engine of our own' };
  await pause(afterMs);
  const id = stack.ids.get(victim);
  const doomed = id === undefined ? undefined : await stack.api.inspect(id);
  const { isLiveRestore } = engine;
  await (kind === 'engine stopped' ? engine.stop() : engine.kill());
  const differences: string[] = [];
  if (isLiveRestore || kind === 'engine killed') {
    // Containers outlive the engine.
    if (doomed?.State.Status === 'running') endProcess(doomed.State.Pid);
    differences.push(...(await findUnreadiness(stack)), ...(await seeServing(stack)));
  }
  await pause(offMs);
  const forgotten = await engine.start();
  const remark = isLiveRestore ? 'containers went on' : 'containers ended';
  return { differences, remark: forgotten.length === 0 ? remark : `${remark}, ${describeForgotten(forgotten)}` };
}

async function changeLiveRestore(stack: ChaosStack, isOn: boolean): Promise<Suffered> {
  const { engine } = stack;
  if (engine === undefined) return { differences: [], remark: 'no engine of our own' };
  await engine.stop();
  engine.isLiveRestore = isOn;
  const forgotten = await engine.start();
  return forgotten.length === 0 ? fine : { differences: [], remark: describeForgotten(forgotten) };
}

function describeForgotten(links: readonly string[]): string {
  return `the engine had forgotten ${String(links.length)} network interfaces of ended containers`;
}

/** nginx answers, whatever happens to the engine. */
async function seeServing(stack: ChaosStack): Promise<readonly string[]> {
  try {
    await ask(stack.nginxBase, '/edition');
    return [];
  } catch (error) {
    return [`nginx does not serve while the engine is gone: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** The engine is gone: `readyz` says so. */
async function findUnreadiness(stack: ChaosStack): Promise<readonly string[]> {
  try {
    await eventually(
      'readyz turning false',
      async () => {
        if ((await readReady(stack)).ready) throw new Error('it is true');
      },
      { withinMs: noticedAfterMs },
    );
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function sufferSocket(stack: ChaosStack, kind: SocketFault, forMs: number, operate: Operate): Promise<Suffered> {
  if (kind === 'socket cut') {
    await operate();
    await stack.proxy.cut();
    return fine;
  }
  await stack.proxy.turn(socketModes[kind]);
  let differences: readonly string[] = [];
  try {
    await operate();
    if (kind === 'socket gone') differences = await findUnreadiness(stack);
    await pause(forMs);
  } finally {
    await stack.proxy.turn('pass');
  }
  return { differences };
}

async function fillDisk(stack: ChaosStack, operate: Operate): Promise<Suffered> {
  const filler = join(stack.sharedPath, '.filler');
  // Some of it is written before there is no more room.
  await writeFile(filler, Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
  try {
    await operate();
    await pause(holdMs);
    return { differences: await testConfiguration(stack) };
  } finally {
    await rm(filler, { force: true });
  }
}

/** By its permissions: a file system whose files are open, as the controller's lock is, cannot be turned read-only. */
async function sufferReadOnly(stack: ChaosStack, operate: Operate): Promise<Suffered> {
  const { uid, gid, mode } = await stat(stack.sharedPath);
  await chown(stack.sharedPath, 0, 0);
  await chmod(stack.sharedPath, 0o555);
  try {
    await operate();
    await pause(holdMs);
    return { differences: await testConfiguration(stack) };
  } finally {
    await chmod(stack.sharedPath, mode);
    await chown(stack.sharedPath, uid, gid);
  }
}

/** While the site's own configuration is broken nothing can be loaded; what runs goes on. */
async function editBadly(stack: ChaosStack, operate: Operate): Promise<Suffered> {
  const { edition } = stack.site;
  await stack.site.spoil();
  await operate();
  await pause(holdMs);
  const differences: string[] = [];
  try {
    const { body } = await ask(stack.nginxBase, '/edition');
    if (body.trim() !== String(edition))
      differences.push(`nginx runs edition ${body.trim()} though the site is broken`);
  } catch (error) {
    differences.push(`nginx went with a bad edit: ${error instanceof Error ? error.message : String(error)}`);
  }
  await stack.site.edit();
  return { differences };
}
