import { isIP } from 'node:net';

/**
 * Whether a request names its server in a way that no stranger's web page can have caused. A page whose own name was made to
 * point at this machine (DNS rebinding) may read what answers there, since browsers go by names; it gives itself away by its
 * name. An address, `localhost`, and a name without a dot (a service, a container) can be nobody's page.
 *
 * @param header `Host` as it came; HTTP/1.0 knows none, and no browser speaks that
 * @param names further names, in lower case
 */
export function isOwnName(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return true;
  const name = header.replace(/:[0-9]*$/, '').toLowerCase();
  const isAddress = isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return isAddress || /^[a-z0-9_-]+$/.test(name) || name.endsWith('.localhost') || names.includes(name);
}
