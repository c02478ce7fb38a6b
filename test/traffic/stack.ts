import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Compose, Result, Running } from '../support/compose.ts';
import { eventually } from '../support/eventually.ts';
import { prepareJourney, root } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import { distinctMembers, failures, whoAnswers } from '../support/who-answers.ts';
import { readMoments } from './moments.ts';
import type { Moment } from './moments.ts';
import { staticFolder, staticUpstream } from './variants.ts';
import type { Variant } from './variants.ts';

/** How many containers of which service: those of the override file. */
export type Members = Readonly<Partial<Record<'app' | 'other' | 'slow' | 'checked', number>>>;

const appServices = ['app', 'other', 'slow', 'checked'];
const overrideFile = 'docker-compose.override.yaml';
const startWithinMs = 30_000;

/** A fresh project of the shipped stack for one case, in front of the apps that can misbehave. */
export class TrafficStack {
  readonly variant: Variant;
  readonly #journey: Journey;

  private constructor(variant: Variant, journey: Journey) {
    this.variant = variant;
    this.#journey = journey;
  }

  /** Starts nothing. */
  static async prepare(variant: Variant, environment: Readonly<Record<string, string>>): Promise<TrafficStack> {
    const journey = await prepareJourney('traffic', undefined, { ...environment, ...variant.environment });
    // Compose reads a file of this name by itself.
    await cp(join(root, 'test/traffic', overrideFile), join(journey.directory, overrideFile));
    await mkdir(join(journey.directory, staticFolder));
    await writeFile(join(journey.directory, staticFolder, 'upstreams.conf'), staticUpstream);
    return new TrafficStack(variant, journey);
  }

  get compose(): Compose {
    return this.#journey.compose;
  }

  get port(): number {
    return this.#journey.port;
  }

  /** The hand-written configuration, safe to edit. */
  get sitePath(): string {
    return join(this.#journey.directory, 'nginx/conf.d/flaskapp.conf');
  }

  /** Resolves when each of the members has answered through nginx. */
  async start(members: Members): Promise<void> {
    const apps = Object.keys(members);
    const scale = Object.entries(members).flatMap(([service, count]) => ['--scale', `${service}=${String(count)}`]);
    const up = ['up', '-d', '--no-build', ...scale];
    if (this.variant.doesFollow) await this.compose.run(...up, 'nginx', 'lbwatch', ...apps);
    else {
      // A static upstream has the addresses of those that run when nginx starts.
      await this.compose.run(...up, '--no-deps', ...apps);
      await this.compose.run('up', '-d', '--no-build', '--no-deps', 'nginx');
    }
    const count = Object.values(members).reduce((sum, one) => sum + one, 0);
    await eventually(
      `${String(count)} members answering`,
      async () => {
        const answers = await whoAnswers(this.port, 8 * count);
        const found = distinctMembers(answers).length;
        const whys = [...new Set(failures(answers))].join('; ');
        if (found !== count || whys !== '') throw new Error(`${String(found)} answered; ${whys || 'none failed'}`);
      },
      { withinMs: startWithinMs },
    );
  }

  /** Runs so many containers of a service; those that run stay as they are. */
  async scale(service: string, count: number): Promise<void> {
    await this.compose.run(
      ...['up', '-d', '--no-build', '--no-deps', '--no-recreate', '--scale', `${service}=${String(count)}`, service],
    );
  }

  running(...services: readonly string[]): Promise<readonly Running[]> {
    return this.compose.running(...services);
  }

  /** Runs the Docker command line; throws with its output where it fails. */
  async docker(...words: readonly string[]): Promise<Result> {
    const result = await this.compose.docker(...words);
    if (!result.ok) throw new Error(`docker ${words.join(' ')} failed:\n${result.output}`);
    return result;
  }

  /** What the engine tells of the apps' containers since then. */
  async readMoments(sinceMs: number): Promise<readonly Moment[]> {
    const { stdout } = await this.docker(
      ...['events', '--since', inSeconds(sinceMs), '--until', inSeconds(Date.now()), '--format', '{{json .}}'],
      ...['--filter', 'type=container', '--filter', `label=com.docker.compose.project=${this.#journey.project}`],
    );
    return readMoments(stdout.split('\n').filter(Boolean), appServices);
  }

  /** How often nginx began to reload since then, by its own log. */
  async countReloads(sinceMs: number): Promise<number> {
    const [nginx] = await this.running('nginx');
    if (nginx === undefined) throw new Error('nginx does not run any more: its log would tell why');
    // Not its stdout: that is the access log.
    const { stderr } = await this.docker('logs', '--since', inSeconds(sinceMs), nginx.id);
    return stderr.match(/\[notice\] \d+#\d+: reconfiguring$/gm)?.length ?? 0;
  }

  /** What the controller said last, for a case that did not come to its end. */
  async lastLogLines(): Promise<readonly string[]> {
    if (this.variant.name === 'static') return [];
    const { stdout } = await this.compose.try('logs', '--no-color', '--tail', '5', 'lbwatch');
    return stdout.split('\n').filter(Boolean);
  }

  /** Removes it all, at once: nobody waits for apps that do not stop. */
  async end(): Promise<void> {
    await this.compose.try('kill');
    await this.#journey.end();
  }
}

/** As the Docker command line takes a time. */
function inSeconds(unixMs: number): string {
  return (unixMs / 1000).toFixed(3);
}
