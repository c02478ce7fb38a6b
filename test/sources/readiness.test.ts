import { describe, expect, test } from '@jest/globals';

import type { Answer, Probe, Question } from '../../src/core/probe.ts';
import type { Mark } from '../../src/loop/dirty.ts';
import { Readiness } from '../../src/sources/readiness.ts';
import { FakeClock } from '../support/fake-clock.ts';

const ok: Answer = { kind: 'ok', why: 'its port answers' };
const replied: Answer = { kind: 'replied', why: 'its port answers' };
const silent: Answer = { kind: 'silent', why: 'says nothing' };
const refused: Answer = { kind: 'refused', why: 'nothing listens' };
const failed: Answer = { kind: 'failed', why: 'no answer' };

describe('joining', () => {
  test('who answers at once is known to the pass that asked, and causes no further one', async () => {
    const { clock, readiness, marks } = start();
    const standings = await clock.until(readiness.follow([probe('a')]));
    expect(standings.get('a')?.state).toBe('passing');
    await clock.advance(60_000);
    expect(marks).toEqual([]);
  });

  test('a slow starter is asked again soon, and its first success makes a pass due', async () => {
    const { clock, readiness, members, marks } = start();
    members.set('a', refused);
    const standings = await clock.until(readiness.follow([probe('a')]));
    expect(standings.get('a')?.state).toBe('refused');
    await clock.advance(5000);
    expect(marks).toEqual([]);
    members.set('a', ok);
    await clock.advance(550);
    expect(marks.map(({ reason, isUrgent }) => [reason, isUrgent])).toEqual([['check passed', false]]);
  });

  test('a member that says nothing holds a pass up for a moment only', async () => {
    const { clock, readiness, members } = start();
    await clock.until(readiness.follow([probe('a')]));
    members.set('b', undefined);
    const beginMs = clock.nowMs();
    const standings = await clock.until(readiness.follow([probe('a'), probe('b')]));
    expect(clock.nowMs() - beginMs).toBeLessThanOrEqual(51);
    expect(standings.get('b')?.state).toBe('pending');
    expect(standings.get('a')?.state).toBe('passing');
  });

  test('at the start a clear answer is waited for, so that nobody who serves is dropped for one failure', async () => {
    const { clock, readiness, members } = start();
    members.set('a', failed);
    const following = readiness.follow([probe('a')]);
    await clock.advance(20);
    members.set('a', ok);
    expect((await clock.until(following)).get('a')?.state).toBe('passing');
  });
});

describe('serving', () => {
  test('checks go on at the interval, spread over it', async () => {
    const { clock, readiness, asked } = start();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await clock.until(readiness.follow(names.map((name) => probe(name))));
    await clock.advance(20_000);
    for (const name of names) {
      const times = asked.filter((one) => one.name === name).map(({ atMs }) => atMs);
      const gaps = times.slice(2).map((atMs, index) => atMs - (times[index + 1] ?? 0));
      expect(gaps.length).toBeGreaterThanOrEqual(8);
      // The interval: what an answer takes is made up for, up to the next common moment.
      for (const gap of gaps) expect(gap).toBe(2000);
      // Woken up for one, for others, too.
      for (const atMs of times.slice(1)) expect(atMs % 1000).toBe(0);
    }
    const phases = names.map((name) => asked.filter((one) => one.name === name).at(-1)?.atMs ?? 0);
    // Half of them at one of the interval's two moments, half at the other.
    expect([0, 1000].map((moment) => phases.filter((atMs) => atMs % 2000 === moment).length)).toEqual([4, 4]);
  });

  test('an interval that was written is kept to the millisecond that an answer takes', async () => {
    const { clock, readiness, asked } = start();
    const { timing, ...rest } = probe('a');
    await clock.until(readiness.follow([{ ...rest, timing: { ...timing, intervalMs: 1100 } }]));
    await clock.advance(10_000);
    const gaps = asked.slice(2).map(({ atMs }, index) => Math.round(atMs - (asked[index + 1]?.atMs ?? 0)));
    expect(new Set(gaps)).toEqual(new Set([1101]));
  });

  test('one that stops answering leaves, urgently, after its failures in a row; back after its successes', async () => {
    const { clock, readiness, members, marks, suspected } = start();
    await clock.until(readiness.follow([probe('a')]));
    await clock.advance(10_000);
    expect(suspected).toEqual([]);
    members.set('a', failed);
    await clock.advance(2300);
    expect(suspected).toEqual(['container a']);
    expect(marks.map(({ reason, isUrgent }) => [reason, isUrgent])).toEqual([['check failed', true]]);
    expect((await readiness.follow([probe('a')])).get('a')).toMatchObject({ state: 'failing', why: 'no answer' });
    members.set('a', ok);
    await clock.advance(2000);
    expect(marks).toHaveLength(1);
    await clock.advance(2000);
    expect(marks.at(-1)).toMatchObject({ reason: 'check passed', isUrgent: false });
  });

  test('how they stand is the same object for as long as nobody stands otherwise', async () => {
    const { clock, readiness, members } = start();
    const probes = [probe('a'), probe('b')];
    await clock.until(readiness.follow(probes));
    await clock.advance(10_000);
    const before = await readiness.follow(probes);
    await clock.advance(10_000);
    expect(await readiness.follow(probes)).toBe(before);
    members.set('a', failed);
    await clock.advance(2300);
    const after = await readiness.follow(probes);
    expect(after).not.toBe(before);
    expect(after.get('a')?.state).toBe('failing');
    const one = await readiness.follow([probe('b')]);
    expect(one).not.toBe(after);
    expect(['a', 'b'].map((key) => one.get(key)?.state)).toEqual([undefined, 'passing']);
  });

  test('a single failure is forgiven', async () => {
    const { clock, readiness, members, marks, asked } = start();
    await clock.until(readiness.follow([probe('a')]));
    await clock.advance(4000);
    members.set('a', failed);
    const before = asked.length;
    while (asked.length === before) await clock.advance(10);
    members.set('a', ok);
    await clock.advance(10_000);
    expect(marks).toEqual([]);
  });

  test('who is followed no longer is asked no longer', async () => {
    const { clock, readiness, asked } = start();
    await clock.until(readiness.follow([probe('a'), probe('b')]));
    await readiness.follow([probe('b')]);
    asked.length = 0;
    await clock.advance(10_000);
    expect(new Set(asked.map(({ name }) => name))).toEqual(new Set(['b']));
    readiness.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('a closer look', () => {
  test('takes out at once who accepts and does not answer, and nobody else; back when it answers requests again', async () => {
    const { clock, readiness, members, marks, asked } = start();
    await clock.until(readiness.follow([alive('a'), alive('b'), alive('c')]));
    // Whether they answer requests at all is known by then.
    await clock.advance(5000);
    expect(readiness.canLookCloser).toBe(true);
    expect(asked.filter(({ kind }) => kind === 'reply')).toHaveLength(3);
    members.set('b', 'silent');
    await clock.advance(10_000);
    expect(marks).toEqual([]);
    asked.length = 0;
    readiness.lookCloser();
    await clock.advance(1110);
    expect(marks.map(({ reason, isUrgent }) => [reason, isUrgent])).toEqual([['check failed', true]]);
    const asksOf = (wanted: string): number =>
      asked.filter(({ name, kind }) => name === wanted && kind === 'reply').length;
    expect(['a', 'b', 'c'].map(asksOf)).toEqual([1, 2, 1]);
    const standings = await readiness.follow([alive('a'), alive('b'), alive('c')]);
    expect(standings.get('b')).toMatchObject({ state: 'failing', why: 'says nothing' });
    await clock.advance(10_000);
    expect(marks).toHaveLength(1);
    members.delete('b');
    await clock.advance(5000);
    expect(marks.map(({ reason }) => reason)).toEqual(['check failed', 'check passed']);
  });

  test('not sooner than a second after the last one', async () => {
    const { clock, readiness, asked } = start();
    await clock.until(readiness.follow([alive('a')]));
    await clock.advance(5000);
    asked.length = 0;
    for (let turn = 0; turn < 30; turn += 1) {
      readiness.lookCloser();
      await clock.advance(100);
    }
    expect(asked.filter(({ kind }) => kind === 'reply')).toHaveLength(3);
  });

  test('nobody answers requests, or is to be asked for more than its port: nobody is looked at', async () => {
    const { clock, readiness, members, marks, asked } = start();
    members.set('mute', 'silent');
    await clock.until(readiness.follow([alive('mute'), probe('port')]));
    await clock.advance(10_000);
    expect(readiness.canLookCloser).toBe(false);
    asked.length = 0;
    readiness.lookCloser();
    await clock.advance(1900);
    expect(asked.filter(({ kind }) => kind === 'reply')).toEqual([]);
    expect(marks).toEqual([]);
  });
});

test('a thousand members: never more than 32 at once, and no more checks a second than a hundred cause', async () => {
  const { clock, readiness, asked, atOnce } = start(5);
  const probes = Array.from({ length: 1000 }, (_, index) => probe(String(index)));
  await clock.until(readiness.follow(probes));
  expect(asked).toHaveLength(1000);
  expect(atOnce.most).toBe(32);
  await clock.advance(50_000);
  asked.length = 0;
  await clock.advance(50_000);
  expect(asked.length).toBeGreaterThan(900);
  expect(asked.length).toBeLessThanOrEqual(1100);
});

function probe(key: string): Probe {
  const timing = { intervalMs: undefined, timeoutMs: 1000, rise: 2, fall: 2 };
  return { key, containerId: `container ${key}`, address: '10.0.0.1:8000', check: { kind: 'tcp' }, timing };
}

function alive(key: string): Probe {
  return { ...probe(key), check: { kind: 'alive' } };
}

/** Members that answer `ok`, or as the test says; undefined: never; `silent`: no requests. */
function start(answerMs = 1) {
  const clock = new FakeClock();
  const members = new Map<string, Answer | 'silent' | undefined>();
  const marks: Mark[] = [];
  const asked: { readonly name: string; readonly kind: string; readonly atMs: number }[] = [];
  const atOnce = { now: 0, most: 0 };
  const ask = async ({ key, check, timing }: Question): Promise<Answer> => {
    asked.push({ name: key, kind: check.kind, atMs: clock.nowMs() });
    atOnce.now += 1;
    atOnce.most = Math.max(atOnce.most, atOnce.now);
    const told = members.has(key) ? members.get(key) : ok;
    const isMute = told === 'silent' && check.kind === 'reply';
    const answer = isMute ? silent : told === 'silent' ? ok : told === ok && check.kind === 'reply' ? replied : told;
    await new Promise<void>((resolve) => {
      if (answer !== undefined) clock.after(isMute ? timing.timeoutMs : answerMs, resolve);
    });
    atOnce.now -= 1;
    return answer ?? ok;
  };
  const suspected: string[] = [];
  const readiness = new Readiness(
    ask,
    clock,
    (mark) => marks.push(mark),
    (id) => suspected.push(id),
  );
  return { clock, readiness, members, marks, suspected, asked, atOnce };
}
