// Loaded into the shipped controller before its own code (NODE_OPTIONS=--import). Two things can be asked of it by files in
// /chaos/control:
//   clock    how many milliseconds the wall clock is ahead; timers and the monotonic clock go on as they do when a clock is set
//   die-at   N: stop for good right before the N-th act from now, say which in `dying`, and wait for SIGKILL from outside
// An act is what leaves a trace outside the process: a file made, renamed or removed, something sent to the engine or to nginx's shell.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const control = '/chaos/control';
const { readFileSync, writeFileSync, renameSync } = fs;
const read = (/** @type {string} */ name) => {
  try {
    return readFileSync(`${control}/${name}`, 'utf8');
  } catch {
    return '';
  }
};

shiftClock();
if (process.argv[2] === 'run') countActs();

function shiftClock() {
  const RealDate = Date;
  const now = RealDate.now.bind(RealDate);
  let aheadMs = Number(read('clock'));
  setInterval(() => {
    aheadMs = Number(read('clock'));
  }, 100).unref();
  const nowAhead = () => now() + aheadMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, words, wanted) => Reflect.construct(target, words.length === 0 ? [nowAhead()] : words, wanted),
    apply: () => new RealDate(nowAhead()).toString(),
    get: (target, name) => (name === 'now' ? nowAhead : Reflect.get(target, name)),
  });
}

function countActs() {
  let armed = '';
  let count = 0;
  const act = (/** @type {string} */ what) => {
    const wanted = read('die-at');
    if (wanted !== armed) {
      armed = wanted;
      count = 0;
    }
    if (wanted === '') return;
    count += 1;
    if (count !== Number(wanted.split(' ')[0])) return;
    writeFileSync(`${control}/dying.partial`, what);
    renameSync(`${control}/dying.partial`, `${control}/dying`);
    // Whoever ends us does so within moments; nothing runs here until then.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
  };

  /** @type {any} */
  const callbacks = fs;
  /** @type {any} */
  const promises = fsp;
  for (const owner of [callbacks, promises]) {
    for (const name of ['rename', 'unlink', 'rm', 'mkdir']) {
      const original = owner[name];
      owner[name] = (/** @type {any[]} */ ...words) => {
        act(`${name} ${shorten(words[0])}`);
        return original.apply(owner, words);
      };
    }
    const { open } = owner;
    owner.open = (/** @type {any[]} */ ...words) => {
      if (/^[wa]/.test(String(words[1]))) act(`open ${shorten(words[0])}`);
      return open.apply(owner, words);
    };
  }
  const { fsync } = callbacks;
  callbacks.fsync = (/** @type {any[]} */ ...words) => {
    act('fsync');
    return fsync(...words);
  };
  syncBuiltinESMExports();

  /** @type {any} */
  const socket = net.Socket.prototype;
  const { write } = socket;
  socket.write = function (/** @type {any[]} */ ...words) {
    // Only what goes to the engine: a pipe is a unix socket.
    if (this._handle?.constructor.name === 'Pipe') act(describe(String(words[0])));
    return write.apply(this, words);
  };
}

/** @param {unknown} path */
function shorten(path) {
  return String(path)
    .replace(/^.*\//, '')
    .replace(/\.\d+$/, '.N')
    .replace(/[0-9a-f]{12,}/g, 'ID');
}

/** @param {string} text */
function describe(text) {
  const [, method, path] = /^(GET|POST|DELETE) (\S+)/.exec(text) ?? [];
  if (path !== undefined) return `${method} ${path.replace(/\?.*$/, '').replace(/[0-9a-f]{12,}/g, 'ID')}`;
  // Behind the command comes how its end is told, with a number that is never the same.
  return `shell: ${text
    .replace(/\s+/g, ' ')
    .replace(/ ?printf.*$/, '')
    .slice(0, 50)}`;
}
