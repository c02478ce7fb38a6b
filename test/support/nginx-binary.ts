import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';

import { readNginxBuild } from '../../src/core/nginx-build.ts';
import type { NginxBuild } from '../../src/core/nginx-build.ts';

/**
 * The real nginx to test with: LAB_NGINX, else `nginx` on PATH. Throws where there is none: what only nginx can answer
 * must not pass unasked.
 */
export function requireNginx(): string {
  const binary = process.env['LAB_NGINX'] ?? 'nginx';
  if (spawnSync(binary, ['-v']).status === 0) return binary;
  throw new Error(
    `no nginx to ask (tried ${binary}): run the tests with "npm test", which gets one, or install nginx, or set ` +
      'LAB_NGINX to its path (apt-get download nginx && dpkg -x nginx_*.deb DIR is enough)',
  );
}

/** The real nginx, and what it says of itself. */
export async function findNginx(): Promise<{ readonly binary: string; readonly build: NginxBuild }> {
  const binary = requireNginx();
  const { stderr } = await execa(binary, ['-V']);
  return { binary, build: readNginxBuild(stderr) };
}

/**
 * The line that loads this nginx's stream module; empty where it is built in. Throws where there is none: tcp and udp pools
 * must not pass unasked either.
 */
export function loadStreamModule(binary: string): string {
  const { stream } = readNginxBuild(spawnSync(binary, ['-V'], { encoding: 'utf8' }).stderr);
  if (stream?.isDynamic === false) return '';
  const file = path.join(process.env['LAB_NGINX_MODULES'] ?? '', 'ngx_stream_module.so');
  if (path.isAbsolute(file) && existsSync(file)) return `load_module ${file};\n`;
  throw new Error(
    `${binary} has no stream module to test with: run the tests with "npm test", or install it (Debian: ` +
      'libnginx-mod-stream) and set LAB_NGINX_MODULES to the folder of its .so files',
  );
}

/** What `nginx -t` says of text in the http block and in a stream block: undefined where it accepts. */
export async function refusalOf(binary: string, httpText: string, streamText = ''): Promise<string | undefined> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lbwatch-nginx-t-'));
  try {
    const file = path.join(directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${directory}/${name};`)
      .join(' ');
    await writeFile(
      file,
      `${streamText === '' ? '' : loadStreamModule(binary)}pid ${directory}/nginx.pid;\nevents {}\n` +
        `http {\naccess_log off; ${temporary}\n${httpText}\n}\n${streamText === '' ? '' : `stream {\n${streamText}\n}\n`}`,
    );
    const { exitCode, stderr } = await execa(binary, ['-t', '-q', '-e', 'stderr', '-p', directory, '-c', file], {
      reject: false,
    });
    return exitCode === 0 ? undefined : stderr;
  } finally {
    await rm(directory, { recursive: true });
  }
}
