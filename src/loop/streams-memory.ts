import { decide } from '../core/desired.ts';
import type { Circumstances } from '../core/desired.ts';
import type { Container, Desired } from '../core/model.ts';
import type { Texts } from '../core/render.ts';
import { findClashingPool, findRefusedPool, listUpstreams } from '../core/streams-standing.ts';
import type { Stale } from './inventory.ts';
import type { Target } from './ports.ts';

/** So many pools are refused one by one; after that all are. */
const maxRefusals = 3;

/** As many http pools as one label names; all of them would be refused for it at no price. */
const maxHttpRefusals = 32;

/**
 * What is known of nginx from one pass to the next: who includes streams.conf, and which pools were refused: those in it, and
 * http pools whose name is taken where lbwatch cannot see it. All of it is forgotten when the site's files change and at each look at everything.
 */
export class StreamsMemory {
  readonly #path: string;
  #siteDigest: string | undefined;
  readonly #included = new Map<string, boolean>();
  readonly #refusals = new Map<string, string>();
  readonly #httpRefusals = new Map<string, string>();

  /** @param path where nginx finds streams.conf */
  constructor(path: string) {
    this.#path = path;
  }

  /** Decides; where tcp or udp pools have members, by whether nginx includes their file. */
  async decide(
    containers: readonly Container[],
    circumstances: Omit<Circumstances, 'streams'>,
    targets: readonly Target[],
    { stale, siteDigest }: { readonly stale: Stale; readonly siteDigest: string },
  ): Promise<Desired> {
    if (stale === 'all' || siteDigest !== this.#siteDigest) {
      this.#included.clear();
      this.#refusals.clear();
      this.#httpRefusals.clear();
      this.#siteDigest = siteDigest;
    }
    const decideWhere = (isIncluded: boolean): Desired =>
      decide(containers, {
        ...circumstances,
        httpRefusals: new Map(this.#httpRefusals),
        streams: { path: this.#path, isIncluded, refusals: new Map(this.#refusals) },
      });
    const desired = decideWhere(true);
    const isUsed = desired.pools.some(({ protocol, members }) => protocol !== 'http' && members.length > 0);
    if (!isUsed || targets.length === 0) return desired;
    const answers = await Promise.all(targets.map((target) => this.#isIncludedBy(target)));
    return answers.includes(true) ? desired : decideWhere(false);
  }

  /**
   * Remembers which pool nginx has refused. False where the message is about something else, or tells nothing new.
   *
   * @param texts as nginx read them
   */
  learnRefusal(message: string, { text: httpText, streams: text }: Texts): boolean {
    const clashing = findClashingPool(message, httpText);
    const inStreams = findRefusedPool(message, this.#path, text);
    if (inStreams === undefined && clashing !== undefined) {
      if (this.#httpRefusals.has(clashing) || this.#httpRefusals.size >= maxHttpRefusals) return false;
      this.#httpRefusals.set(clashing, message);
      return true;
    }
    const pool = inStreams ?? findClashingPool(message, text);
    if (pool === undefined) return false;
    const before = this.#refusals.size;
    for (const name of before < maxRefusals ? [pool] : listUpstreams(text)) this.#refusals.set(name, message);
    return this.#refusals.size > before;
  }

  /** An nginx that refuses its configuration shows none of it; it is taken for one that includes the file. So is one that cannot be asked. */
  async #isIncludedBy(target: Target): Promise<boolean> {
    const known = this.#included.get(target.id);
    if (known !== undefined) return known;
    const isIncluded = (await target.includes(this.#path)) ?? true;
    if (!isIncluded && (await target.validate()).accepted === false) return true;
    this.#included.set(target.id, isIncluded);
    return isIncluded;
  }
}
