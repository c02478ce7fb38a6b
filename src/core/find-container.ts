import { isWithin } from './address.ts';
import type { Reach } from './address.ts';
import type { Container } from './model.ts';
import { serviceOf } from './project.ts';

/** As many digits as `docker ps` shows. */
const shortIdLength = 12;
/** So few do for who only looks. */
const leastDigits = 4;

/**
 * The container of this name, else those whose id is this, or begins with it (12 digits at least). Of a task of Swarm, the
 * name and the id that `docker ps` shows on its node are good as well. Several of one name are on several machines.
 */
export function findByName(containers: readonly Container[], wanted: string): readonly Container[] {
  const named = containers.filter((container) => isCalled(container, wanted));
  if (named.length > 0) return named;
  return wanted.length < shortIdLength ? [] : containers.filter((container) => hasId(container, wanted));
}

/**
 * All that somebody may mean who only looks: those of this name, and those whose id begins so (4 digits at least); where
 * there are none, those of this service (`app`, in Swarm `shop_app`, or one slot of it: `shop_app.3`).
 */
export function findAllMeant(containers: readonly Container[], wanted: string): readonly Container[] {
  const isLong = wanted.length >= leastDigits;
  const meant = containers.filter((one) => isCalled(one, wanted) || (isLong && hasId(one, wanted)));
  return meant.length > 0 ? meant : containers.filter((one) => isOfService(one, wanted));
}

/**
 * The running container that an address belongs to, on a network from which `reach` is reached; undefined where nobody
 * has it, or more than one.
 */
export function findByAddress(containers: readonly Container[], address: string, reach: Reach): Container | undefined {
  const owners = containers.filter(
    ({ state, attachments, published }) =>
      // Networks of another machine may be called the same.
      published === undefined && state === 'running' && attachments.some((one) => one.address === address && isWithin(reach, one.network)),
  );
  return owners.length === 1 ? owners[0] : undefined;
}

/** Our name of a task ends with the first digits of its id, Docker's with all of it. */
function isCalled({ name, id, task }: Container, wanted: string): boolean {
  return name === wanted || (task !== undefined && wanted === name + id.slice(shortIdLength));
}

function hasId({ id, task }: Container, wanted: string): boolean {
  return id.startsWith(wanted) || task?.containerId?.startsWith(wanted) === true;
}

/** A task's name begins with its service and its slot (or its machine), and there is a dot after each. */
function isOfService(container: Container, wanted: string): boolean {
  const { name, task } = container;
  return serviceOf(container) === wanted || (task !== undefined && name.startsWith(`${wanted}.`));
}
