import { describe, expect, test } from '@jest/globals';

import { handOver } from '../../src/loop/handover.ts';
import type { Handover } from '../../src/loop/handover.ts';
import { Handovers } from '../../src/loop/handovers.ts';
import type { Quit, Worker } from '../../src/loop/ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTarget } from '../support/fake-target.ts';

const patience = { newWorkersMs: 500, pollMs: 2 };

/** An nginx whose master starts workers and tells old ones to quit at given times after the signal. */
class Scene {
  readonly clock = new FakeClock();
  /** When and whom lbwatch told to quit. */
  readonly quits: (readonly [atMs: number, pids: readonly number[]])[] = [];
  readonly target: FakeTarget;
  workers: (nowMs: number) => readonly Worker[] | undefined = () => accepting(11, 12);
  answer: Quit = 'sent';

  constructor() {
    this.target = new FakeTarget({
      workers: () => this.workers(this.clock.nowMs()),
      quit: (pids) => {
        this.quits.push([this.clock.nowMs(), pids]);
        return this.answer;
      },
    });
  }

  handOver(before: readonly Worker[] = accepting(11, 12)): Promise<Handover> {
    return this.clock.until(handOver(this.target, before, this.clock, patience));
  }
}

describe('after the reload signal', () => {
  test('the old workers are told when as many new ones accept, and nobody else is', async () => {
    const scene = new Scene();
    scene.workers = (nowMs) => [
      ...accepting(11, 12),
      ...quitting(7),
      ...(nowMs < 4 ? [] : accepting(21)),
      ...(nowMs < 8 ? [] : accepting(22)),
    ];
    expect(await scene.handOver([...accepting(11, 12), ...quitting(7)])).toEqual({ kind: 'early', newWorkers: 2 });
    expect(scene.quits).toEqual([[8, [11, 12]]]);
  });

  test('no new worker, a refused configuration: nobody is told, and after a while it is left alone', async () => {
    const scene = new Scene();
    expect(await scene.handOver()).toEqual({ kind: 'left' });
    expect(scene.quits).toEqual([]);
    expect(scene.clock.nowMs()).toBe(patience.newWorkersMs);
  });

  test('fewer workers than before: their master tells them', async () => {
    const scene = new Scene();
    scene.workers = (nowMs) => [...(nowMs < 100 ? accepting(11, 12) : quitting(11, 12)), ...accepting(21)];
    expect(await scene.handOver()).toEqual({ kind: 'left' });
    expect([scene.quits, scene.clock.nowMs()]).toEqual([[], 100]);
  });

  test('more workers than before: the old ones are told when they can be spared', async () => {
    const scene = new Scene();
    scene.workers = () => accepting(11, 12, 21, 22, 23);
    expect(await scene.handOver()).toEqual({ kind: 'early', newWorkers: 3 });
    expect(scene.quits).toEqual([[0, [11, 12]]]);
  });

  test('an old worker that is gone is not told: its pid may be of somebody else', async () => {
    const scene = new Scene();
    scene.workers = () => accepting(12, 21, 22);
    await scene.handOver();
    expect(scene.quits).toEqual([[0, [12]]]);
  });

  test('one that crashed and was replaced at the wrong moment is no sign of a reload', async () => {
    const scene = new Scene();
    scene.workers = () => accepting(12, 13);
    expect(await scene.handOver()).toEqual({ kind: 'left' });
    expect(scene.quits).toEqual([]);
  });

  test('without old workers there is nothing to hand over', async () => {
    const scene = new Scene();
    expect(await scene.handOver(quitting(7))).toEqual({ kind: 'left' });
    expect(scene.clock.nowMs()).toBe(0);
  });

  test('workers that become invisible are left alone', async () => {
    const scene = new Scene();
    scene.workers = () => undefined;
    expect(await scene.handOver()).toEqual({ kind: 'left' });
    expect(scene.quits).toEqual([]);
  });
});

describe('where both can be done in one go', () => {
  const begin = (handover: Handover, isOn = true) => {
    const clock = new FakeClock();
    const shortCut = () => ({ before: accepting(11, 12), handover });
    const workers = () => accepting(11, 12);
    const target = new FakeTarget({ shortCut, workers, quit: () => 'sent' });
    const handovers = new Handovers(clock, isOn);
    let signals = 0;
    const reload = () => clock.until(handovers.reload(target, () => (signals += 1)));
    return { target, handovers, reload, signals: () => signals };
  };

  test('that is done, and nothing else', async () => {
    const { target, reload, signals } = begin({ kind: 'early', newWorkers: 2 });
    expect(await reload()).toEqual({ before: accepting(11, 12), newWorkers: 2 });
    expect([signals(), target.reloads]).toEqual([1, 0]);
  });

  test('workers that may not be signalled: said once, and from then on it is left to its master', async () => {
    const { target, handovers, reload, signals } = begin({ kind: 'refused' });
    expect(await reload()).toEqual({ before: accepting(11, 12), newWorkers: undefined });
    expect(handovers.takeReasons()).toEqual([expect.stringContaining('may not signal the workers')]);
    expect(await reload()).toEqual({ before: accepting(11, 12), newWorkers: undefined });
    expect([signals(), target.reloads]).toEqual([2, 1]);
  });

  test('not where handing over is switched off', async () => {
    const { target, reload, signals } = begin({ kind: 'early', newWorkers: 2 }, false);
    expect(await reload()).toEqual({ before: accepting(11, 12), newWorkers: undefined });
    expect([signals(), target.reloads]).toEqual([1, 1]);
  });
});

describe('whether it went well', () => {
  test('as many workers as new ones were seen: it is done again', async () => {
    const { scene, handovers } = await handedOver();
    scene.workers = () => accepting(21, 22);
    expect(await checkLater(scene, handovers)).toEqual([]);
    expect(await scene.clock.until(handovers.follow(scene.target, accepting(11, 12)))).toBeUndefined();
    scene.workers = () => accepting(21, 22, 31, 32);
    expect(await scene.clock.until(handovers.follow(scene.target, accepting(21, 22)))).toBe(2);
  });

  test.each([
    ['too many', accepting(21, 22, 23), 3],
    ['too few', accepting(22), 1],
  ])('%s: said once, and that nginx is left to its master', async (_, workers, count) => {
    const { scene, handovers } = await handedOver();
    scene.workers = () => workers;
    const [reason, ...others] = await checkLater(scene, handovers);
    expect(reason).toMatch(`nginx has ${String(count)} workers that accept, and should have 2`);
    expect([others, handovers.takeReasons()]).toEqual([[], []]);

    scene.workers = () => accepting(21, 22, 31, 32);
    expect(await handovers.follow(scene.target, accepting(21, 22))).toBeUndefined();
    expect(scene.quits).toHaveLength(1);
    const other = new FakeTarget({ name: 'other', workers: () => accepting(21, 22, 31, 32), quit: () => 'sent' });
    expect(await handovers.follow(other, accepting(21, 22))).toBe(2);
  });

  test.each([
    ['somebody else has reloaded it since', () => accepting(91, 92, 93)],
    ['it cannot be seen now', () => undefined],
    [
      'one has just crashed',
      (() => {
        let asked = 0;
        return () => ((asked += 1) === 1 ? accepting(21) : accepting(21, 22));
      })(),
    ],
  ])('%s: nothing to say', async (_, workers) => {
    const { scene, handovers } = await handedOver();
    scene.workers = workers;
    expect(await checkLater(scene, handovers)).toEqual([]);
  });

  test('it is not looked at before the master can have replaced anybody', async () => {
    const { scene, handovers } = await handedOver();
    scene.workers = () => accepting(21);
    await handovers.check(scene.target);
    expect(handovers.takeReasons()).toEqual([]);
  });

  test('more workers than ever seen are fine where their number was just raised', async () => {
    const { scene, handovers } = await handedOver(accepting(21, 22, 23));
    scene.workers = () => accepting(21, 22, 23, 24);
    expect(await checkLater(scene, handovers)).toEqual([]);
  });

  test('where workers may not be signalled it is said once, and not tried again', async () => {
    const scene = new Scene();
    const handovers = new Handovers(scene.clock, true);
    scene.answer = 'refused';
    scene.workers = () => accepting(11, 12, 21, 22);
    for (let reload = 0; reload < 3; reload += 1) {
      expect(await handovers.follow(scene.target, accepting(11, 12))).toBeUndefined();
    }
    expect(scene.quits).toHaveLength(1);
    expect(handovers.takeReasons()).toEqual([expect.stringContaining('may not signal the workers of nginx')]);
  });

  test.each([
    ['it is turned off', false, 'sent', accepting(11, 12)],
    ['workers cannot be seen', true, 'sent', undefined],
    ['workers cannot be signalled', true, undefined, accepting(11, 12)],
  ] as const)('where %s, nobody is asked for anything', async (_, isOn, quit, before) => {
    const scene = new Scene();
    const asked: string[] = [];
    const target = new FakeTarget({
      workers: () => {
        asked.push('workers');
        return accepting(11, 12, 21, 22);
      },
      ...(quit === undefined ? {} : { quit: () => quit }),
    });
    expect(await new Handovers(scene.clock, isOn).follow(target, before)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

/** 11 and 12 were told to quit, and some were there when the reload was acknowledged. */
async function handedOver(acknowledged: readonly Worker[] = accepting(21, 22)) {
  const scene = new Scene();
  const handovers = new Handovers(scene.clock, true);
  scene.workers = () => accepting(11, 12, 21, 22);
  const newWorkers = await handovers.follow(scene.target, accepting(11, 12));
  expect(newWorkers).toBe(2);
  scene.workers = () => acknowledged;
  handovers.note(scene.target, newWorkers ?? 0, (await scene.target.listWorkers()) ?? []);
  return { scene, handovers };
}

async function checkLater({ clock, target }: Scene, handovers: Handovers): Promise<readonly string[]> {
  await clock.advance(1000);
  await clock.until(handovers.check(target));
  return handovers.takeReasons();
}

function accepting(...pids: readonly number[]): readonly Worker[] {
  return pids.map((pid) => ({ pid, isQuitting: false }));
}

function quitting(...pids: readonly number[]): readonly Worker[] {
  return pids.map((pid) => ({ pid, isQuitting: true }));
}
