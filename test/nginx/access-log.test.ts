/** The access log of the shipped site, written to a pipe, as Docker collects it. */
import { execFileSync } from 'node:child_process';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { root } from '../support/journey.ts';
import { NginxProcess } from '../support/nginx-process.ts';

const shipped = readFileSync(join(root, 'nginx/nginx.conf'), 'utf8');
const whole = /^127\.0\.0\.1 \[[^\]]+\] "GET \/(\d+) HTTP\/1\.1" 204 0 "-" from - in [0-9.]+s$/;

test.each(['while it runs', 'SIGHUP', 'SIGQUIT', 'SIGTERM'])(
  'each request is a line, and whole: %s',
  async (moment) => {
    const nginx = new NginxProcess();
    try {
      const pipe = join(nginx.directory, 'access.pipe');
      execFileSync('mkfifo', [pipe]);
      const port = await freePort();
      const log = readDirective('access_log').replace('/dev/stdout', pipe);
      const server = `server { listen 127.0.0.1:${String(port)}; ${log} return 204; }`;
      writeFileSync(nginx.sitePath, `${readDirective('log_format')}\n${server}\n`);
      let text = '';
      createReadStream(pipe, 'utf8').on('data', (chunk) => (text += String(chunk)));
      await nginx.start();

      const count = 400;
      for (let sent = 0; sent < count; sent += 8) {
        await Promise.all(Array.from({ length: 8 }, (_, index) => answered(port, `/${String(sent + index)}`)));
      }
      if (moment !== 'while it runs') process.kill(nginx.pid, moment);
      const attempt = (): void => {
        const lines = text.split('\n').slice(0, -1);
        const numbers = lines.map((line) => Number(whole.exec(line)?.[1] ?? line));
        expect(numbers.sort((one, other) => one - other)).toEqual(Array.from({ length: count }, (_, index) => index));
      };
      await eventually('all of them are there', attempt, { withinMs: 5000, everyMs: 50 });
    } finally {
      await nginx.remove();
    }
  },
);

/** Of the shipped nginx.conf, up to its semicolon. */
function readDirective(name: string): string {
  const [directive] = new RegExp(`^ +${name} [^;]+;`, 'm').exec(shipped) ?? [];
  if (directive === undefined) throw new Error(`nginx/nginx.conf has no ${name}`);
  return directive;
}

function answered(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ port, path, agent: false }, (response) => {
      response.resume().on('end', resolve);
    }).on('error', reject);
  });
}
