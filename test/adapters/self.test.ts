import { expect, test } from '@jest/globals';

import { findOwnId } from '../../src/adapters/self.ts';

const id = '7196a894132e7deefd875dd62c73e4864f2f2f26b3dfad351be220f795484ade';

test.each([
  [
    'Docker',
    `1264 1253 254:0 /var/lib/docker/containers/${id}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda rw`,
  ],
  ['Docker elsewhere', `1264 1253 254:0 /containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vdb rw`],
  [
    'Podman',
    `257 214 0:46 /containers/storage/overlay-containers/${id}/userdata/hostname /etc/hostname ro,nosuid - tmpfs tmpfs rw`,
  ],
])('the id that %s mounts tell', (_, line) => {
  const others = '1 0 254:0 / / rw - ext4 /dev/vda rw\n2 1 0:5 / /proc rw - proc proc rw\n';
  expect(findOwnId(`${others}${line}\n`)).toBe(id);
  expect(findOwnId(others)).toBeUndefined();
});
