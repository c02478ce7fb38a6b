import { describe, expect, test } from '@jest/globals';

import { readSite } from '../../src/core/site.ts';
import type { Site, UpstreamNames } from '../../src/core/site.ts';
import { emptySite, noNames } from '../support/site.ts';

/** A site that says this about http, and nothing about streams. */
const http = (names: Partial<UpstreamNames>): Site => ({ ...emptySite, http: { ...noNames, ...names } });
const stream = (names: Partial<UpstreamNames>): Site => ({ ...emptySite, stream: { ...noNames, ...names } });

describe('readSite', () => {
  test('reads a whole configuration over several files, sorted and once each', () => {
    const site = readSite([
      'http { upstream own { server 10.0.0.1:80; } include conf.d/*.conf; }',
      'server { location / { proxy_pass http://web; } location /a { proxy_pass http://own/; } }',
      'server { location / { proxy_pass http://web/x; } location /b { proxy_pass https://api; } }',
    ]);
    expect(site).toEqual(http({ defined: ['own'], named: ['api', 'web'] }));
  });

  test.each([
    'proxy_pass http://app;',
    'proxy_pass https://app;',
    'proxy_pass HTTP://app;',
    'proxy_pass http://app/;',
    'proxy_pass http://app/some/where?x=y;',
    'proxy_pass http://app?x=y;',
    'proxy_pass "http://app";',
    "proxy_pass 'http://app';",
    'proxy_pass\n\thttp://app\n;',
    'location / {proxy_pass http://app;}',
    'location "/{x}" { proxy_pass http://app; }',
    'location ~ ^/x{2}$ { proxy_pass http://app; }',
    'location ~ \\.php$ { fastcgi_pass app; }',
    'set $x "};{"; proxy_pass http://app;',
    'add_header X "a \\" proxy_pass http://wrong; "; proxy_pass http://app;',
    'log_format main \'$remote_addr - "$request" {\'; proxy_pass http://app;',
    'map $x $y { default "a#b"; } proxy_pass http://app;',
    'rewrite ^/a#b /c; proxy_pass http://app;',
    'return 200 "${host};"; proxy_pass http://app;',
    'root ${x}y; proxy_pass http://app;',
    '# comment; with } signs "\nproxy_pass http://app; # proxy_pass http://wrong;',
    'fastcgi_pass app;',
    'uwsgi_pass app;',
    'uwsgi_pass uwsgi://app;',
    'uwsgi_pass suwsgi://app;',
    'scgi_pass app;',
    'grpc_pass app;',
    'grpc_pass grpc://app;',
    'grpc_pass grpcs://app;',
    'memcached_pass app;',
  ])('finds the pool in %j', (text) => {
    expect(readSite([text])).toEqual(http({ named: ['app'] }));
  });

  test.each([
    '',
    '# proxy_pass http://app;',
    'proxy_pass http://$backend;',
    'proxy_pass http://${backend};',
    'proxy_pass http://app$request_uri;',
    'proxy_pass $scheme://app;',
    'proxy_pass http://api.example.com;',
    'proxy_pass http://10.0.0.1;',
    'proxy_pass http://10.0.0.1:8080;',
    'proxy_pass http://[::1]:8080;',
    'proxy_pass http://localhost;',
    'proxy_pass http://localhost:8080/;',
    'proxy_pass http://unix:/run/app.sock:/x;',
    'fastcgi_pass unix:/run/php.sock;',
    'fastcgi_pass 127.0.0.1:9000;',
    'proxy_pass',
    'proxy_pass_header http://app;',
    'proxy_set_header X "proxy_pass http://app;";',
    "more 'a\nproxy_pass http://app;\n';",
    'proxy_pass http://lbwatch_internal;',
  ])('finds none in %j', (text) => {
    expect(readSite([text])).toEqual(emptySite);
  });

  test.each([
    'proxy_pass http://app:8000;',
    'proxy_pass https://app:443/x;',
    'fastcgi_pass app:9000;',
    'grpc_pass app:1;',
  ])('sees the port in %j', (text) => {
    expect(readSite([text])).toEqual(http({ namedWithPort: ['app'] }));
  });

  test('sees a name with and without a port', () => {
    expect(readSite(['proxy_pass http://app; proxy_pass http://app:80;'])).toEqual(
      http({ named: ['app'], namedWithPort: ['app'] }),
    );
  });

  test.each([
    'stream { server { listen 5432; proxy_pass db; } }',
    'server { listen 5432; proxy_pass db; }',
    'server { listen 5432 udp; proxy_pass "db"; }',
    'http { server { proxy_set_header proxy_pass wrong; } } stream { server { proxy_pass db; } }',
  ])('finds the tcp or udp pool in %j', (text) => {
    expect(readSite([text])).toEqual(stream({ named: ['db'] }));
  });

  test.each(['stream { server { listen 1; proxy_pass db:5432; } }', 'server { listen 1; proxy_pass db:1; }'])(
    'sees the port in %j',
    (text) => {
      expect(readSite([text])).toEqual(stream({ namedWithPort: ['db'] }));
    },
  );

  test.each([
    'stream { proxy_pass $backend; }',
    'proxy_pass unix:/run/db.sock;',
    'proxy_pass 10.0.0.1:5432;',
    'proxy_pass db.example.com:5432;',
    'proxy_pass localhost:5432;',
  ])('finds no tcp pool in %j', (text) => {
    expect(readSite([text])).toEqual(emptySite);
  });

  test('an upstream of its own is nobody else’s pool, in any spelling', () => {
    const text = 'http { upstream App{server 10.0.0.1:80;} proxy_pass http://app; proxy_pass http://APP:80; }';
    expect(readSite([text])).toEqual(http({ defined: ['App'] }));
  });

  test('an upstream in a comment or a text is none', () => {
    expect(readSite(['http { # upstream a {\nset $x "upstream b {"; upstream "c" { server 10.0.0.1:80; } }'])).toEqual(
      http({ defined: ['c'] }),
    );
  });

  test('an upstream of one block does not stand in the way of a pool of the other', () => {
    expect(readSite(['http { upstream db { } } stream { server { proxy_pass db; } }'])).toEqual({
      ...emptySite,
      http: { ...noNames, defined: ['db'] },
      stream: { ...noNames, named: ['db'] },
    });
    expect(readSite(['stream { upstream app { } } http { server { location / { proxy_pass http://app; } } }'])).toEqual(
      {
        ...emptySite,
        http: { ...noNames, named: ['app'] },
        stream: { ...noNames, defined: ['app'] },
      },
    );
  });

  test('an upstream in a file that any block may include counts for both', () => {
    expect(readSite(['upstream db { server 10.0.0.1:1; }', 'proxy_pass http://db;', 'proxy_pass db;'])).toEqual({
      ...emptySite,
      http: { ...noNames, defined: ['db'] },
      stream: { ...noNames, defined: ['db'] },
    });
  });

  test('whether it spares keep-alive clients by itself', () => {
    expect(readSite(['http { keepalive_min_timeout 5s; }'])).toEqual({ ...emptySite, sparesClients: true });
  });

  test('a block ends where its brace does', () => {
    const text = 'stream { map $x $y { a "}"; } server { # }\n } upstream one { } } upstream two { }';
    expect(readSite([text])).toEqual({
      ...emptySite,
      http: { ...noNames, defined: ['two'] },
      stream: { ...noNames, defined: ['one', 'two'] },
    });
  });

  test('reads on over what nginx would refuse', () => {
    expect(readSite(['}}} ; "unclosed\nproxy_pass http://x;', '{{{', '\0', "'"])).toBeDefined();
    expect(readSite(['} } proxy_pass http://app;'])).toEqual(http({ named: ['app'] }));
  });

  test('reads a large file in no time', () => {
    const text = 'server { location / { proxy_pass http://app; } }\n'.repeat(20_000) + '"'.repeat(10_001);
    const startedMs = performance.now();
    expect(readSite([text]).http.named).toEqual(['app']);
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
