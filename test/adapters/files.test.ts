import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { DiskFiles } from '../../src/adapters/files.ts';
import type { Texts } from '../../src/core/render.ts';
import { AppError } from '../../src/loop/ports.ts';
import { asNobody } from '../support/as-nobody.ts';
import { emptySite } from '../support/site.ts';
import '../support/native-errors.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lbwatch-files-'));
  mkdirSync(join(root, 'lbwatch'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('the shared directory', () => {
  test('what is not there yet is undefined; what is written is read again, by anybody', async () => {
    const files = open();
    expect(await files.readGenerated()).toBeUndefined();
    expect(await files.readLastGood()).toBeUndefined();
    await files.writeGenerated(texts('one'));
    await files.writeLastGood(texts('one'));
    await files.writeGenerated(texts('two'));
    expect([await files.readGenerated(), await files.readLastGood()]).toEqual([texts('two'), texts('one')]);
    expect(statSync(files.generatedPath).mode & 0o777).toBe(0o644);
    // Neither a temporary file nor the last good one is caught by an include of *.conf.
    expect(readdirSync(join(root, 'lbwatch')).sort()).toEqual([
      'streams.conf',
      'upstreams.conf',
      'upstreams.last-good',
    ]);
  });

  test('the file is replaced, never written into', async () => {
    const files = open();
    await files.writeGenerated(texts('one'));
    const before = statSync(files.generatedPath).ino;
    await files.writeGenerated(texts('two'));
    expect(statSync(files.generatedPath).ino).not.toBe(before);
  });

  test('it is missing: the error names the path, and a later mount is used', async () => {
    rmSync(join(root, 'lbwatch'), { recursive: true });
    const files = open();
    await expect(files.writeGenerated(texts('x'))).rejects.toThrow(`cannot write ${files.streamsPath}: `);
    await expect(files.writeGenerated(texts('x'))).rejects.toThrow(AppError);
    expect(await files.readGenerated()).toBeUndefined();
    mkdirSync(join(root, 'lbwatch'));
    await files.writeGenerated(texts('x'));
    expect(await files.readGenerated()).toEqual(texts('x'));
  });

  test('it is not ours to write: the error says so, and the file stays', () => {
    const path = put('lbwatch/upstreams.conf', 'old');
    for (const folder of [root, dirname(path)]) chmodSync(folder, 0o555);
    const said = asNobody(`
      const { DiskFiles } = await import(src + 'adapters/files.ts');
      dropRoot();
      const files = new DiskFiles(${JSON.stringify(dirname(path))}, []);
      await files.writeGenerated({ text: 'new', streams: '' }).catch((error) => console.log(error.name + ': ' + error.message));
      console.log((await files.readGenerated()).text);
    `);
    for (const folder of [root, dirname(path)]) chmodSync(folder, 0o755);
    expect(said).toMatch(/^AppError: cannot write .*EACCES.*; the file there stays as it was\nold\n$/);
    expect(readdirSync(dirname(path))).toEqual(['upstreams.conf']);
  });

  test('a folder lies where the file should: an error, not a crash', async () => {
    const files = open();
    mkdirSync(files.generatedPath);
    await expect(files.readGenerated()).rejects.toThrow(AppError);
    await expect(files.writeGenerated(texts('x'))).rejects.toThrow(AppError);
  });

  test('whether somebody else touched it', async () => {
    const files = open();
    put('lbwatch/upstreams.conf', 'from before');
    expect(await files.isGeneratedIntact()).toBe(true);
    await files.writeGenerated(texts('x'));
    expect(await files.isGeneratedIntact()).toBe(true);
    put('lbwatch/upstreams.conf', 'y');
    expect(await files.isGeneratedIntact()).toBe(false);
    rmSync(files.generatedPath);
    expect(await files.isGeneratedIntact()).toBe(false);
    await files.writeGenerated(texts('x'));
    put('lbwatch/streams.conf', 'y');
    expect(await files.isGeneratedIntact()).toBe(false);
    await files.writeGenerated(texts('x'));
    expect(await files.isGeneratedIntact()).toBe(true);
  });

  test('only the file that differs is written', async () => {
    const files = open();
    await files.writeGenerated(texts('one'));
    const inodes = (): readonly number[] => [files.generatedPath, files.streamsPath].map((path) => statSync(path).ino);
    const before = inodes();
    await files.writeGenerated({ ...texts('one'), streams: '# other' });
    expect(inodes().map((inode, index) => inode === before[index])).toEqual([true, false]);
  });

  test('what an lbwatch without streams.conf left behind is read as it was', async () => {
    put('lbwatch/upstreams.conf', 'old');
    put('lbwatch/upstreams.last-good', 'older');
    const files = open();
    expect(await files.readGenerated()).toEqual({ text: 'old', streams: '' });
    expect(await files.readLastGood()).toEqual({ text: 'older', streams: '' });
  });
});

describe("the site's files", () => {
  test('are found in folders and below them, and any byte, name or place changes the digest', async () => {
    put('nginx.conf', 'http { include conf.d/*.conf; }');
    put('conf.d/site.conf', 'proxy_pass http://app;');
    put('conf.d/more/deep.conf', 'proxy_pass http://deep;');
    const files = open();
    const first = await files.readSite();
    expect(first).toMatchObject({ fileCount: 3, site: { http: { named: ['app', 'deep'] } } });
    expect((await files.readSite()).digest).toBe(first.digest);

    // Not the time of a change, but what is in it.
    utimesSync(join(root, 'nginx.conf'), 1, 1);
    expect((await open().readSite()).digest).toBe(first.digest);
    put('conf.d/site.conf', 'proxy_pass http://app; ');
    const second = await files.readSite();
    expect(second.digest).not.toBe(first.digest);
    rmSync(join(root, 'conf.d/more/deep.conf'));
    put('conf.d/more/other.conf', 'proxy_pass http://deep;');
    expect((await files.readSite()).digest).not.toBe(second.digest);
  });

  test('text that moves from one file to the next is another site', async () => {
    put('a.conf', '# 1\n# 2\n');
    put('b.conf', '');
    const first = await open().readSite();
    put('a.conf', '# 1\n');
    put('b.conf', '# 2\n');
    expect((await open().readSite()).digest).not.toBe(first.digest);
  });

  test('no folder, no file: an empty site', async () => {
    const files = new DiskFiles(join(root, 'lbwatch'), [join(root, 'none'), join(root, 'none/nginx.conf')]);
    expect(await files.readSite()).toMatchObject({ fileCount: 0, site: emptySite });
  });

  test.each(['', '/', '/.', '/../lbwatch/'])(
    'what lbwatch writes is none of it, its folder written as DIR%s',
    async (end) => {
      put('nginx.conf', '');
      const files = new DiskFiles(`${join(root, 'lbwatch')}${end}`, [`${root}/`]);
      const before = await files.readSite();
      await files.writeGenerated(texts('upstream app { server 127.0.0.1:1; }'));
      await files.writeLastGood(texts('upstream app { server 127.0.0.1:1; }'));
      expect(await files.readSite()).toEqual(before);
      expect(files.isIgnored(files.generatedPath)).toBe(true);
    },
  );

  test("nor are editors' leftovers, modules and keys", async () => {
    put('nginx.conf', '');
    for (const name of ['.nginx.conf.swp', 'nginx.conf~', '#nginx.conf#', '.#nginx.conf', 'a.bak', 'a.orig', 'a.tmp'])
      put(name, 'proxy_pass http://leftover;');
    for (const name of ['a.dpkg-dist', 'ngx_mod.so', 'tls.key', 'tls.pem', 'tls.crt']) put(`conf.d/${name}`, 'secret');
    expect(await open().readSite()).toMatchObject({ fileCount: 1, site: { http: { named: [] } } });
  });

  test('a dangling link, a pipe and a huge file are passed over', async () => {
    put('nginx.conf', '');
    symlinkSync(join(root, 'none'), join(root, 'dangling.conf'));
    put('huge.conf', 'x'.repeat(1024 * 1024 + 1));
    expect(spawnSync('mkfifo', [join(root, 'pipe.conf')]).status).toBe(0);
    expect((await open().readSite()).fileCount).toBe(1);
  });

  test('links are followed, as sites-enabled does it; a site counts as soon as it is enabled', async () => {
    put('sites-available/shop', 'proxy_pass http://app;');
    mkdirSync(join(root, 'sites-enabled'));
    const before = await open().readSite();
    symlinkSync('../sites-available/shop', join(root, 'sites-enabled/shop'));
    const after = await open().readSite();
    expect(after.fileCount).toBe(2);
    expect(after.digest).not.toBe(before.digest);
  });

  test('links that lead back up end', async () => {
    put('nginx.conf', '');
    for (const name of ['self', 'again']) symlinkSync('.', join(root, name));
    symlinkSync('lbwatch', join(root, 'alias'));
    put('lbwatch/upstreams.conf', 'upstream app { server 127.0.0.1:1; }');
    expect(await open().readSite()).toMatchObject({ fileCount: 1, site: { http: { defined: [] } } });
  });

  test('a file named twice counts once', async () => {
    const path = put('nginx.conf', '');
    expect((await new DiskFiles(join(root, 'lbwatch'), [path, root, root]).readSite()).fileCount).toBe(1);
  });

  test('what may not be read is passed over', () => {
    chmodSync(root, 0o755);
    put('nginx.conf', 'proxy_pass http://app;');
    chmodSync(put('secret.conf', 'proxy_pass http://secret;'), 0o000);
    put('hidden/site.conf', 'proxy_pass http://hidden;');
    chmodSync(join(root, 'hidden'), 0o000);
    const said = asNobody(`
      const { DiskFiles } = await import(src + 'adapters/files.ts');
      dropRoot();
      const { site, fileCount } = await new DiskFiles('/none', [${JSON.stringify(root)}]).readSite();
      console.log(fileCount, site.http.named.join());
    `);
    chmodSync(join(root, 'hidden'), 0o755);
    expect(said).toBe('1 app\n');
  });
});

/** Two texts that are told apart. */
function texts(text: string): Texts {
  return { text, streams: `# streams of ${text}` };
}

function open(): DiskFiles {
  return new DiskFiles(join(root, 'lbwatch'), [root]);
}

/** Writes a file below the root, and the folders that lead to it; answers its path. */
function put(name: string, text: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  expect(readFileSync(path, 'utf8')).toBe(text);
  return path;
}
