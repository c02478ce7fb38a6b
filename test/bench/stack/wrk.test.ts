import { expect, test } from '@jest/globals';

import { readWrk } from './wrk.ts';

const output = `Running 4s test @ http://127.0.0.1:49213/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.58ms    2.02ms  35.28ms   89.71%
    Req/Sec     9.23k     1.10k   11.18k    75.00%
  Latency Distribution
     50%    3.12ms
     75%    4.09ms
     90%    5.56ms
     99%   11.84ms
  36743 requests in 4.00s, 6.06MB read
Requests/sec:   9180.41
Transfer/sec:      1.51MB
`;

test('what wrk prints is read', () => {
  expect(readWrk(output)).toEqual({ requestsPerSecond: 9180.41, p99Ms: 11.84, errors: 0 });
  expect(readWrk(output.replace('11.84ms', '1.02s')).p99Ms).toBe(1020);
  expect(readWrk(output.replace('11.84ms', '840.00us')).p99Ms).toBeCloseTo(0.84);
});

test('errors are counted', () => {
  const bad = output.replace(
    'Requests/sec',
    '  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 10\nRequests/sec',
  );
  expect(readWrk(bad).errors).toBe(17);
});

test('anything else is told', () => {
  expect(() => readWrk('unable to connect')).toThrow('wrk printed something else: unable to connect');
});
