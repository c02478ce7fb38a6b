/**
 * What the loop needs of the world. The adapters make these real; tests make them small. Every method may throw an
 * {@link AppError}; anything else it throws is a bug.
 */

import type { Reach } from '../core/address.ts';
import type { PoolChange } from '../core/diff.ts';
import type { Container, Drain } from '../core/model.ts';
import type { NginxBuild } from '../core/nginx-build.ts';
import type { Answer, Probe, Question, Standings } from '../core/probe.ts';
import type { Texts } from '../core/render.ts';
import type { Site } from '../core/site.ts';
import type { Handover } from './handover.ts';
import type { Outcome } from './outcome.ts';
import type { Plan } from './reconcile.ts';
import type { Stages } from './stopwatch.ts';

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
   * All containers, running or not. One API call, and one `inspect` the first time a container's port can only be told by
   * its environment.
   */
  listContainers(): Promise<readonly Container[]>;
  /**
   * Those of some containers that exist, each as it is at this moment: one `inspect` each. The engine's list is a copy that
   * may be some milliseconds behind its own events.
   */
  inspectContainers(ids: readonly string[]): Promise<readonly Container[]>;
  /** The events of the near past that the engine still remembers, oldest first; none older than this Unix time in seconds. */
  listEvents(sinceS: number): Promise<readonly EngineEvent[]>;
  /** The number of the signal that stops this container; undefined when it is gone. */
  readStopSignal(containerId: string): Promise<number | undefined>;
  /** When a container's present or last life began, Unix milliseconds; undefined when it is gone. */
  readStartedAt(containerId: string): Promise<number | undefined>;
}

/** What lbwatch asks the engine, for those who count it; `exec` and `shell` are several requests each. */
export const engineCalls = [
  'ping',
  'version',
  'list',
  'inspect',
  'events',
  'replay',
  'top',
  'signal',
  'exec',
  'shell',
  'tasks',
  'services',
  'nodes',
] as const;
export type EngineCall = (typeof engineCalls)[number];

/** How a call to the engine went; `refused`: it, or a proxy before it, does not allow the call. */
export const engineCallResults = ['ok', 'refused', 'timeout', 'error'] as const;
export type EngineCallResult = (typeof engineCallResults)[number];

/** One event as the engine tells it, already parsed. */
export interface EngineEvent {
  /** Such as `start`, `die`, `health_status: healthy`, `connect`. */
  readonly action: string;
  readonly containerId: string;
  /** Of its container, as far as the event tells; a network's event does not. */
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Of `kill` events: the signal's number. */
  readonly signal: number | undefined;
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

/** Asks members whether they can serve, now and from now on. */
export interface Checks {
  /**
   * Checks these members from now on and no others, and answers how each stands, by the probe's key, at any moment from
   * then on. New ones are asked at once and given a moment to answer.
   *
   * @param probes each key once
   */
  follow(probes: readonly Probe[]): Promise<Standings>;
}

/** Asks one member once. Never throws: no answer is an answer too. */
export type AskMember = (question: Question) => Promise<Answer>;

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
      /** When it began to look, to the clock that never jumps. */
      readonly beganMs: number;
      /** From the earliest event of the pass to its end. */
      readonly sinceEventMs: number;
      readonly stages: Stages;
    }
  | { readonly kind: 'bug'; readonly error: unknown }
  /** The event stream is up: the engine tells what happens from here on. `engine` is there where there are several. */
  | { readonly kind: 'watching'; readonly engine?: string | undefined }
  /** It is down, and the engine was last heard of so long ago. */
  | {
      readonly kind: 'cut';
      readonly engine?: string | undefined;
      readonly why: string;
      readonly retryMs: number;
      readonly silentMs: number;
    };

export interface Reporter {
  report(report: Report): void;
}

/** The two places lbwatch reads and writes. */
export interface Files {
  /** Where nginx finds upstreams.conf. */
  readonly generatedPath: string;
  /** Where nginx finds streams.conf. */
  readonly streamsPath: string;
  /** Undefined when there is no upstreams.conf; a missing streams.conf is read as an empty one. */
  readGenerated(): Promise<Texts | undefined>;
  /** Atomic for each file: nginx sees the old text or the new one. Leaves a file alone that holds its text already. */
  writeGenerated(texts: Texts): Promise<void>;
  /**
   * The texts that a running nginx last acknowledged, remembered in one piece; they outlive the controller. Before the
   * first acknowledgement of all: those that lbwatch found.
   */
  readLastGood(): Promise<Texts | undefined>;
  writeLastGood(texts: Texts): Promise<void>;
  readSite(): Promise<SiteFiles>;
}

/** The members of an engine as they were last seen, written down where it outlives the controller. */
export interface SeenStore {
  /** Undefined where nothing was written down, or it cannot be read; a note says why then. */
  read(engine: string): Promise<Seen>;
  /** Atomic. Throws an AppError. */
  write(engine: string, containers: readonly Container[]): Promise<void>;
}

export interface Seen {
  readonly containers: readonly Container[] | undefined;
  readonly note: string | undefined;
}

/** Who was drained, written down where it outlives the controller. */
export interface DrainStore {
  read(): Promise<StoredDrains>;
  /** Atomic. */
  write(containerId: string, drain: Drain): Promise<void>;
  /** That there is none is no failure. */
  remove(containerId: string): Promise<void>;
}

/** The drains written down, as far as they can be read. */
export interface StoredDrains {
  /** By container id. */
  readonly drains: ReadonlyMap<string, Drain>;
  /** What was passed over there and why, a line each, for people. */
  readonly notes: readonly string[];
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
  /** Its clients' connections; undefined where nobody answers, or it was built without stub_status. */
  askConnections(): Promise<Connections | undefined>;
  /** Does ahead what testing and reloading will need, and changes nothing. Never throws: they will say what is wrong. */
  prepare(): Promise<void>;
  /** Has nginx test what is on disk, where it can be had to. */
  validate(): Promise<Verdict>;
  /** Whether its configuration includes a file; undefined where that cannot be asked. */
  includes(path: string): Promise<boolean | undefined>;
  /** Undefined where its processes cannot be seen. */
  listWorkers(): Promise<readonly Worker[] | undefined>;
  /** `/proc/net/tcp` and `/proc/net/tcp6` as its processes see them; undefined where they cannot be read. Never throws. */
  readTcpTables(): Promise<string | undefined>;
  /** Has its verified master reload. Comes back before the reload is done. */
  signalReload(): Promise<void>;
  /**
   * Signals and hands over as {@link handOver} does, in one go; undefined, and nothing done, where there is no such short
   * cut. Throws like {@link signalReload}.
   *
   * @param onSignalled called when the signal has been sent
   */
  reloadAndHandOver(onSignalled: () => void): Promise<Reloading | undefined>;
  /** Whether its workers can be listed and signalled within a few milliseconds. */
  canHandOver(): Promise<boolean>;
  /**
   * Has workers finish what they have begun and accept no more (SIGQUIT). Those that are no accepting workers of its
   * master any more are left alone.
   */
  quitWorkers(pids: readonly number[]): Promise<Quit>;
}

/** What nginx counts of its clients since it was started, and how many there are now (nginx docs, ngx_http_stub_status_module). */
export interface Connections {
  readonly accepts: number;
  readonly handled: number;
  readonly requests: number;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

/** A reload that was asked for. */
export interface Reloading {
  /** The workers as they were just before the signal. */
  readonly before: readonly Worker[];
  readonly handover: Handover;
}

/** `refused`: the operating system does not let lbwatch signal them. */
export type Quit = 'sent' | 'refused';

/** `accepted` is undefined where nothing could be tested: the reload itself will show. */
export type Verdict = { readonly accepted: true | undefined } | { readonly accepted: false; readonly message: string };

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
  /** The networks the controller itself can reach members over. */
  readonly ownReach: Reach;
  /** Why there is none; undefined when there is one. */
  readonly missing: string | undefined;
  /** What is doubtful about the choice, a line each. */
  readonly doubts?: readonly string[];
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
