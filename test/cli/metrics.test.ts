/** /metrics of the shipped bundle, beside a real nginx. */
import { expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { readSeries } from '../support/metrics-text.ts';
import { promtool } from '../support/prometheus.ts';
import type { RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

let lab: RunLab;

useRunLab((started) => {
  lab = started;
});

async function scrape(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${String(lab.statusPort)}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
  return readSeries(text);
}

test('what has happened, what is so, and what nginx counts', async () => {
  await lab.serveApp(1);
  const controller = lab.run();
  await controller.logged('watching the engine');
  lab.addApp(1);
  await lab.inStep(1);
  const before = await scrape();
  for (let request = 0; request < 10; request += 1) await lab.ask();
  const two = lab.addApp(2);
  await lab.inStep(1, 2);
  lab.docker.tellHealth(two, 'unhealthy');
  await lab.inStep(1);
  // nginx has the members before the pass has ended.
  const after = await eventually(
    'the last pass has ended',
    async () => {
      const series = await scrape();
      expect(series.get('lbwatch_pool_members{pool="app",role="primary",state="unhealthy"}')).toBe(1);
      return series;
    },
    { withinMs: 10_000, everyMs: 20 },
  );
  const grown = (name: string): number => (after.get(name) ?? NaN) - (before.get(name) ?? NaN);

  expect(Object.fromEntries(after)).toMatchObject({
    lbwatch_ready: 1,
    lbwatch_stale_seconds: 0,
    lbwatch_event_stream_up: 1,
    lbwatch_containers: 2,
    'lbwatch_pool_servers{pool="app"}': 1,
    'lbwatch_pool_members{pool="app",role="primary",state="ready"}': 1,
    'lbwatch_pool_members{pool="app",role="primary",state="unhealthy"}': 1,
    'lbwatch_nginx_up{nginx="nginx"}': 1,
    'lbwatch_nginx_in_step{nginx="nginx"}': 1,
  });
  expect(grown('lbwatch_reloads_total{nginx="nginx"}')).toBeGreaterThanOrEqual(2);
  expect(grown('lbwatch_nginx_requests_total{nginx="nginx"}')).toBeGreaterThanOrEqual(10);
  expect(grown('lbwatch_nginx_connections_accepted_total{nginx="nginx"}')).toBeGreaterThanOrEqual(10);
  expect(grown('lbwatch_event_to_acknowledged_seconds_count')).toBeGreaterThanOrEqual(2);
  expect(grown('lbwatch_stage_duration_seconds_sum{stage="acknowledged"}')).toBeGreaterThan(0);
  expect(grown('lbwatch_engine_calls_total{call="inspect",result="ok"}')).toBeGreaterThanOrEqual(2);
  expect(after.get('lbwatch_engine_calls_total{call="list",result="ok"}')).toBeGreaterThanOrEqual(1);
});

test('an engine that is away, and an nginx that is away', async () => {
  const controller = lab.run();
  await controller.logged('watching the engine');
  await lab.inStep();
  await lab.docker.stop();
  await eventually(
    'it is seen',
    async () => {
      const series = await scrape();
      expect(series.get('lbwatch_event_stream_up')).toBe(0);
      expect(series.get('lbwatch_event_stream_failures_total')).toBeGreaterThan(0);
      expect(series.get('lbwatch_ready')).toBe(0);
      expect(series.get('lbwatch_engine_calls_total{call="events",result="error"}')).toBeGreaterThan(0);
    },
    { withinMs: 10_000, everyMs: 50 },
  );
  await lab.docker.start();
  await eventually(
    'it is back',
    async () => {
      const series = await scrape();
      expect(series.get('lbwatch_event_stream_up')).toBe(1);
      expect(series.get('lbwatch_event_stream_reconnects_total')).toBe(1);
      expect(series.get('lbwatch_ready')).toBe(1);
    },
    { withinMs: 10_000, everyMs: 50 },
  );
  await lab.nginx.stop();
  expect((await scrape()).get('lbwatch_nginx_up{nginx="nginx"}')).toBe(0);
});
