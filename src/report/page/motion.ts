import type { MemberStatus, StatusDocument } from '../status-document.ts';

/** What a member has just done, for as long as the picture shows it. */
export type Motion = 'joining' | 'changing' | 'leaving';

interface Moved {
  readonly motion: Motion;
  readonly untilMs: number;
}

const shownMs: Readonly<Record<Motion, number>> = { joining: 1600, changing: 1600, leaving: 600 };

/** So many at once are not motion any more but noise. */
const most = 60;

/**
 * Remembers from one status to the next who has come, gone or changed, so that the picture can show it for a moment. Times
 * are of one clock that never jumps, in milliseconds.
 */
export class Motions {
  #moved: ReadonlyMap<string, Moved> = new Map();
  #before: ReadonlyMap<string, readonly MemberStatus[]> | undefined;
  /** By pool, who is shown though he has gone, after whom. */
  #leaving: ReadonlyMap<string, readonly Leaver[]> = new Map();

  note(status: StatusDocument, nowMs: number): void {
    const pools = new Map(status.pools.map(({ name, members }) => [name, members]));
    const moved = new Map<string, Moved>([...this.#moved].filter(([, { untilMs }]) => untilMs > nowMs));
    const leaving = new Map<string, readonly Leaver[]>();
    for (const [pool, members] of pools) {
      const before = this.#before?.get(pool);
      if (before === undefined) continue;
      const old = new Map(before.map((member) => [member.id, member]));
      const now = new Set(members.map(({ id }) => id));
      const gone = before.flatMap((member, index) =>
        now.has(member.id) ? [] : [{ member, previousId: before[index - 1]?.id }],
      );
      const stillLeaving = (this.#leaving.get(pool) ?? []).filter(({ member }) => isLeaving(moved, pool, member));
      leaving.set(pool, [...stillLeaving.filter(({ member }) => !now.has(member.id)), ...gone]);
      const note = (id: string, motion: Motion): void => {
        moved.set(keyOf(pool, id), { motion, untilMs: nowMs + shownMs[motion] });
      };
      for (const { member } of gone) note(member.id, 'leaving');
      for (const { id, state, isIn } of members) {
        const was = old.get(id);
        if (was === undefined) note(id, 'joining');
        else if (was.state !== state || was.isIn !== isIn) note(id, 'changing');
      }
    }
    this.#before = pools;
    const isCalm = moved.size <= most;
    this.#moved = isCalm ? moved : new Map();
    this.#leaving = isCalm ? leaving : new Map();
  }

  of(pool: string, id: string, nowMs: number): Motion | undefined {
    const moved = this.#moved.get(keyOf(pool, id));
    return moved !== undefined && moved.untilMs > nowMs ? moved.motion : undefined;
  }

  /** The members of a pool, and in their old places those who are just leaving it. */
  withLeaving(pool: string, members: readonly MemberStatus[], nowMs: number): readonly MemberStatus[] {
    const leavers = (this.#leaving.get(pool) ?? []).filter(
      ({ member }) => this.of(pool, member.id, nowMs) === 'leaving',
    );
    if (leavers.length === 0) return members;
    const all = [...members];
    for (const { member, previousId } of leavers) {
      const place = all.findIndex(({ id }) => id === previousId) + 1;
      all.splice(place, 0, member);
    }
    return all;
  }

  /** When something that is shown now will be over; undefined where nothing is. */
  nextEndMs(nowMs: number): number | undefined {
    const ends = [...this.#moved.values()].map(({ untilMs }) => untilMs).filter((untilMs) => untilMs > nowMs);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }
}

interface Leaver {
  readonly member: MemberStatus;
  readonly previousId: string | undefined;
}

function keyOf(pool: string, id: string): string {
  return `${pool} ${id}`;
}

function isLeaving(moved: ReadonlyMap<string, Moved>, pool: string, { id }: MemberStatus): boolean {
  return moved.get(keyOf(pool, id))?.motion === 'leaving';
}
