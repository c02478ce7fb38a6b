/**
 * examples/prometheus on a real engine: a real Prometheus scrapes lbwatch, has its alerts loaded, and understands whatever the
 * dashboard asks. The Prometheus is that of the set-up, beside the stack instead of in it; Grafana itself is not there.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { prepareExample } from '../../support/example.ts';
import type { Journey } from '../../support/journey.ts';
import { Prometheus, promtool } from '../../support/prometheus.ts';
import { distinctMembers, whoAnswers } from '../../support/who-answers.ts';
import { readExpressions, readMetricNames } from './dashboard.ts';

const soon = { withinMs: 15_000, everyMs: 200 };

let journey: Journey;
let prometheus: Prometheus;
let folder: string;

beforeAll(async () => {
  journey = await prepareExample('prometheus');
  folder = join(journey.directory, 'examples/prometheus');
  await journey.compose.run('up', '-d', '--no-build', '--no-deps', '--scale', 'app=2', 'app', 'nginx', 'lbwatch');
  prometheus = await startPrometheus();
  await eventually(
    'Prometheus has seen lbwatch in step',
    async () => {
      expect(await read('lbwatch_ready')).toBe(1);
    },
    soon,
  );
}, 120_000);
afterAll(async () => {
  // Undefined where there was none to start.
  await (prometheus as Prometheus | undefined)?.end();
  await journey.end();
}, 60_000);

test('a scrape from the stack’s own network is clean', async () => {
  const ask =
    "import urllib.request; print(urllib.request.urlopen('http://lbwatch:9180/metrics', timeout=5).read().decode())";
  const text = await journey.compose.exec('app', 'python3', '-c', ask);
  expect(promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
  expect(text).toContain('lbwatch_build_info{');
});

test('a new replica, and the requests of clients, are in Prometheus', async () => {
  await eventually(
    'two members serve',
    async () => {
      expect(distinctMembers(await whoAnswers(journey.port, 8))).toHaveLength(2);
    },
    soon,
  );
  await journey.compose.run('up', '-d', '--no-build', '--no-deps', '--scale', 'app=3', 'app');
  await whoAnswers(journey.port, 50);
  await eventually(
    'Prometheus has them',
    async () => {
      expect(await read('lbwatch_pool_servers{pool="flaskappproxy"}')).toBe(3);
      expect(await read('lbwatch_nginx_in_step')).toBe(1);
      expect(await read('lbwatch_nginx_requests_total')).toBeGreaterThan(50);
      expect(await read('increase(lbwatch_event_to_acknowledged_seconds_count[20s])')).toBeGreaterThan(0);
      expect(await read('lbwatch_ready')).toBe(1);
    },
    soon,
  );
});

test('whatever the dashboard and the alerts ask, there is something to answer', async () => {
  const dashboard = readExpressions(await readFile(join(folder, 'grafana/lbwatch.json'), 'utf8'));
  expect(dashboard.length).toBeGreaterThan(30);
  const alerts = [...(await readFile(join(folder, 'alerts.yml'), 'utf8')).matchAll(/alert: (\w+)\n +expr: (.*)$/gm)];
  const all = [...dashboard, ...alerts.map(([, of = '', text = '']) => ({ of, text }))];
  const scraped = new Set((await prometheus.query('{job="lbwatch"}')).map(({ metric }) => metric['__name__']));
  const isAboutNodes = ({ text }: { readonly text: string }): boolean => text.includes('lbwatch_node_members');
  // One engine has no nodes; that these answer where there are some is shown by test/examples and test/report/metrics.
  const aboutNodes = all.filter(isAboutNodes);
  expect(aboutNodes.map(({ of }) => of)).toEqual(['Members by node', 'LbwatchNodeWithoutMembers']);
  for (const { text } of aboutNodes) expect(await prometheus.query(text)).toEqual([]);
  for (const { of, text } of all.filter((one) => !isAboutNodes(one))) {
    expect({ of, unknown: readMetricNames(text).filter((name) => !scraped.has(name)) }).toEqual({ of, unknown: [] });
    expect(readMetricNames(text)).not.toEqual([]);
    await prometheus.query(text);
    // What is compared is there, whether or not the comparison holds at present.
    const compared = text.replaceAll(/ (?:==|>) \d+/g, '');
    expect({ of, found: (await prometheus.query(compared)).length > 0 }).toEqual({ of, found: true });
  }
});

test('every alert is loaded, and none fires', async () => {
  await eventually(
    'they are evaluated',
    async () => {
      const rules = await prometheus.rules();
      expect(rules.length).toBeGreaterThan(10);
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    },
    soon,
  );
  expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
});

/** With the example's own configuration, but for where lbwatch is, seen from here, and how often it looks. */
async function startPrometheus(): Promise<Prometheus> {
  const [id = ''] = (await journey.compose.running('lbwatch')).map((running) => running.id);
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const { stdout } = await journey.compose.docker('inspect', '--format', format, id);
  const path = join(folder, 'prometheus.yml');
  const written = await readFile(path, 'utf8');
  const seen = written
    .replace("'lbwatch:9180'", `'${stdout.trim()}:9180'`)
    .replaceAll('_interval: 5s', '_interval: 1s');
  expect(seen).toMatch(/targets: \['[\d.]+:9180'\]/);
  await writeFile(path, seen);
  return Prometheus.start(path);
}

async function read(expression: string): Promise<number> {
  const series = await prometheus.query(expression);
  expect(series).toHaveLength(1);
  return Number(series[0]?.value[1]);
}
