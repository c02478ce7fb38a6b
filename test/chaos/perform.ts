import { EngineRefusal } from './engine-api.ts';
import { profiles, slotTraits } from './operations.ts';
import type { Operation, Slot } from './operations.ts';
import type { ChaosStack } from './stack.ts';

/** Answers false where there was nothing to do: the engine had decided otherwise meanwhile. */
export async function perform(stack: ChaosStack, operation: Operation): Promise<boolean> {
  switch (operation.kind) {
    case 'relabel':
      await relabel(stack, operation);
      return true;
    case 'scale':
      await stack.compose.run(
        ...[
          'up',
          '-d',
          '--no-build',
          '--no-deps',
          '--no-recreate',
          '-t',
          '2',
          '--scale',
          `app=${String(operation.count)}`,
          'app',
        ],
      );
      return true;
    case 'recreate': {
      const count = (await stack.compose.running('app')).length;
      await stack.compose.run(
        ...[
          'up',
          '-d',
          '--no-build',
          '--no-deps',
          '--force-recreate',
          '-t',
          '2',
          '--scale',
          `app=${String(count)}`,
          'app',
        ],
      );
      return true;
    }
    case 'edit':
      await stack.site.edit();
      return true;
    case 'flip health':
      await stack.tell(`moods/${operation.slot}`, operation.mood);
      stack.moods.set(operation.slot, operation.mood);
      return true;
    case 'start':
    case 'stop':
    case 'kill':
    case 'pause':
    case 'unpause':
    case 'restart':
    case 'remove':
    case 'rename':
    case 'connect':
    case 'disconnect':
    case 'drain':
    case 'undrain':
      return act(stack, operation);
  }
}

type Relabel = Extract<Operation, { readonly kind: 'relabel' }>;
type OnSlot = Exclude<Operation, Relabel | { readonly kind: 'scale' | 'recreate' | 'edit' | 'flip health' }>;

async function relabel(stack: ChaosStack, { slot, profile: name, networks }: Relabel): Promise<void> {
  const profile = profiles.find((one) => one.name === name);
  if (profile === undefined) throw new RangeError(`there is no profile "${name}"`);
  await remove(stack, slot);
  await stack.untell(`moods/${slot}`);
  stack.moods.delete(slot);
  const { isChecked, restart } = slotTraits[slot];
  const [first = 'default', ...others] = networks.map((network) => `${stack.project}_${network}`);
  const ports = [8000, ...(profile.exposes === undefined ? [] : [profile.exposes])];
  const id = await stack.api.create(`${stack.project}-${slot}`, {
    Image: 'lbwatch/flask',
    Cmd: ['python3', '-SE', '/chaos/member.py'],
    Env: [`SERVICE=${slot}`],
    ExposedPorts: Object.fromEntries(ports.map((port) => [`${String(port)}/tcp`, {}])),
    Labels: {
      'com.docker.compose.project': profile.project ?? stack.project,
      'com.docker.compose.service': slot,
      'com.docker.compose.oneoff': 'False',
      // nginx does not stay away for long from one that failed once.
      'lb.fail_timeout': '1s',
      ...profile.labels,
    },
    ...(isChecked === true ? { Healthcheck: healthcheckOf(slot) } : {}),
    HostConfig: {
      Binds: [`${stack.insidePath}:/chaos:ro`],
      RestartPolicy: { Name: restart },
      NetworkMode: first,
    },
  });
  stack.ids.set(slot, id);
  for (const network of others) await stack.api.post(`/networks/${network}/connect`, { Container: id });
  await stack.api.post(`/containers/${id}/start`);
}

function healthcheckOf(slot: Slot): unknown {
  const secondNs = 1e9;
  return {
    Test: ['CMD-SHELL', `! grep -q failing /chaos/moods/${slot} 2>/dev/null`],
    Interval: secondNs,
    Timeout: 2 * secondNs,
    Retries: 1,
  };
}

async function remove(stack: ChaosStack, slot: Slot): Promise<void> {
  const id = stack.ids.get(slot);
  if (id === undefined) return;
  stack.ids.delete(slot);
  stack.drained.delete(id);
  await stack.api.remove(id);
}

async function act(stack: ChaosStack, operation: OnSlot): Promise<boolean> {
  const { slot, kind } = operation;
  const id = stack.ids.get(slot);
  if (id === undefined) return false;
  const { State, Name, NetworkSettings } = await stack.api.inspect(id);
  const isRunning = State.Status === 'running';
  switch (kind) {
    case 'start':
      if (isRunning || State.Status === 'paused') return false;
      return attempt(stack.api.post(`/containers/${id}/start`));
    case 'stop':
    case 'restart':
      return isRunning && attempt(stack.api.post(`/containers/${id}/${kind}?t=2`));
    case 'kill':
    case 'pause':
      return isRunning && attempt(stack.api.post(`/containers/${id}/${kind}`));
    case 'unpause':
      return State.Status === 'paused' && attempt(stack.api.post(`/containers/${id}/unpause`));
    case 'remove':
      await remove(stack, slot);
      return true;
    case 'rename': {
      const base = `${stack.project}-${slot}`;
      const name = Name === `/${base}` ? `${base}-renamed` : base;
      await stack.api.post(`/containers/${id}/rename?name=${name}`);
      return true;
    }
    case 'connect':
    case 'disconnect': {
      const network = `${stack.project}_${operation.network}`;
      const isOn = network in NetworkSettings.Networks;
      if (isOn === (kind === 'connect')) return false;
      return attempt(stack.api.post(`/networks/${network}/${kind}`, { Container: id }));
    }
    case 'drain':
      if (!isRunning) return false;
      if (!(await drain(stack, id))) return false;
      stack.drained.add(id);
      return true;
    case 'undrain':
      if (!stack.drained.has(id)) return false;
      await stack.compose.exec('lbwatch', 'lbwatch', 'undrain', id);
      stack.drained.delete(id);
      return true;
  }
}

/** Answers false for a container that asks for no pool: that is refused. */
async function drain(stack: ChaosStack, id: string): Promise<boolean> {
  const { ok, output } = await stack.compose.try('exec', '-T', 'lbwatch', 'lbwatch', 'drain', id);
  if (!ok && !output.includes('is in no pool and asks for none')) throw new Error(`drain failed: ${output.trim()}`);
  return ok;
}

/** That the container went just now into another state, by its restart policy, is no failure of ours. */
async function attempt(doing: Promise<void>): Promise<boolean> {
  try {
    await doing;
    return true;
  } catch (error) {
    if (error instanceof EngineRefusal && (error.status === 409 || error.status === 304)) return false;
    throw error;
  }
}
