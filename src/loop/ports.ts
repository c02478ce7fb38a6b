/**
 * What the loop needs of the world. The adapters make these real; tests make them small. Every method may throw an
 * {@link AppError}; anything else it throws is a bug.
 */

import type { Reach } from '../core/address.ts';
import type { PoolChange } from '../core/diff.ts';
import type { Container } from '../core/model.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import type { Site } from '../core/site.ts';
import type { Outcome } from './outcome.ts';
import type { Plan } from './reconcile.ts';

export interface Clock {
  /** Milliseconds since some fixed moment; never jumps. For waiting and measuring. */
  nowMs(): number;
  /** Unix time in milliseconds. For comparing with what others wrote down. */
  unixMs(): number;
  /** Calls back once after a time, unless cancelled by the function it answers. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The Docker engine, read only. */
export interface Engine {
  /**
   * All containers, running or not; with `ids` only those of them that exist. One API call, and one `inspect` the first
   * time a container's port can only be told by its environment.
   */
  listContainers(ids?: readonly string[]): Promise<readonly Container[]>;
}

/** One event as the engine tells it, already parsed. */
export interface EngineEvent {
  /** Such as `start`, `die`, `health_status: healthy`, `connect`. */
  readonly action: string;
  readonly containerId: string;
  /** Unix time in milliseconds, to the engine's clock. */
  readonly atMs: number;
}

export interface Subscription {
  /** Called for each event, in order. */
  readonly onEvent: (event: EngineEvent) => void;
  /** Called when the engine has accepted the subscription. */
  readonly onOpen: () => void;
  readonly signal: AbortSignal;
  /** Replay what happened after this moment, Unix time in seconds, as far as the engine remembers. */
  readonly sinceS: number | undefined;
}

/** The engine's event stream. */
export interface EventStream {
  /** Resolves when the stream ends, rejects when it breaks or cannot be opened. */
  subscribe(subscription: Subscription): Promise<void>;
}

/** What happens while the loop runs, for a log to write down. */
export type Report =
  | { readonly kind: 'started'; readonly details: Readonly<Record<string, string>> }
  | { readonly kind: 'stopped' }
  /** A pass ended. `plan` is there when it came so far as to know what is wanted. */
  | {
      readonly kind: 'pass';
      readonly outcome: Outcome;
      readonly reasons: readonly string[];
      readonly plan: Plan | undefined;
      readonly changes: readonly PoolChange[];
      /** Nothing was known before this pass: `changes` lists everybody. */
      readonly isFirst: boolean;
      /** From the earliest event of the pass to its end. */
      readonly sinceEventMs: number;
    }
  | { readonly kind: 'bug'; readonly error: unknown }
  /** The event stream is up: the engine tells what happens from here on. */
  | { readonly kind: 'watching' }
  | { readonly kind: 'cut'; readonly why: string; readonly retryMs: number };

export interface Reporter {
  report(report: Report): void;
}

/** The two places lbwatch reads and writes. */
export interface Files {
  /** Where nginx finds the generated file. */
  readonly generatedPath: string;
  /** Undefined when there is no such file. */
  readGenerated(): Promise<string | undefined>;
  /** Atomic: nginx sees the old text or the new one. */
  writeGenerated(text: string): Promise<void>;
  /** The text that a running nginx last acknowledged; it outlives the controller. */
  readLastGood(): Promise<string | undefined>;
  writeLastGood(text: string): Promise<void>;
  readSite(): Promise<SiteFiles>;
}

/** The hand-written configuration, as far as it is visible here. */
export interface SiteFiles {
  readonly site: Site;
  /** Changes with any byte of any file. */
  readonly digest: string;
  readonly fileCount: number;
}

/** One nginx to keep in step. */
export interface Target {
  /** Stable for the life of this nginx process tree's owner, e.g. a container id. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Where its own answers are asked for, for people. */
  readonly answersAt: string;
  readBuild(): Promise<NginxBuild>;
  /** The digest it runs, asked over a fresh connection; undefined when nobody answers. */
  askDigest(): Promise<string | undefined>;
  /** Has nginx test what is on disk. */
  validate(): Promise<Verdict>;
  /** Whether its configuration includes a file. */
  includes(path: string): Promise<boolean>;
  /** Undefined where its processes cannot be seen. */
  listWorkers(): Promise<readonly Worker[] | undefined>;
  /** Has its verified master reload. Comes back before the reload is done. */
  signalReload(): Promise<void>;
}

export type Verdict = { readonly accepted: true } | { readonly accepted: false; readonly message: string };

export interface Worker {
  readonly pid: number;
  /** It accepts no new connections any more. */
  readonly isQuitting: boolean;
}

/** The nginx to act on, found anew in each pass: a recreated container has a new id. */
export interface Targets {
  find(containers: readonly Container[]): Promise<FoundTargets>;
}

export interface FoundTargets {
  readonly targets: readonly Target[];
  /** The networks all of them can reach members over. */
  readonly reach: Reach;
  /** Why there is none; undefined when there is one. */
  readonly missing: string | undefined;
  /** The Compose project this controller belongs to, where it does. */
  readonly project: string | undefined;
}

/** The pass cannot finish, for a reason outside lbwatch. The message says what failed, on what, and what to do. */
export class AppError extends Error {
  readonly what: 'engine' | 'nginx' | 'files';

  constructor(what: AppError['what'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AppError';
    this.what = what;
  }
}
