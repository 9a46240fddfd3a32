import type { ProgressStorage, Stored, StoredSegments, StoredUpdate, Update } from "./types.js";
import type { Segments } from "./segments.js";
import { defined, gather } from "./update.js";

/** How long a change may be in memory only. */
export const KEEP = 1_000;

export type Queue = ReturnType<typeof createQueue>;

/** crypto.randomUUID needs a secure context; a test server in the LAN has none. */
const newId = () => crypto.randomUUID?.() ?? "" + Date.now() + Math.random();

/** A store that fails or hangs must not keep anything from being shown or sent. */
export const inTime = (work: Promise<unknown>) =>
  Promise.race([work.catch(() => {}), new Promise((done) => setTimeout(done, KEEP))]);

const lessonOf = ({ courseId, lessonId }: Partial<Update>) => courseId + "\n" + lessonId;

/**
 * What is not known to be accepted: in memory, and in a store from which another
 * page takes it over when this one is gone. Without Web Locks nobody can tell
 * whether a page is gone, so there is no store then.
 */
export function createQueue(
  ids: Partial<Update>, scope: string, stored: ProgressStorage | false | null | undefined,
  /** What was seen of the lesson, which is kept besides; undefined until that is complete. */
  seen: () => Segments | undefined,
) {
  const me = newId();
  const seenId = scope + "\n" + lessonOf(ids);
  /** Those with `sent` never change again, and are also of other lessons, when pages that are gone left them. */
  let items: StoredUpdate[] = [];
  let keepTimer: unknown;
  let letGo: (() => void) | undefined;

  const own = (list = items) => list.filter(({ update }) => lessonOf(update) === lessonOf(ids));
  const frozen = (sent = true) => items.filter((item) => item.sent === sent);

  function write(put: Stored[], remove: StoredUpdate[] = []) {
    const segments = seen();
    if (segments) put = [...put, { id: seenId, scope, segments }];
    return stored && inTime(stored.write(put, remove.map((item) => item.id)));
  }

  /** The page may be sending it as it goes away, and nobody can tell afterwards. */
  function keep(remove?: StoredUpdate[]) {
    keepTimer = 0;
    void write(frozen(false).map((item) => ({ ...item, sent: true })), remove);
  }

  return {
    own,
    /** What may have been sent; with false, what may still grow. */
    frozen,
    write,
    keep,

    /** Adds a change to what waits. */
    add(change: Partial<Update>) {
      const id = newId();
      const update = defined({ eventId: id, ...ids, occurredAt: Date.now(), ...change } as Update);
      const before = frozen(false);
      const after = gather(before, { id, scope, owner: me, sent: false, update });
      items = [...frozen(), ...after];
      // Together, so that a crash leaves either both as they were or what they became.
      if (before.length > after.length) keep(before);
      keepTimer ||= setTimeout(keep, KEEP);
    },

    /** Nothing that is held changes any more. Returns it. */
    freeze() {
      for (const item of items) item.sent = true;
      return items;
    },

    drop(gone: StoredUpdate[]) {
      items = items.filter((item) => !gone.includes(item));
      void write([], gone);
    },

    /** Takes over what pages that are gone have left, in one tab at a time; returns what is of this lesson, and what was seen of it. */
    adopt: async (): Promise<[StoredUpdate[], Segments?]> =>
      stored ? navigator.locks.request(scope, async () => {
        const alive = (await navigator.locks.query()).held!.map((lock) => lock.name);
        const all = (await stored.list()).filter((item) => item.scope === scope);
        const taken = (all as StoredUpdate[])
          .filter((item) => item.update && !alive.includes(item.owner))
          .sort((a, b) => a.update.occurredAt - b.update.occurredAt)
          .map((item) => ({ ...item, owner: me, sent: true }));
        await stored.write(taken, []);
        items = [...taken, ...items];
        const seen = (all as StoredSegments[]).find((item) => item.id === seenId);
        return [own(taken), seen?.segments ?? []] as [StoredUpdate[], Segments];
      }).catch(() => [[]] as [StoredUpdate[]]) : [[]],

    /** Shows other tabs that the updates stored under this name are looked after. */
    hold() {
      if (stored && !letGo) navigator.locks.request(me, () => new Promise<void>((done) => (letGo = done))).catch(() => {});
    },

    letGo: () => (letGo = void letGo?.()),
  };
}
