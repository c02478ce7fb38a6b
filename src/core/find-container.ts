import { isWithin } from './address.ts';
import type { Reach } from './address.ts';
import type { Container } from './model.ts';

/** As many digits as `docker ps` shows. */
const shortIdLength = 12;

/** The container of this name, else those whose id is this, or begins with it (12 digits at least). */
export function findByName(containers: readonly Container[], wanted: string): readonly Container[] {
  const named = containers.filter(({ name }) => name === wanted);
  if (named.length > 0) return named;
  return wanted.length < shortIdLength ? [] : containers.filter(({ id }) => id.startsWith(wanted));
}

/**
 * The running container that an address belongs to, on a network from which `reach` is reached; undefined where nobody
 * has it, or more than one.
 */
export function findByAddress(containers: readonly Container[], address: string, reach: Reach): Container | undefined {
  const owners = containers.filter(
    ({ state, attachments, published }) =>
      // Networks of another machine may be called the same.
      published === undefined &&
      state === 'running' &&
      attachments.some((one) => one.address === address && isWithin(reach, one.network)),
  );
  return owners.length === 1 ? owners[0] : undefined;
}
