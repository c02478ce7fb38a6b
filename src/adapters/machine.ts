import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';

import { compareText } from '../core/compare-text.ts';

/** Looks a name up as the machine's own programs do; all of its addresses. */
export type LookUp = (name: string) => Promise<readonly string[]>;

const lookUpAll: LookUp = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/** A name server that does not answer is waited for much longer by the resolver itself. */
const lookUpMs = 2000;

/** A machine beside this one: the name that people gave it, and its address, since nginx only ever gets addresses. */
export class Machine {
  readonly name: string;
  readonly #lookUp: LookUp;
  #address: string | undefined;

  /** @param host a name or an address, IPv6 in brackets */
  constructor(host: string, lookUp: LookUp = lookUpAll) {
    this.name = host.replace(/^\[(.*)\]$/, '$1');
    this.#lookUp = lookUp;
  }

  /** As it was found last. */
  get lastAddress(): string | undefined {
    return this.#address;
  }

  /**
   * Its address now; where the DNS does not answer, the last one. Of several the one that was found before, else IPv4 and the
   * first by its text, so that the order of the answers means nothing.
   *
   * Throws what the DNS says, where there never was one.
   */
  async resolve(): Promise<string> {
    try {
      const found = await inTime(this.#lookUp(this.name));
      if (this.#address === undefined || !found.includes(this.#address)) {
        const [first] = [...found].sort(
          (one, other) => Number(isIPv4(other)) - Number(isIPv4(one)) || compareText(one, other),
        );
        this.#address = first ?? this.#address;
      }
    } catch (error) {
      if (this.#address === undefined) throw error;
    }
    if (this.#address === undefined)
      throw Object.assign(new Error(`${this.name} has no address`), { code: 'ENOTFOUND' });
    return this.#address;
  }
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(Object.assign(new Error('the DNS did not answer in time'), { code: 'EAI_AGAIN' }));
    }, lookUpMs);
  });
  try {
    return await Promise.race([promise, isLate]);
  } finally {
    clearTimeout(timer);
  }
}
