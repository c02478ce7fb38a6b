import { Staleness } from '../../src/loop/staleness.ts';
import { Metrics } from '../../src/report/metrics/metrics.ts';
import { container } from './container.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeTarget } from './fake-target.ts';
import { pass, planOf } from './pass.ts';

/**
 * What `/metrics` gives where there is a pool, a node, an nginx that answers, and several engines: every metric has a series.
 */
export async function renderAllMetrics(): Promise<string> {
  const clock = new FakeClock();
  const metrics = new Metrics('1.2.3', clock, new Staleness(clock));
  const connections = { accepts: 1, handled: 1, requests: 1, reading: 0, writing: 1, waiting: 0 };
  const target = new FakeTarget({ digest: () => 'any', connections: () => connections });
  const plan = planOf([container({ node: 'worker-1', labels: { 'lb.pool': 'app' } })], [target]);
  metrics.report(pass({ plan: { ...plan, engines: [{ name: 'tcp://host-b:2376', awaySinceMs: undefined }] } }));
  return metrics.text();
}
