import { countConnections } from '../core/tcp-table.ts';
import type { Target } from './ports.ts';

type Tables = readonly (string | undefined)[];

/**
 * Counts the connections that every nginx together has to a member. A reading may cost an exec in each nginx's container:
 * who asks while one is under way shares the next one, which begins after the question.
 */
export class Connections {
  readonly #targets: () => readonly Target[];
  #running: Promise<Tables> | undefined;
  #next: Promise<Tables> | undefined;

  /** @param targets the nginx to look at, asked at each reading */
  constructor(targets: () => readonly Target[]) {
    this.#targets = targets;
  }

  /**
   * Undefined where it cannot be told.
   *
   * @param members `address:port` as nginx writes it
   */
  async count(members: readonly string[]): Promise<number | undefined> {
    if (members.length === 0) return undefined;
    const tables = await this.#read();
    if (tables.length === 0) return undefined;
    let count = 0;
    for (const table of tables) {
      if (table === undefined) return undefined;
      count += countConnections(table, members);
    }
    return count;
  }

  #read(): Promise<Tables> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<Tables> {
    const reading = Promise.all(this.#targets().map((target) => target.readTcpTables())).finally(() => {
      if (this.#running === reading) this.#running = undefined;
    });
    this.#running = reading;
    return reading;
  }
}
