/** What a person sees of a status. */
import { expect, test } from '@jest/globals';

import { eventually } from '../../support/eventually.ts';
import { ago, event, member, members, pool, stagesOf, status } from '../../support/made-up-status.ts';
import { usePage } from '../../support/use-page.ts';
import type { Open } from '../../support/use-page.ts';

let open: Open;
usePage((given) => {
  open = given;
});

test('nginx, its pools and their members, each with its state in words and in a shape of its own', async () => {
  const states = [
    member('api', 1),
    member('api', 2, { state: 'starting', isIn: false, reason: 'its port does not answer yet' }),
    member('api', 3, { state: 'draining', reason: 'told to stop' }),
    member('api', 4, { state: 'unhealthy', isIn: false, reason: 'its check failed 3 times' }),
    member('api', 5, { state: 'out', isIn: false, address: null, reason: 'it is stopped' }),
    member('spare', 1, { role: 'backup', state: 'standby' }),
    member('spare', 2, { role: 'backup', state: 'serving', reason: 'no primary can serve' }),
  ];
  const { page } = await open(status({ pools: [pool('api', states, { method: 'least_conn' }), pool('db', [])] }));
  expect(await page.title()).toBe('lbwatch · in step');
  expect(await page.locator('#head').innerText()).toMatch(/shop.*In step.*digest\s+3f9ac81be02d.*applied in 83 ms/s);
  expect(await page.locator('.nginx').innerText()).toMatch(
    /nginx-1\s+in step\s+nginx\s+1\.26\.3\s+runs\s+3f9ac81be02d/,
  );
  const names = await page.getByRole('region', { name: 'Pool api' }).getByRole('button').all();
  expect(await Promise.all(names.map((button) => button.getAttribute('aria-label')))).toEqual([
    'shop-api-1, ready, 172.20.0.5:8000',
    'shop-api-2, starting, 172.20.0.6:8000, its port does not answer yet',
    'shop-api-3, draining, still in nginx, 172.20.0.7:8000, told to stop',
    'shop-api-4, unhealthy, 172.20.0.8:8000, its check failed 3 times',
    'shop-spare-1, backup, standing by, 172.20.0.5:8000, its port answers',
    'shop-spare-2, backup, serving, 172.20.0.6:8000, no primary can serve',
    'shop-api-5, out, it is stopped',
  ]);
  const uses = await page.locator('.member use').all();
  const shapes = await Promise.all(uses.map((use) => use.getAttribute('href')));
  expect(new Set(shapes).size).toBe(7);
  expect(await page.getByRole('region', { name: 'Pool api' }).innerText()).toMatch(/http, least conn/);
  expect(await page.getByRole('region', { name: 'Pool db' }).innerText()).toMatch(/No member: nginx answers 503/);
});

test('the details of a member, closed again by Esc', async () => {
  const { page, server } = await open(
    status({ pools: [pool('api', [member('api', 1), member('api', 2, { since: ago(150) })])] }),
  );
  await page.getByRole('button', { name: /^shop-api-2/ }).click();
  const details = page.getByRole('complementary', { name: 'Details of a member' });
  await details.getByRole('heading', { name: 'shop-api-2' }).waitFor();
  expect(await details.innerText()).toMatch(
    /shop-api-2.*state\s+ready.*why\s+its port answers.*since.*2 min.*in nginx\s+yes.*pool\s+api, as primary.*address\s+172\.20\.0\.6:8000/s,
  );
  server.show(status({ pools: [pool('api', members('api', 1))] }));
  await details.getByText('no longer a member of api').waitFor();
  await page.keyboard.press('Escape');
  await details.getByRole('heading').waitFor({ state: 'detached' });
});

test('stale since when, which nginx is behind, what failed, and what is wrong with what to write instead', async () => {
  const { page } = await open(
    status({
      ready: false,
      staleSince: ago(9),
      stream: 'down',
      outcome: {
        kind: 'rejected',
        message: 'unknown directive "poxy_pass" in site.conf:3',
        at: ago(1),
        sinceEventMs: 5,
      },
      nginx: [
        { name: 'shop-nginx-1', answersAt: '172.20.0.3:9181', version: '1.26.3', digest: null, inStep: false },
        { name: 'shop-nginx-2', answersAt: '172.20.0.4:9181', version: null, digest: 'abc', inStep: false },
      ],
      pools: [pool('api', members('api', 1))],
      outside: [{ ...member('worker', 1, { state: 'out', role: null, isIn: false, reason: 'bad name' }), pool: null }],
      problems: [
        {
          container: 'shop-api-1',
          node: 'worker-1',
          label: 'lb.wieght',
          effect: 'ignored',
          message: 'did you mean lb.weight?',
        },
        {
          container: 'shop-worker-1',
          node: null,
          label: 'lb.pool',
          effect: 'out',
          message: 'write a name such as web',
        },
      ],
      notes: ['nginx does not include streams.conf'],
    }),
  );
  expect(await page.title()).toBe('! stale · lbwatch');
  expect(await page.locator('#head').innerText()).toMatch(
    /Stale since \d\d:\d\d:\d\d, for (9|1\d) s.*engine events\s+lost/s,
  );
  expect(await page.locator('.nginxes').innerText()).toMatch(
    /nginx-1\s+does not answer.*nginx-2\s+runs another configuration/s,
  );
  const problems = page.getByRole('region', { name: 'Problems' });
  expect(await problems.innerText()).toMatch(
    /nginx refuses the configuration; the last good one goes on serving.*unknown directive "poxy_pass".*3 problems.*worker-1\s+lb\.pool\s+kept out\s+write a name such as web.*api-1\s+on worker-1\s+lb\.wieght\s+label ignored\s+did you mean lb\.weight\?.*streams\.conf/s,
  );
  expect(await page.getByRole('region', { name: 'In no pool' }).innerText()).toMatch(/worker-1\s+bad name/);
});

test('what happened, newest first, with how long it took, and the stages when asked for', async () => {
  const { page, server } = await open(status());
  server.tell(
    event('joined', 'shop-api-1 172.20.0.5:8000', { pool: 'api', sinceEventMs: 200, stages: stagesOf(200) }),
    event('left', 'shop-api-2 (told to stop)', { pool: 'api', sinceEventMs: 50, stages: stagesOf(50) }),
    event('stream lost', 'connect ENOENT'),
  );
  const rows = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
  await rows.nth(2).waitFor();
  expect((await rows.allInnerTexts()).map((text) => text.split(/\s{2,}|\n/)[0])).toEqual([
    'stream lost',
    'left',
    'joined',
  ]);
  const widths: number[] = [];
  for (const row of [1, 2]) {
    const parts = await rows.nth(row).locator('rect').all();
    expect(parts).toHaveLength(9);
    const texts = await Promise.all(parts.map((part) => part.getAttribute('width')));
    widths.push(Math.round(texts.reduce((sum, text) => sum + Number(text), 0)));
  }
  expect(widths).toEqual([250, 1000]);
  await rows.nth(2).locator('summary').click();
  const table = await rows.nth(2).getByRole('table').innerText();
  expect(table.split('\n').map((line) => line.split('\t'))).toContainEqual(['validated', '50 ms', '110 ms']);
  expect(table).toMatch(/acknowledged\s+44 ms\s+200 ms$/);
});

test('nothing yet: what to label, and that no nginx is there', async () => {
  const { page } = await open(status({ nginx: [], digest: null, outcome: null, ready: false }));
  expect(await page.locator('main').innerText()).toMatch(
    /none found; lbwatch doctor.*No container asks for a pool yet. Label one: lb\.pool: NAME/s,
  );
  expect(await page.locator('#head').innerText()).toMatch(/The first pass is under way/);
});

test('those who hear the page are told what happens, and not what happened before', async () => {
  const { page, server } = await open(status({ pools: [pool('api', members('api', 1))] }));
  server.tell(event('left', 'long ago', { at: ago(600), pool: 'api', container: 'shop-api-0' }));
  for (const number of [2, 3, 4, 5, 6]) {
    server.tell(event('joined', 'x', { at: ago(-1), pool: 'api', container: `shop-api-${String(number)}` }));
  }
  await eventually(
    'the announcement',
    async () => {
      const said = await page.locator('#said').textContent();
      expect(said).toBe('shop-api-2 joined api; shop-api-3 joined api; shop-api-4 joined api; and 2 more');
    },
    { withinMs: 10_000 },
  );
});

test('several nodes: who is where, in the picture, in the details and to those who hear it', async () => {
  const id = 'qz8hk3l2m4n5p6q7r8s9t0u1v';
  const task = member('api', 1, {
    container: `shop_api.1.${id.slice(0, 12)}`,
    id: id.slice(0, 12),
    node: 'worker-1',
    task: { id, containerId: 'c0ffee012345' },
  });
  const other = member('api', 2, { node: 'worker-2', task: { id: 'b'.repeat(25), containerId: null } });
  const outside = member('late', 1, { node: 'worker-2', state: 'out', isIn: false, reason: 'its name is taken' });
  const { page } = await open(status({ pools: [pool('api', [task, other])], outside: [{ ...outside, pool: 'Api' }] }));
  expect(await page.getByRole('heading', { level: 2, name: '1 pool, 2 members on 2 nodes' }).count()).toBe(1);
  const card = page.getByRole('button', { name: `${task.container}, ready, on worker-1, 172.20.0.5:8000` });
  expect(await card.innerText()).toMatch(/^api\.1\s+1 min\s+worker-1\s+172\.20\.0\.5:8000\s+ready$/);
  expect(await page.getByRole('region', { name: 'In no pool' }).innerText()).toMatch(/late-1\s+on worker-2\s+asks for/);
  await card.click();
  const details = page.getByRole('complementary', { name: 'Details of a member' });
  await details.getByRole('heading', { name: task.container }).waitFor();
  expect(await details.innerText()).toMatch(
    new RegExp(`project\\s+shop\\s+node\\s+worker-1\\s+task\\s+${id}\\s+container\\s+c0ffee012345`),
  );
  await page.getByRole('button', { name: /^shop-api-2,/ }).click();
  await details.getByRole('heading', { name: 'shop-api-2' }).waitFor();
  expect(await details.innerText()).toMatch(/container\s+none yet/);
});

test('one engine only: nothing is said of nodes', async () => {
  const { page } = await open(status({ pools: [pool('api', members('api', 2))] }));
  await page.getByRole('button', { name: /^shop-api-2,/ }).click();
  const details = page.getByRole('complementary', { name: 'Details of a member' });
  await details.getByRole('heading', { name: 'shop-api-2' }).waitFor();
  expect(await page.locator('main').innerText()).not.toMatch(/node|task/);
});
