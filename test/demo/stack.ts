import type { Compose } from '../support/compose.ts';

/** The services of docker-compose.yaml, by what they are to the pool. */
export const primaryServices: readonly string[] = ['flaskservice', 'redudantservice'];
export const backupServices: readonly string[] = ['gotyourback'];

/** What the demo needs of `lbwatch explain --json`. */
export interface Standing {
  readonly container: string;
  readonly role: string;
  readonly state: string;
}

/** How the members of a pool stand, as the controller itself sees it. */
export async function explainPool(stack: Compose, pool: string): Promise<readonly Standing[]> {
  const text = await stack.exec('lbwatch', 'lbwatch', 'explain', '--json');
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new Error(`lbwatch explain --json printed no array: ${text.slice(0, 200)}`);
  return rows.flatMap((row: unknown) => {
    const standing = readStanding(row);
    return standing?.pool === pool ? [standing] : [];
  });
}

function readStanding(row: unknown): (Standing & { readonly pool: unknown }) | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  if (!('container' in row && 'role' in row && 'state' in row && 'pool' in row)) return undefined;
  const { container, role, state, pool } = row;
  return { container: String(container), role: String(role), state: String(state), pool };
}

/** Reads a service's log on from where it was read last. */
export class LogReader {
  readonly #stack: Compose;
  readonly #service: string;
  #read = 0;

  constructor(stack: Compose, service: string) {
    this.#stack = stack;
    this.#service = service;
  }

  /** The lines since the last call; throws while none of them holds the text. */
  async readOnTo(text: string): Promise<readonly string[]> {
    const lines = await this.#stack.logs(this.#service);
    // A recreated container begins a new log.
    const fresh = lines.slice(lines.length < this.#read ? 0 : this.#read);
    if (!fresh.some((line) => line.includes(text))) {
      throw new Error(`${this.#service} last logged: ${fresh.at(-1) ?? 'nothing new'}`);
    }
    this.#read = lines.length;
    return fresh;
  }

  async passOver(): Promise<void> {
    this.#read = (await this.#stack.logs(this.#service)).length;
  }
}

/** Gives each container's name by the host name that its app answers with (the short id). */
export async function learnNames(stack: Compose): Promise<(hostname: string) => string> {
  const containers = await stack.running(...primaryServices, ...backupServices);
  return (hostname) => containers.find(({ id }) => id.startsWith(hostname))?.name ?? hostname;
}
