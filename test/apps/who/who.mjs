// Says who answered, GET and POST, after a little work; and misbehaves when told to. Its settings are the environment:
//   SERVICE, PORT
//   WORK_MS         how long an answer takes, so that requests are in flight
//   START_DELAY_S   how long after its start it begins to listen
//   ON_SIGTERM      serve: goes on for LEAVE_MS, then finishes what it has; drop: ends at once; ignore: goes on
//   LEAVE_MS        whoever sends it requests learns of the signal when it does, and needs a moment to stop
//   HANG_MS         how long it does nothing at all after SIGUSR2, while its kernel goes on accepting connections
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

const service = process.env['SERVICE'] ?? hostname();
const port = readNumber('PORT', 8000);
const workMs = readNumber('WORK_MS', 5);
const startDelayMs = readNumber('START_DELAY_S', 0) * 1000;
const leaveMs = readNumber('LEAVE_MS', 1000);
const hangMs = readNumber('HANG_MS', 8000);
const body = `${JSON.stringify({ service, hostname: hostname() })}\n`;

let isLeaving = false;
const server = createServer((request, response) => {
  // What was sent is read to its end, as an app does that acts on it.
  request.resume().on('end', () => {
    setTimeout(() => {
      // nginx keeps no connection to one that leaves: it would send on it just when it is closed.
      if (isLeaving) response.setHeader('Connection', 'close');
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
    }, workMs);
  });
});
// Longer than nginx keeps its idle connections (60 s): of two that close, the one that never sends on them has to be the later.
server.keepAliveTimeout = 75_000;

process.on('SIGTERM', () => {
  const how = process.env['ON_SIGTERM'];
  if (how === 'drop') process.exit(0);
  if (how !== 'ignore') void leave();
});
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, hangMs);
});

await pause(startDelayMs);
server.listen(port, '0.0.0.0');

async function leave() {
  isLeaving = true;
  await pause(leaveMs);
  // Finishes what it has; the process ends with the last connection.
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}

/**
 * @param {string} name
 * @param {number} fallback
 */
function readNumber(name, fallback) {
  const text = process.env[name] ?? '';
  const value = text === '' ? fallback : Number(text);
  if (!(value >= 0)) throw new Error(`${name} is "${text}"; write a number`);
  return value;
}
