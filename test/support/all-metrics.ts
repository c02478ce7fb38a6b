import { Staleness } from '../../src/loop/staleness.ts';
import { Metrics } from '../../src/report/metrics/metrics.ts';
import { container } from './container.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeTarget } from './fake-target.ts';
import { pass, planOf } from './pass.ts';

/** What `/metrics` gives where there is a pool, a node, and an nginx that answers: every metric has a series. */
export async function renderAllMetrics(): Promise<string> {
  const clock = new FakeClock();
  const metrics = new Metrics('1.2.3', clock, new Staleness(clock));
  const connections = { accepts: 1, handled: 1, requests: 1, reading: 0, writing: 1, waiting: 0 };
  const target = new FakeTarget({ digest: () => 'any', connections: () => connections });
  metrics.report(pass({ plan: planOf([container({ node: 'worker-1', labels: { 'lb.pool': 'app' } })], [target]) }));
  return metrics.text();
}
