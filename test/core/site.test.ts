import { describe, expect, test } from '@jest/globals';

import { readSite } from '../../src/core/site.ts';

const nothing = { defined: [], named: [], namedWithPort: [] };

describe('readSite', () => {
  test('reads a whole configuration over several files, sorted and once each', () => {
    const site = readSite([
      'http { upstream own { server 10.0.0.1:80; } include conf.d/*.conf; }',
      'server { location / { proxy_pass http://web; } location /a { proxy_pass http://own/; } }',
      'server { location / { proxy_pass http://web/x; } location /b { proxy_pass https://api; } }',
    ]);
    expect(site).toEqual({ defined: ['own'], named: ['api', 'web'], namedWithPort: [] });
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
    expect(readSite([text])).toEqual({ ...nothing, named: ['app'] });
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
    // In a stream block there is no scheme.
    'stream { server { listen 5432; proxy_pass db; } }',
    'stream { server { listen 5432; proxy_pass db:5432; } }',
    'proxy_pass',
    'proxy_pass_header http://app;',
    'proxy_set_header X "proxy_pass http://app;";',
    "more 'a\nproxy_pass http://app;\n';",
    'proxy_pass http://lbwatch_internal;',
  ])('finds none in %j', (text) => {
    expect(readSite([text])).toEqual(nothing);
  });

  test.each([
    'proxy_pass http://app:8000;',
    'proxy_pass https://app:443/x;',
    'fastcgi_pass app:9000;',
    'grpc_pass app:1;',
  ])('sees the port in %j', (text) => {
    expect(readSite([text])).toEqual({ ...nothing, namedWithPort: ['app'] });
  });

  test('sees a name with and without a port', () => {
    expect(readSite(['proxy_pass http://app; proxy_pass http://app:80;'])).toEqual({
      ...nothing,
      named: ['app'],
      namedWithPort: ['app'],
    });
  });

  test('an upstream of its own is nobody else’s pool, in any spelling', () => {
    expect(readSite(['upstream App{server 10.0.0.1:80;} proxy_pass http://app; proxy_pass http://APP:80;'])).toEqual({
      ...nothing,
      defined: ['App'],
    });
  });

  test('an upstream in a comment or a text is none', () => {
    expect(readSite(['# upstream a {\nset $x "upstream b {"; upstream "c" { server 10.0.0.1:80; }'])).toEqual({
      ...nothing,
      defined: ['c'],
    });
  });

  test('reads on over what nginx would refuse', () => {
    expect(readSite(['}}} ; "unclosed\nproxy_pass http://x;', '{{{', '\0', "'"])).toBeDefined();
    expect(readSite(['} } proxy_pass http://app;'])).toEqual({ ...nothing, named: ['app'] });
  });

  test('reads a large file in no time', () => {
    const text = 'server { location / { proxy_pass http://app; } }\n'.repeat(20_000) + '"'.repeat(10_001);
    const startedMs = performance.now();
    expect(readSite([text]).named).toEqual(['app']);
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
