const stepWidth = 14;
const progressAfterMs = 2_000;
const progressEveryMs = 10_000;

/** @type {NodeJS.WriteStream} */
let stream = process.stdout;

/** Leaves stdout to what the set-up is for: data that a program reads. */
export function sayOnStderr() {
  stream = process.stderr;
}

/**
 * Prints the one line of a step: what it found or did.
 * @param {string} step
 * @param {string} text
 */
export function say(step, text) {
  stream.write(`${step.padEnd(stepWidth)}${text}\n`);
}

/**
 * Prints a line about something changed outside the clone. Nothing outside it changes without one.
 * @param {string} text
 */
export function sayOutside(text) {
  say('', `outside the clone: ${text}`);
}

/**
 * Shows that `work` is under way, once it takes longer than two seconds: the running seconds on a terminal, elsewhere a
 * line now and then. Returns what `work` returns, throws what it throws.
 * @template T
 * @param {string} step
 * @param {string} text what is being done
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function sayWhile(step, text, work) {
  const startedMs = Date.now();
  const isTerminal = stream.isTTY;
  let nextMs = progressAfterMs;
  const timer = setInterval(() => {
    const elapsedMs = Date.now() - startedMs;
    if (elapsedMs < nextMs) return;
    nextMs += isTerminal ? 1_000 : progressEveryMs;
    const line = `${text} … ${Math.round(elapsedMs / 1_000)} s`;
    if (isTerminal) stream.write(`\r\u001B[K${step.padEnd(stepWidth)}${line}`);
    else say(step, line);
  }, 250);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (isTerminal) stream.write('\r\u001B[K');
  }
}

/**
 * The time since `startedMs` in seconds, for the end of a line.
 * @param {number} startedMs
 */
export function secondsSince(startedMs) {
  return `${((Date.now() - startedMs) / 1_000).toFixed(1)} s`;
}
