/**
 * The words of the project as types. Everything here is plain, readonly data: what the engine says about a container,
 * and what lbwatch makes of it.
 */

/** The engine's own words for a container's state (Docker API, `ContainerSummary.State`). */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** What the image's HEALTHCHECK says; `none` where there is no check. */
export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** One network a container is attached to; `address` is undefined while the engine has given it none. */
export interface Attachment {
  /** The engine's name for the network, e.g. `shop_default`. */
  readonly network: string;
  /** IPv4 where there is one, else IPv6; without brackets and prefix length. */
  readonly address: string | undefined;
}

export interface ExposedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** A container as lbwatch needs to know it; no environment but the one number that may name its port. */
export interface Container {
  readonly id: string;
  readonly name: string;
  /** Unix time in seconds. */
  readonly createdAt: number;
  readonly state: ContainerState;
  readonly health: Health;
  readonly labels: Readonly<Record<string, string>>;
  readonly attachments: readonly Attachment[];
  /** Known for running containers only. */
  readonly exposedPorts: readonly ExposedPort[];
  /** `PORT` of the environment; asked for only where the port rules come to it. */
  readonly portVariable: number | undefined;
  /** The machine it runs on, by the name people know it by; only where lbwatch looks at several. */
  readonly node?: string | undefined;
  /** Only of a task of Docker Swarm; its `id` is then the task's. */
  readonly task?: Task | undefined;
  /** Where it runs on a machine whose networks nginx is not on: how it is reached from other machines. */
  readonly published?: Published | undefined;
  /** What its list says of its end; events say the same of containers whose list does not. */
  readonly departure?: Departure | undefined;
  /** Its engine does not answer: this is how it was last seen, and what it says of its health is of then. */
  readonly isAsLastSeen?: true | undefined;
}

/** A container as Docker Swarm runs it (Docker API, `Task`). */
interface Task {
  /** The service's name, with the stack's before it: `shop_app`. */
  readonly service: string;
  /** Of the container on its node; undefined while there is none. */
  readonly containerId: string | undefined;
}

/** A machine's address, and the ports of one container that it passes on. */
export interface Published {
  /** An IP address. */
  readonly address: string;
  /** Empty for a container on the machine's own network (`network_mode: host`), all of whose ports are the machine's. */
  readonly ports: readonly PublishedPort[];
}

export interface PublishedPort extends ExposedPort {
  /** On the machine. */
  readonly hostPort: number;
  /** The one of the machine's addresses that it is bound to; undefined, `0.0.0.0` and `::`: all of the kind. */
  readonly hostAddress?: string | undefined;
}

export type Role = 'primary' | 'backup';

/** What a pool's members speak: `tcp` and `udp` pools are upstreams of nginx's stream module. */
export type Protocol = 'http' | 'tcp' | 'udp';

/** How lbwatch finds out by itself whether a member can serve; `docker` believes the image's HEALTHCHECK. */
export type Check =
  | { readonly kind: 'docker' }
  | { readonly kind: 'none' }
  | { readonly kind: 'tcp' }
  /** Its port must answer and, when requests pile up in nginx, a request as well, with whatever it likes. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'http'; readonly path: string };

/** When a check is made, and how many results in a row change a member's standing. */
export interface CheckTiming {
  /** Undefined: the default, which grows with the number of members. */
  readonly intervalMs: number | undefined;
  readonly timeoutMs: number;
  /** Successes before a member that had failed is back. */
  readonly rise: number;
  /** Failures before a member that serves is taken out. */
  readonly fall: number;
}

/**
 * Why a container that is listed as running is on its way out, and since when (Unix milliseconds). `ended`: an event said
 * so; the engine's list may be some milliseconds behind its events.
 */
export interface Departure {
  readonly kind: 'signalled' | 'ended' | Drain['kind'];
  readonly sinceMs: number;
}

/** Somebody asked lbwatch to take a container out: a person, or the container itself (a `pre_stop` hook). */
export interface Drain {
  /** `drained` by hand: until `undrain`, or until the container is gone. `withdrawn` by itself: for its present life. */
  readonly kind: 'drained' | 'withdrawn';
  readonly sinceMs: number;
}

export type Method =
  | { readonly kind: 'round_robin' }
  | { readonly kind: 'least_conn' }
  | { readonly kind: 'ip_hash' }
  | { readonly kind: 'hash'; readonly key: string; readonly consistent: boolean }
  | { readonly kind: 'random'; readonly two: boolean };

/** The parameters of a `server` line; undefined leaves nginx's default. */
export interface ServerOptions {
  readonly weight: number | undefined;
  readonly maxFails: number | undefined;
  readonly failTimeoutS: number | undefined;
  readonly maxConns: number | undefined;
}

/** A container that is rendered into a pool. */
export interface Member {
  readonly containerId: string;
  readonly container: string;
  /** The machine it runs on; only where lbwatch looks at several. */
  readonly node?: string | undefined;
  readonly role: Role;
  /** False for a backup that serves because no primary can. */
  readonly standsBy: boolean;
  /** `address:port`, IPv6 in brackets. */
  readonly address: string;
  readonly options: ServerOptions;
}

/**
 * An nginx upstream of the same name. Members are sorted; none means: answer 503, or in a tcp or udp pool: close the
 * connection at once.
 */
export interface Pool {
  readonly name: string;
  readonly protocol: Protocol;
  readonly method: Method;
  readonly keepalive: number;
  readonly members: readonly Member[];
}

/**
 * How a container that asks for a pool is, whoever serves: `ready`, a primary that can; `serving`, a backup that does since
 * no primary can; `standby`, a backup that waits for that; `starting`, until its checks let it in; `draining`, told to stop,
 * drained or paused; `unhealthy`, by its checks; `out`, stopped or kept out.
 */
export type Condition = 'ready' | 'serving' | 'standby' | 'starting' | 'draining' | 'unhealthy' | 'out';

/**
 * One container's standing in one pool, for people: `in` is rendered, `waiting` will be without anybody's doing,
 * `out` will not. `pool` is undefined for a container that asks for none.
 */
export interface Membership {
  readonly containerId: string;
  readonly container: string;
  readonly pool: string | undefined;
  readonly role: Role | undefined;
  readonly state: 'in' | 'waiting' | 'out';
  readonly condition: Condition;
  readonly address: string | undefined;
  readonly reason: string;
}

/** Something a person should put right about one container. It never stops a pass. */
export interface Problem {
  readonly containerId: string;
  readonly container: string;
  readonly label: string;
  /** `out`: the container (or this membership) stays out. `ignored`: it is served as if the label were absent. */
  readonly effect: 'out' | 'ignored';
  /** What is wrong and what to write instead, one line, printable. */
  readonly message: string;
}

/** What nginx should run. */
export interface Desired {
  /** Sorted by name. */
  readonly pools: readonly Pool[];
  /** One row for each container and pool; for people, `sortMemberships` puts them in order. */
  readonly memberships: readonly Membership[];
  readonly problems: readonly Problem[];
}
