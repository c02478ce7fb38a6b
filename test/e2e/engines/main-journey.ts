import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { Running } from '../../support/compose.ts';
import { eventually } from '../../support/eventually.ts';
import { explain } from '../../support/explained.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { Journey } from '../../support/journey.ts';
import type { OtherEngine } from '../../support/other-engine.ts';
import { distinctMembers, failures, whoAnswers } from '../../support/who-answers.ts';

/** In what engines differ. */
export interface Abilities {
  /** What `lbwatch doctor` calls it. */
  readonly called: RegExp;
  /** Its events tell which signal a container was sent. */
  readonly tellsSignals: boolean;
  /** Runs a container's health check, where the engine does not do so by itself. */
  readonly probe?: (engine: OtherEngine, containerId: string) => Promise<void>;
}

/** The stack of a journey, and the engine that it runs on. */
export interface OnEngine {
  readonly journey: Journey;
  readonly engine: OtherEngine;
}

const services = ['app', 'sick', 'spare'];
const patience = { withinMs: 20_000 };

/**
 * The main journey, as tests of the file that calls this: whatever makes a member come and go, and what happens to nginx
 * and to the controller. The tests build on each other.
 *
 * @returns what runs, for more tests after these
 */
export function travelOn(
  start: () => Promise<OtherEngine>,
  { called, tellsSignals, probe }: Abilities,
): () => OnEngine {
  let on: OnEngine | undefined;
  const running = (): OnEngine => {
    if (on === undefined) throw new Error('nothing runs: the start has failed');
    return on;
  };
  const compose = (...words: readonly string[]): Promise<string> => running().journey.compose.run(...words);
  const containers = (...services: readonly string[]): Promise<readonly Running[]> =>
    running().journey.compose.running(...services);

  /** The engine's own command line. */
  async function docker(...words: readonly string[]): Promise<void> {
    const { ok, output } = await running().journey.compose.docker(...words);
    if (!ok) throw new Error(`docker ${words.join(' ')}: ${output}`);
  }

  async function theOnly(service: string): Promise<string> {
    const [only, ...others] = await containers(service);
    if (only === undefined || others.length > 0) throw new Error(`${String(others.length + 1)} of ${service} run`);
    return only.id;
  }

  /** All of these answer, so many of each service, and nobody else does. */
  async function serving(
    counts: Readonly<Record<string, number>>,
    beforeEachLook: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    await eventually(
      `only ${JSON.stringify(counts)} serving`,
      async () => {
        await beforeEachLook();
        const answers = await whoAnswers(running().journey.port, 8 * total);
        expect(failures(answers)).toEqual([]);
        const counted = services.map((service) => [service, distinctMembers(answers, [service]).length] as const);
        expect(Object.fromEntries(counted.filter(([, count]) => count > 0))).toEqual(counts);
      },
      patience,
    );
  }

  beforeAll(async () => {
    const engine = await start();
    const journey = await prepareJourney('engine', 'engines/docker-compose.yaml', engine.environment).catch(
      async (error: unknown) => {
        await engine.end();
        throw error;
      },
    );
    on = { journey, engine };
    await engine.forward(journey.port);
    await compose('up', '-d', '--no-build', 'app', 'spare', 'nginx', 'lbwatch');
    await serving({ app: 1 });
  }, 120_000);

  afterAll(async () => {
    try {
      await on?.journey.end();
    } finally {
      await on?.engine.end();
    }
  }, 60_000);

  test('doctor names the engine and its API, and finds everything in order', async () => {
    const doctor = await running().journey.compose.try('exec', '-T', 'lbwatch', 'lbwatch', 'doctor');
    expect(doctor.stdout).toMatch(called);
    expect(doctor.stdout).toMatch(/^ok +nginx .*runs what the labels ask for \(digest [0-9a-f]+\)$/m);
    expect(doctor.stdout).not.toMatch(/^failed/m);
    expect(doctor.ok).toBe(true);
  }, 60_000);

  test('scaled up and down', async () => {
    await compose('up', '-d', '--no-build', '--scale', 'app=4', 'app');
    await serving({ app: 4 });
    await compose('up', '-d', '--no-build', '--scale', 'app=1', 'app');
    await serving({ app: 1 });
  }, 60_000);

  test('killed: the backup serves; started again: it steps back', async () => {
    const app = await theOnly('app');
    await docker('kill', app);
    await serving({ spare: 1 });
    await docker('start', app);
    await serving({ app: 1 });
  }, 60_000);

  test(
    tellsSignals ? 'told to stop: it leaves before it has ended' : 'stopped: it leaves',
    async () => {
      const app = await theOnly('app');
      if (tellsSignals) {
        // Longer than anybody here waits.
        const stopping = docker('stop', '-t', '100', app);
        await serving({ spare: 1 });
        expect((await containers('app')).map(({ id }) => id)).toEqual([app]);
        await docker('kill', app);
        await stopping;
      } else {
        await docker('stop', '-t', '1', app);
        await serving({ spare: 1 });
      }
      await docker('start', app);
      await serving({ app: 1 });
    },
    60_000,
  );

  test('paused and unpaused', async () => {
    const app = await theOnly('app');
    await docker('pause', app);
    await serving({ spare: 1 });
    await docker('unpause', app);
    await serving({ app: 1 });
  }, 60_000);

  test('taken from the network and put back', async () => {
    const app = await theOnly('app');
    const network = `${running().journey.project}_default`;
    await docker('network', 'disconnect', network, app);
    await serving({ spare: 1 });
    await docker('network', 'connect', network, app);
    await serving({ app: 1 });
  }, 60_000);

  test('its health check decides', async () => {
    await compose('up', '-d', '--no-build', 'sick');
    const sick = await theOnly('sick');
    const { engine } = running();
    // Again and again, as an engine does: Podman 4.3 tells of a probe before its result can be read.
    const runCheck = async (): Promise<void> => {
      await probe?.(engine, sick);
    };
    await serving({ app: 1, sick: 1 }, runCheck);
    await docker('exec', sick, 'touch', '/dev/shm/sick');
    await serving({ app: 1 }, runCheck);
    const rows = await explain(running().journey.compose);
    expect(rows.find(({ container }) => container.includes('sick'))).toMatchObject({ state: 'out' });
    await docker('exec', sick, 'rm', '/dev/shm/sick');
    await serving({ app: 1, sick: 1 }, runCheck);
    await compose('rm', '-sf', 'sick');
    await serving({ app: 1 });
  }, 60_000);

  test('drained and undrained', async () => {
    const app = await theOnly('app');
    await compose('exec', '-T', 'lbwatch', 'lbwatch', 'drain', app);
    await serving({ spare: 1 });
    await compose('exec', '-T', 'lbwatch', 'lbwatch', 'undrain', app);
    await serving({ app: 1 });
  }, 60_000);

  test('nginx restarted, and recreated, is followed', async () => {
    await compose('restart', '-t', '1', 'nginx');
    await serving({ app: 1 });
    await compose('up', '-d', '--no-build', '--no-deps', '--force-recreate', '-t', '1', 'nginx');
    await serving({ app: 1 });
    await compose('up', '-d', '--no-build', '--no-deps', '--scale', 'app=2', 'app');
    await serving({ app: 2 });
  }, 60_000);

  test('the controller catches up with what it missed', async () => {
    await docker('kill', await theOnly('lbwatch'));
    await compose('up', '-d', '--no-build', '--no-deps', '--scale', 'app=3', 'app');
    await compose('up', '-d', '--no-build', '--no-deps', 'lbwatch');
    await serving({ app: 3 });
  }, 60_000);

  test('the event stream lasted all the way', async () => {
    // It tells by itself of what it is replaced for when idle; lost is what an engine ended.
    const lines = await running().journey.compose.logs('lbwatch');
    expect(lines.filter((line) => /event stream lost|bug/.test(line))).toEqual([]);
  });

  return running;
}
