import type { ExposedPort } from '../core/model.ts';

/** Where something is written. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A value of a Compose file as containers get it, and as it is written. */
export interface Written {
  readonly value: string;
  /** Before interpolation; undefined where it is not seen (a file that was not read). */
  readonly raw: string | undefined;
  readonly at: Place;
}

/** Something mounted into a service's containers. */
export interface Mount {
  readonly kind: 'bind' | 'volume' | 'other';
  /** An absolute path on this machine, or the name of a volume; undefined for an anonymous one. */
  readonly source: string | undefined;
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** What an image brings along that the Compose file does not say. */
export interface ImageFacts {
  readonly exposedPorts: readonly ExposedPort[];
  readonly hasHealthcheck: boolean;
  /** `PORT` and `LBWATCH_…` of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files of this machine that were copied into it, where its Dockerfile says so. */
  readonly copies: readonly { readonly source: string; readonly target: string }[];
  /** The image it is built from; undefined where that is not told. */
  readonly base: string | undefined;
  /** Whether this is all there is: an image that was looked at, rather than a Dockerfile on top of another image. */
  readonly isWhole: boolean;
}

/** A service of a Compose file, as far as lbwatch needs to know it. */
export interface Service {
  readonly name: string;
  readonly at: Place;
  readonly image: string | undefined;
  /** The folder it is built from; undefined where it is not built. */
  readonly buildContext: string | undefined;
  /** Relative to that folder. */
  readonly dockerfile: string;
  readonly buildTarget: string | undefined;
  readonly containerName: string | undefined;
  readonly command: readonly string[];
  readonly labels: ReadonlyMap<string, Written>;
  /** `lb.` labels below `deploy`, which no container gets. */
  readonly deployLabels: ReadonlyMap<string, Written>;
  readonly environment: ReadonlyMap<string, Written>;
  /** `expose`, and the targets of `ports`. */
  readonly exposedPorts: readonly ExposedPort[];
  /** Real names, such as `shop_default`; undefined where `network_mode` says something else. */
  readonly networks: readonly string[] | undefined;
  /** The same networks as the file calls them. */
  readonly networkKeys: readonly string[];
  /** Other names that it is reached by. */
  readonly aliases: readonly string[];
  readonly networkMode: string | undefined;
  /** Undefined where the file does not say. */
  readonly healthcheck: 'on' | 'off' | undefined;
  readonly replicas: number;
  readonly profiles: readonly string[];
  readonly mounts: readonly Mount[];
  /** Undefined where neither a Dockerfile nor an image could be looked at. */
  readonly imageFacts: ImageFacts | undefined;
}

/** A Compose project as it is written. */
export interface Project {
  readonly name: string;
  /** Its Compose files in the order of their precedence, the last one above all. */
  readonly files: readonly string[];
  readonly services: readonly Service[];
}

/** A file of nginx's configuration: where nginx finds it, and where it is written. */
export interface SiteText {
  readonly path: string;
  readonly file: string;
  readonly text: string;
}
