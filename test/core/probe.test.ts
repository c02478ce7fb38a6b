import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  advance,
  chooseQuestion,
  isWorthALook,
  lookPauseMs,
  nextAttemptMs,
  nextPauseMs,
  pending,
  untilCommonMoment,
} from '../../src/core/probe.ts';
import type { Answer, Probe, Standing } from '../../src/core/probe.ts';

const timing = { intervalMs: undefined, timeoutMs: 1000, rise: 2, fall: 3 };

function answerOf(letter: string): Answer {
  if (letter === 'o') return { kind: 'ok', why: 'fine' };
  return letter === 'f' ? { kind: 'failed', why: 'answered 500' } : { kind: 'refused', why: 'nobody listens' };
}

/** The standing after answers written as letters: `o` ok, `f` failed, `r` refused. */
function after(letters: string): Standing {
  return letters.split('').reduce((standing, letter) => advance(standing, answerOf(letter), timing), pending);
}

describe('what answers make of a member', () => {
  test('an answer that tells nothing new changes nothing', () => {
    for (const letters of ['o', 'of', 'ff', 'fffo']) {
      const [first, ...others] = [1, 2, 3].map((times) => after(letters + 'o'.repeat(2 + times)));
      expect(others).toEqual([first, first]);
      expect(first && advance(first, answerOf('o'), timing)).toBe(first);
    }
    const failing = after('fff');
    expect(advance(failing, answerOf('f'), timing)).not.toBe(failing);
  });

  test.each([
    ['', 'pending'],
    // The first success counts by itself, and so does nobody listening: that is certain.
    ['o', 'passing'],
    ['r', 'refused'],
    ['rrrro', 'passing'],
    ['fo', 'passing'],
    // A wrong answer may be a mistake: three in a row are none.
    ['ff', 'pending'],
    ['fff', 'failing'],
    ['of', 'passing'],
    ['off', 'passing'],
    ['offo', 'passing'],
    ['offoff', 'passing'],
    ['offf', 'failing'],
    ['orr', 'passing'],
    ['orrr', 'refused'],
    ['ofrr', 'refused'],
    ['orrf', 'failing'],
    // Back after two in a row, once it has failed.
    ['offfo', 'failing'],
    ['offfofo', 'failing'],
    ['offfoo', 'passing'],
    ['orrro', 'refused'],
    ['orrroo', 'passing'],
    // While it is out, what it says now counts at once.
    ['offfr', 'refused'],
    ['orrrf', 'failing'],
    // One that failed before it ever passed needs one success like any new one.
    ['fffo', 'passing'],
  ])('%s: %s', (letters, state) => {
    expect(after(letters).state).toBe(state);
  });

  test('the latest answer is the reason', () => {
    expect(after('of').why).toBe('answered 500');
    expect(after('ofo').why).toBe('fine');
  });
});

describe('the pause before the next attempt', () => {
  test('while it starts: a tenth of the time it has been starting, within bounds', () => {
    expect(nextPauseMs(after('r'), timing, 1, 0)).toBe(50);
    expect(nextPauseMs(after('rrr'), timing, 1, 5000)).toBe(500);
    expect(nextPauseMs(after('rrr'), timing, 1, 600_000)).toBe(2000);
  });

  test('while it serves: two seconds, or what the label says', () => {
    expect(nextPauseMs(after('o'), timing, 10, 60_000)).toBe(2000);
    expect(nextPauseMs(after('o'), { ...timing, intervalMs: 500 }, 10_000, 60_000)).toBe(500);
  });

  test('long pauses end at moments in common, hardly ever sooner and little later', () => {
    expect([2000, 2001, 2050, 2051, 2999].map((ms) => untilCommonMoment(1000, ms))).toEqual([
      2000, 2000, 2000, 3000, 3000,
    ]);
    expect([500, 550, 551].map((ms) => untilCommonMoment(1000, ms, 500))).toEqual([500, 500, 1000]);
    // An answer that took up to 50 ms costs no further moment.
    expect(untilCommonMoment(1050, 2000)).toBe(1950);
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 0, max: 1e6 }), (nowMs, pauseMs) => {
        const untilMs = untilCommonMoment(nowMs, pauseMs);
        expect(untilMs).toBeGreaterThan(0);
        expect((nowMs + untilMs) % 1000).toBe(0);
        expect(untilMs - pauseMs).toBeGreaterThanOrEqual(-50);
        expect(untilMs - pauseMs).toBeLessThanOrEqual(1000);
      }),
    );
  });

  test('many members are asked less often, so that the number of checks a second stays', () => {
    expect(nextPauseMs(after('o'), timing, 100, 60_000)).toBe(5000);
    expect(nextPauseMs(after('o'), timing, 1000, 60_000)).toBe(50_000);
  });

  test('after a first failure it is asked again soon, however many there are; a failed one at the interval', () => {
    expect(nextPauseMs(after('of'), timing, 1000, 60_000)).toBe(250);
    expect(nextPauseMs(after('of'), { ...timing, intervalMs: 100 }, 1, 60_000)).toBe(100);
    expect(nextPauseMs(after('offf'), timing, 1, 60_000)).toBe(2000);
  });
});

describe('a member that is asked for any answer', () => {
  const answers: Readonly<Record<string, Answer>> = {
    R: { kind: 'replied', why: 'its port answers' },
    S: { kind: 'silent', why: 'answers nothing' },
    o: { kind: 'ok', why: 'its port answers' },
    r: { kind: 'refused', why: 'nobody listens' },
  };
  const twice = { ...timing, fall: 2 };
  const alive: Probe = { key: 'a', containerId: 'a', address: '10.0.0.1:80', check: { kind: 'alive' }, timing: twice };

  /** Beside the letters from above: `R` replied, `S` silent. */
  const heard = (letters: string): Standing =>
    letters
      .split('')
      .reduce((standing, letter) => advance(standing, answers[letter] ?? answerOf(letter), twice), pending);

  test.each([
    ['oR', 'passing'],
    ['oRS', 'passing'],
    ['oRSS', 'failing'],
    ['oRSRS', 'passing'],
    // Its kernel answers for its port.
    ['oRSoS', 'failing'],
    ['oRSSoo', 'failing'],
    ['oRSSR', 'failing'],
    ['oRSSRR', 'passing'],
    ['oRSSRSR', 'failing'],
    // Nothing follows from the silence of one that never said anything.
    ['oSSSSS', 'passing'],
    ['oSSR', 'passing'],
    // It ends as any other.
    ['oRrr', 'refused'],
    ['oRSSr', 'refused'],
  ])('%s: %s', (letters, state) => {
    expect(heard(letters).state).toBe(state);
  });

  test.each([
    // Its port comes first.
    ['', false, 'tcp'],
    // Whether it answers requests is found out once.
    ['o', false, 'reply'],
    ['oS', false, 'reply'],
    ['oR', false, 'tcp'],
    ['oR', true, 'reply'],
    // It speaks something else.
    ['oSSS', false, 'tcp'],
    ['oSSS', true, 'tcp'],
    // Until it answers again.
    ['oRS', false, 'reply'],
    ['oRSSR', false, 'reply'],
    ['oRSSRR', false, 'tcp'],
  ])('%s, closer: %s: asked for %s', (letters, isCloser, kind) => {
    expect(chooseQuestion(alive, heard(letters), isCloser).check.kind).toBe(kind);
  });

  test('who came back from silence gets twice the time from then on, within bounds', () => {
    const timeOf = (letters: string): number => chooseQuestion(alive, heard(letters), true).timing.timeoutMs;
    expect(timeOf('oR')).toBe(1000);
    expect(timeOf('oRSR')).toBe(1000);
    expect(timeOf('oRSSRR')).toBe(2000);
    expect(timeOf('oRSSRRSSRR')).toBe(4000);
    expect(timeOf(`oR${'SSRR'.repeat(9)}`)).toBe(16_000);
    // Nobody listened: it was started anew.
    expect(timeOf('oRrrRR')).toBe(1000);
  });

  test('whether it answers requests is found out soon, but not of a thousand at once', () => {
    expect(nextAttemptMs(alive, heard('o'), 3, 60_000)).toBe(500);
    expect(nextAttemptMs(alive, heard('o'), 1000, 60_000)).toBe(20_000);
    expect(nextAttemptMs(alive, heard('oR'), 3, 60_000)).toBe(2000);
    expect(nextAttemptMs(alive, heard('oSSS'), 3, 60_000)).toBe(2000);
    expect(nextAttemptMs({ ...alive, check: { kind: 'tcp' } }, heard('o'), 3, 60_000)).toBe(2000);
  });

  test('only one that serves and answers requests is worth a look, and none of many often', () => {
    expect(['', 'o', 'oSSS', 'oR', 'oRSS'].filter((letters) => isWorthALook(alive, heard(letters)))).toEqual(['oR']);
    expect(isWorthALook({ ...alive, check: { kind: 'tcp' } }, heard('oR'))).toBe(false);
    expect([lookPauseMs(3), lookPauseMs(100)]).toEqual([1000, 5000]);
  });
});
