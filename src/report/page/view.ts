import type { StatusDocument, TimelineEvent } from '../status-document.ts';
import type { Motions } from './motion.ts';
import type { Query } from './search.ts';
import type { Link } from './stream.ts';

/** A member of the picture, by its pool's name and its id. */
export interface Place {
  readonly pool: string;
  readonly id: string;
}

/** All that the page is drawn from. */
export interface View {
  /** Undefined until lbwatch was heard. */
  readonly status: StatusDocument | undefined;
  /** Newest first. */
  readonly events: readonly TimelineEvent[];
  readonly link: Link;
  readonly query: Query;
  readonly queryText: string;
  readonly motions: Motions;
  /** Whose details are shown. */
  readonly selected: Place | undefined;
  /** By pool, the member that the tabulator key comes to. */
  readonly current: ReadonlyMap<string, string>;
  /** Unix milliseconds, to lbwatch's clock. */
  readonly nowMs: number;
  /** The browser's clock that never jumps, in milliseconds. */
  readonly tickMs: number;
}

/** What people can do to it. */
export interface Actions {
  readonly search: (text: string) => void;
  /** Shows the details of a member, or none. */
  readonly select: (place: Place | undefined) => void;
  /** The keyboard has come to a member. */
  readonly visit: (place: Place) => void;
}
