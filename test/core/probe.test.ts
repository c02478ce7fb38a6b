import { describe, expect, test } from '@jest/globals';

import { advance, nextPauseMs, pending } from '../../src/core/probe.ts';
import type { Answer, Standing } from '../../src/core/probe.ts';

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

  test('many members are asked less often, so that the number of checks a second stays', () => {
    expect(nextPauseMs(after('o'), timing, 100, 60_000)).toBe(4000);
    expect(nextPauseMs(after('o'), timing, 1000, 60_000)).toBe(40_000);
  });

  test('after a first failure it is asked again soon, however many there are; a failed one at the interval', () => {
    expect(nextPauseMs(after('of'), timing, 1000, 60_000)).toBe(250);
    expect(nextPauseMs(after('of'), { ...timing, intervalMs: 100 }, 1, 60_000)).toBe(100);
    expect(nextPauseMs(after('offf'), timing, 1, 60_000)).toBe(2000);
  });
});
