import { expect, test } from '@jest/globals';

import {
  isMaster,
  isWorker,
  listConfigurationFiles,
  masterArguments,
  readVerdict,
} from '../../src/adapters/nginx-words.ts';

test.each([
  ['nginx: master process nginx -g daemon off;', true, false],
  ['nginx: worker process', false, true],
  ['nginx: worker process is shutting down', false, true],
  ['nginx: cache manager process', false, false],
  ['vim nginx: master process', false, false],
  ['nginx', false, false],
  ['', false, false],
])('"%s": master %p, worker %p', (title, master, worker) => {
  expect([isMaster(title), isWorker(title)]).toEqual([master, worker]);
});

test.each([
  ['nginx: master process nginx -g daemon off;', []],
  ['nginx: master process /usr/sbin/nginx -c /srv/nginx.conf', ['-c', '/srv/nginx.conf']],
  ['nginx: master process nginx -p /srv -c a.conf -g daemon off;', ['-p', '/srv', '-c', 'a.conf']],
  ['nginx: master process nginx -c', []],
  ['', []],
])('the options of "%s"', (title, words) => {
  expect(masterArguments(title)).toEqual(words);
});

test.each([
  [
    'nginx: [warn] 7#7: the "user" directive\nnginx: [emerg] unknown directive "x" in /etc/nginx/a.conf:3\nnginx: configuration file /etc/nginx/nginx.conf test failed\n',
    'unknown directive "x" in /etc/nginx/a.conf:3',
  ],
  ['2026/01/01 00:00:00 [emerg] 12#12: host not found in upstream "app"\n', 'host not found in upstream "app"'],
  ['nginx: not found\n', 'nginx: not found'],
  ['', 'nginx -t exited with 1'],
  ['nginx: [emerg] bad \u001b[31mred\u0007\n', expect.not.stringMatching(/[\u001b\u0007]/)],
  [`nginx: [emerg] ${'x'.repeat(10_000)}\n`, expect.stringMatching(/^.{1,401}$/)],
])('a refusal: %j', (output, message) => {
  expect(readVerdict(1, output)).toEqual({ accepted: false, message });
});

test('accepted, whatever it warned of', () => {
  expect(readVerdict(0, 'nginx: [emerg] in a warning\n')).toEqual({ accepted: true });
});

test('the files of nginx -T', () => {
  const output =
    '# configuration file /etc/nginx/nginx.conf:\nuser x;\n# configuration file /srv/a b.conf:\n # configuration file /no:\n';
  expect(listConfigurationFiles(output)).toEqual(['/etc/nginx/nginx.conf', '/srv/a b.conf']);
});
