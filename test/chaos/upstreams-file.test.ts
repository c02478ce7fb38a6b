import { expect, test } from '@jest/globals';

import { readServers } from './upstreams-file.ts';

const text = `upstream alpha {
    zone lbwatch.alpha 512k;
    server 10.0.0.1:8000 weight=3 max_fails=2;  # app-1
    server 10.0.0.2:8000 backup;
    keepalive 32;
}

upstream beta {
    server 127.0.0.1:9182;  # nobody is in: answers 503
}
`;

test('the servers of a pool, without what stands in for nobody', () => {
  expect(readServers(text, 'alpha')).toEqual([
    { address: '10.0.0.1:8000', options: ['weight=3', 'max_fails=2'] },
    { address: '10.0.0.2:8000', options: ['backup'] },
  ]);
  expect(readServers(text, 'beta')).toEqual([]);
  expect(readServers(text, 'gamma')).toBeUndefined();
});
