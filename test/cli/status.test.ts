import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createServer } from 'node:http';
import { appendFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { statusSchema } from '../../src/report/status-document.ts';
import type { StatusDocument } from '../../src/report/status-document.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import '../support/native-errors.ts';
import type { RunLab } from '../support/run-lab.ts';
import { useRunLab } from '../support/use-run-lab.ts';

const patience = { withinMs: 20_000, everyMs: 20 };

/** `lbwatch status` once it shows what is expected. */
function shows(lab: RunLab, words: readonly string[], pattern: RegExp): Promise<string> {
  return eventually(
    String(pattern),
    async () => {
      const { stdout, stderr } = await lab.command(['status', ...words]);
      expect(stdout + stderr).toMatch(pattern);
      return stdout;
    },
    patience,
  );
}

describe('lbwatch status', () => {
  let lab: RunLab;
  useRunLab((made) => {
    lab = made;
  });

  test('shows pools, members, nginx, the last pass and problems; the code says whether it is in step', async () => {
    const { docker } = lab;
    lab.addApp(1);
    lab.addApp(2, { labels: { 'lb.backup': 'app' } });
    lab.addApp(3, { labels: { 'lb.pool': 'app', 'lb.weight': 'x' } });
    lab.run();
    await lab.inStep(1);
    const ended = await eventually(
      'in step',
      async () => {
        const result = await lab.command(['status']);
        expect(result.code).toBe(0);
        return result;
      },
      patience,
    );
    expect(ended.stderr).toBe('');
    expect(ended.stdout).toMatch(/^state +in step$/m);
    expect(ended.stdout).toMatch(/^last pass +(?:applied|unchanged) .* ago$/m);
    expect(ended.stdout).toMatch(/^wanted +digest [0-9a-f]{12}$/m);
    expect(ended.stdout).toMatch(/^nginx +.* [0-9.]+ runs it$/m);
    expect(ended.stdout).toMatch(/^pool app \(http, round_robin\): 2 of 3 in$/m);
    expect(ended.stdout).toMatch(/^ {2}app-1 +primary +ready +\d.* +127\.0\.1\.1:8000 +running$/m);
    expect(ended.stdout).toMatch(/^ {2}app-2 +backup +standby +/m);
    expect(ended.stdout).toMatch(/^ {2}app-3 +primary +out +/m);
    expect(ended.stdout).toMatch(/^problem: app-3: lb\.weight: "x" is refused; .* \(it stays out\)$/m);
    expect(docker.count('GET /containers/json')).toBe(1);
  });

  test('--json prints what the API answers', async () => {
    lab.addApp(1);
    lab.run();
    await lab.inStep(1);
    const { stdout } = await lab.command(['status', '--json']);
    const document = statusSchema.parse(JSON.parse(stdout));
    expect(document.pools.map(({ name, members }) => [name, members.length])).toEqual([['app', 1]]);
    expect(document).toEqual(await (await fetch(`${base(lab)}/api/status`)).json());
  });

  test('says what nginx refuses, with the code of it', async () => {
    lab.addApp(1);
    lab.run();
    await lab.inStep(1);
    appendFileSync(lab.nginx.sitePaths[0] ?? '', '\nnonsense;\n');
    await shows(lab, [], /^last pass +rejected .*unknown directive "nonsense"/m);
    const { code, stdout } = await lab.command(['status']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^state +stale for .*, since \d{4}-/m);
    // Nothing was lost by it.
    expect(stdout).toMatch(/^pool app .*: 1 of 1 in$/m);
  });

  test('asks elsewhere where it is told to, also under a path', async () => {
    lab.addApp(1);
    lab.run();
    await lab.inStep(1);
    const elsewhere = { LBWATCH_STATUS: '127.0.0.1:1' };
    const proxy = createServer((request, response) => {
      void fetch(`${base(lab)}${(request.url ?? '').replace('/ops/lbwatch', '')}`).then(async (answer) => {
        response.writeHead(answer.status).end(await answer.text());
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const bound = proxy.address();
    const proxyPort = typeof bound === 'object' && bound !== null ? bound.port : 0;
    try {
      const port = String(lab.statusPort);
      const addresses = [
        port,
        `localhost:${port}`,
        `${base(lab)}/`,
        `http://127.0.0.1:${String(proxyPort)}/ops/lbwatch/`,
      ];
      for (const address of addresses) {
        const { code, stdout, stderr } = await lab.command(['status', '--address', address], elsewhere);
        expect([code, stderr]).toEqual([0, '']);
        expect(stdout).toContain('pool app');
      }
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
    for (const address of ['nonsense here', 'ftp://x/', 'http://a@b/', '']) {
      const { code, stderr } = await lab.command(['status', '--address', address]);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^lbwatch: --address is ".*"; allowed: PORT, /)]);
    }
  });

  test('where nobody answers, or somebody else does, it says so', async () => {
    const nobody = await lab.command(['status']);
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toMatch(/^lbwatch: no controller answers at 127\.0\.0\.1:\d+: .*LBWATCH_STATUS\n$/);
    const port = await freePort();
    const other = createServer((_, response) => response.end('{"hello":"world"}')).listen(port, '127.0.0.1');
    await once(other, 'listening');
    try {
      for (const words of [[], ['--watch'], ['--json']]) {
        const ended = await lab.command(['status', '--address', String(port), ...words]);
        expect([ended.code, ended.stdout]).toEqual([1, '']);
        expect(ended.stderr).toMatch(/is no lbwatch of this version/);
      }
    } finally {
      other.close();
    }
  });
});

describe('lbwatch status --watch', () => {
  let lab: RunLab;
  useRunLab((made) => {
    lab = made;
  });

  test('on a pipe prints a block after each change, and goes on when the controller is back', async () => {
    lab.addApp(1);
    const first = lab.run();
    await lab.inStep(1);
    const watcher = watch(lab, []);
    await watcher.reads(/^pool app .*: 1 of 1 in$/m);
    lab.addApp(2);
    await watcher.reads(/^pool app .*: 2 of 2 in$/m);
    expect(watcher.text().match(/^--- \d{4}-\d\d-\d\dT/gm)?.length).toBeGreaterThanOrEqual(2);
    await first.stop();
    await watcher.complains(/^lbwatch: no controller answers at .*; asking again$/m);
    lab.addApp(3);
    lab.run();
    await watcher.reads(/^pool app .*: 3 of 3 in$/m);
    await watcher.end();
  });

  test('on a terminal draws the same place again, within its size, and ages grow', async () => {
    lab.addApp(1);
    lab.run();
    await lab.inStep(1);
    const terminal = lab.beginOnTerminal(['status', '--watch'], 70, 12);
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    /** As a person sees it now: what came since the cursor went to the top for the last time but one, which is whole. */
    const screen = (): string => shown.replaceAll('\r', '').split('\u001b[H').at(-2) ?? '';
    const sees = (pattern: RegExp): Promise<void> =>
      eventually(
        String(pattern),
        () => {
          expect(screen()).toMatch(pattern);
        },
        patience,
      );
    await sees(/pool app .*: 1 of 1 in/);
    for (let number = 2; number <= 9; number += 1) lab.addApp(number);
    await sees(/pool app .*: 9 of 9 in/);
    await sees(/… and \d+ more lines; a larger terminal/);
    const [age] = /started \d+ s ago/.exec(screen()) ?? [];
    await eventually(
      'another age',
      () => {
        expect(/started \d+ s ago/.exec(screen())?.[0]).not.toBe(age);
      },
      patience,
    );
    const lines = screen().split('\n');
    expect(lines.length).toBeLessThanOrEqual(12);
    for (const line of lines) expect(line.replace(/\u001b\[[KJ]/g, '').length).toBeLessThanOrEqual(70);
    const ended = once(terminal, 'exit');
    terminal.stdin.write('\u0003');
    await ended;
  });

  test('--json prints one document a line; who stops reading ends it', async () => {
    lab.addApp(1);
    lab.run();
    await lab.inStep(1);
    const watcher = watch(lab, ['--json']);
    await watcher.reads(/"app-1"/);
    lab.addApp(2);
    await watcher.reads(/"app-2"/);
    const documents: readonly StatusDocument[] = watcher.lines().map((line) => statusSchema.parse(JSON.parse(line)));
    expect(documents.length).toBeGreaterThanOrEqual(2);
    watcher.child.stdout.destroy();
    lab.addApp(3);
    await expect(watcher.exited).resolves.toEqual([0, null]);
  });
});

function base(lab: RunLab): string {
  return `http://127.0.0.1:${String(lab.statusPort)}`;
}

/** A `lbwatch status --watch` on a pipe, and what it has said. */
function watch(lab: RunLab, words: readonly string[]) {
  const child = lab.begin(['status', '--watch', ...words]);
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const until = (where: readonly string[], pattern: RegExp): Promise<void> =>
    eventually(
      String(pattern),
      () => {
        expect(where.join('\n')).toMatch(pattern);
      },
      patience,
    );
  return {
    child,
    exited,
    lines: () => lines,
    text: () => lines.join('\n'),
    reads: (pattern: RegExp) => until(lines, pattern),
    complains: (pattern: RegExp) => until(complaints, pattern),
    end: async () => {
      child.kill('SIGINT');
      await exited;
    },
  };
}
