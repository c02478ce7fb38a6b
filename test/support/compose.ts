import { execa } from 'execa';

export interface StackOptions {
  /** Where the Compose file is, and its `.env`. */
  readonly directory: string;
  /** Compose's own choice (the variable, `.env`, the folder's name) where there is none. */
  readonly project?: string;
  /** Compose files in the order of their precedence; Compose's own choice where there are none. */
  readonly files?: readonly string[];
  /** Set on top of this process's. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a command printed; it may have failed. */
export interface Result {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, as they came. */
  readonly output: string;
}

/** A container of the stack that runs now. */
export interface Running {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
}

/** One Compose project, driven by `docker compose`, or by `docker-compose` where that is what there is. */
export class Compose {
  /** The words a person would type: `docker compose`. */
  readonly command: string;
  readonly #words: readonly string[];
  readonly #options: StackOptions;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(words: readonly string[], options: StackOptions, environment: Readonly<Record<string, string>>) {
    this.command = words.join(' ');
    this.#words = words;
    this.#options = options;
    this.#environment = environment;
  }

  /** Throws where neither Compose works. */
  static async find(options: StackOptions): Promise<Compose> {
    for (const words of [['docker', 'compose'], ['docker-compose']]) {
      const version = await run([...words, 'version'], options.directory, options.environment ?? {});
      if (version.ok) return new Compose(words, options, { ...(await chooseBuilder(options)), ...options.environment });
    }
    throw new Error('neither "docker compose" nor "docker-compose" works here; install Docker\'s Compose plugin');
  }

  /** Runs a Compose command in this project; throws with its output where it fails. */
  async run(...words: readonly string[]): Promise<string> {
    const result = await this.try(...words);
    if (!result.ok) throw new Error(`${this.command} ${words.join(' ')} failed:\n${result.output}`);
    return result.stdout;
  }

  async try(...words: readonly string[]): Promise<Result> {
    const { project, files = [] } = this.#options;
    const where = [...(project === undefined ? [] : ['-p', project]), ...files.flatMap((file) => ['-f', file])];
    return this.#call([...this.#words, ...where, ...words]);
  }

  /** Runs a command in a running container of the service. */
  exec(service: string, ...words: readonly string[]): Promise<string> {
    return this.run('exec', '-T', service, ...words);
  }

  /** The lines that a service's containers have logged, oldest first. */
  async logs(service: string): Promise<readonly string[]> {
    const text = await this.run('logs', '--no-color', '--no-log-prefix', service);
    return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Attaching to '));
  }

  /** The running containers of some services, by name. */
  async running(...services: readonly string[]): Promise<readonly Running[]> {
    const ids = (await this.run('ps', '-q', ...services)).split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    const { ok, stdout } = await this.docker('inspect', '--format', inspectFormat, ...ids);
    // A container may go between the two commands; inspect still tells of the others.
    if (!ok && stdout === '') return [];
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'))
      .filter(([, , , isRunning]) => isRunning === 'true')
      .map(([id = '', name = '', service = '', , startedAt = '']) => {
        return { id, name: name.replace(/^\//, ''), service, startedAtMs: Date.parse(startedAt) };
      })
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The port on this machine that leads to a service's. */
  async publishedPort(service: string, port: number, protocol: 'tcp' | 'udp' = 'tcp'): Promise<number> {
    const [address = ''] = (await this.run('port', '--protocol', protocol, service, String(port))).trim().split('\n');
    const published = Number(address.split(':').at(-1));
    if (!(published > 0))
      throw new Error(`${service} publishes no port for ${String(port)} (Compose says: "${address}")`);
    return published;
  }

  /** Removes the project's containers, networks and volumes. */
  async down(): Promise<string> {
    const { ok, output } = await this.try('down', '--volumes', '--remove-orphans');
    if (!ok) throw new Error(`${this.command} down failed:\n${output}`);
    return output;
  }

  /** Runs the Docker command line itself, with this stack's environment. */
  docker(...words: readonly string[]): Promise<Result> {
    return this.#call(['docker', ...words]);
  }

  #call(words: readonly string[]): Promise<Result> {
    return run(words, this.#options.directory, this.#environment);
  }
}

const inspectFormat = [
  '{{.Id}}',
  '{{.Name}}',
  '{{index .Config.Labels "com.docker.compose.service"}}',
  '{{.State.Running}}',
  '{{.State.StartedAt}}',
].join('\t');

/** Where the buildx plugin is absent, newer Compose builds by the classic builder only, and only when told to. */
async function chooseBuilder({ directory, environment = {} }: StackOptions): Promise<Readonly<Record<string, string>>> {
  if (process.env['DOCKER_BUILDKIT'] !== undefined) return {};
  const buildx = await run(['docker', 'buildx', 'version'], directory, environment);
  return buildx.ok ? {} : { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' };
}

async function run(
  [file = '', ...words]: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Result> {
  const result = await execa(file, words, { cwd, env, all: true, reject: false, stdin: 'ignore' });
  const output = result.all === '' ? (result.shortMessage ?? '') : result.all;
  return { ok: !result.failed, stdout: result.stdout, stderr: result.stderr, output };
}
