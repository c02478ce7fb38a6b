/**
 * Sends requests to 127.0.0.1 of the network it was started on, until its standard input ends; tells of each, a line of JSON.
 * Its words: the port, the requests per second.
 */
import { sendAtRate } from '../../traffic/load/send-at-rate.ts';

const [port = '', ratePerSecond = ''] = process.argv.slice(2);
const stop = new AbortController();
process.stdin.resume().on('close', () => {
  stop.abort();
});
const plan = {
  port: Number(port),
  ratePerSecond: Number(ratePerSecond),
  longestMs: 600_000,
  // Fewer than nginx has connections for.
  mostInFlight: 900,
  timeoutMs: 10_000,
};
await sendAtRate(plan, stop.signal, (request) => {
  process.stdout.write(`${JSON.stringify(request)}\n`);
});
