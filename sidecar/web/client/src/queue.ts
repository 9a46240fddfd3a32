import { callApplication } from "./application.js";
import type { Segments } from "./segments.js";
import type { ProgressStorage, Stored, StoredSegments, StoredUpdate, Update } from "./types.js";
import { defined, gather } from "./update.js";

/** For how long a change may be in memory only, in milliseconds. */
export const KEEP = 1_000;

export type Queue = ReturnType<typeof createQueue>;

/** What pages that are gone have left of a lesson. */
export interface Leftovers {
  updates: StoredUpdate[];
  /** What was seen of the lesson; undefined if the store could not tell. */
  segments?: Segments;
}

/** crypto.randomUUID needs a secure context; a test server in the LAN has none. */
const newId = () => crypto.randomUUID?.() ?? "" + Date.now() + Math.random();

/** Waits for a store for so long only: one that fails or hangs must not keep anything from being shown or sent. */
export const inTime = (work: Promise<unknown>) =>
  Promise.race([work.catch(() => {}), new Promise((done) => setTimeout(done, KEEP))]);

/** Whether it says that the learner leaves and nothing else: what that was merged with has counts. */
export const isHint = ({ update }: StoredUpdate) => update.leaving && !("seekEvents" in update);

const lessonOf = ({ courseId, lessonId }: Partial<Update>) => courseId + "\n" + lessonId;

/**
 * The updates that are not known to be accepted: in memory, and in a store from which another page takes them over when
 * this one is gone. Without Web Locks nobody can tell whether a page is gone, so there is no store then.
 */
export function createQueue(
  ids: Partial<Update>, scope: string, store: ProgressStorage | false | null | undefined,
  /** What was seen of the lesson, which is stored besides; undefined until that is complete. */
  seen: () => Segments | undefined,
) {
  /** The owner of what this queue stores, and the name of the lock that shows that its page is there. */
  const me = newId();
  const segmentsId = scope + "\n" + lessonOf(ids);
  /** Those with `sent` never change again, and are also of other lessons, where pages that are gone have left them. */
  let items: StoredUpdate[] = [];
  let isStoringSoon = false;
  let releaseLock: (() => void) | undefined;

  const own = () => items.filter(isOwn);
  const isOwn = (item: StoredUpdate) => lessonOf(item.update) === lessonOf(ids) && !isHint(item);
  const frozen = () => items.filter((item) => item.sent);
  const growing = () => items.filter((item) => !item.sent);

  /** Stores what is given and what was seen of the lesson, and removes from the store what is given to remove. */
  function write(put: Stored[], remove: StoredUpdate[] = []) {
    const segments = seen();
    if (segments) put = [...put, { id: segmentsId, scope, segments }];
    return store && inTime(callApplication(() => store.write(put, remove.map((item) => item.id))));
  }

  /** Stores what is growing, as frozen: the page may send it as it goes away, and nobody can tell afterwards. */
  function keep(remove?: StoredUpdate[]) {
    isStoringSoon = false;
    void write(growing().map((item) => ({ ...item, sent: true })), remove);
  }

  return {
    /** Those of the lesson that tell what the learner did. */
    own,
    /** Those that may have been sent. */
    frozen,
    /** Those that changes are still merged into. */
    growing,
    write,
    keep,

    add(change: Partial<Update>) {
      const id = newId();
      const update = defined({ eventId: id, ...ids, occurredAt: Date.now(), ...change } as Update);
      const before = growing();
      const after = gather(before, { id, scope, owner: me, sent: false, update });
      items = [...frozen(), ...after];
      // Together, so that a crash leaves either both as they were or what they became.
      if (before.length > after.length) keep(before);
      if (!isStoringSoon) setTimeout(keep, KEEP);
      isStoringSoon = true;
    },

    /** Lets nothing that is there change any more. Returns it. */
    freeze() {
      for (const item of items) item.sent = true;
      return items;
    },

    /** Forgets what is given. What is returned waits until the store has, too, but not for long. */
    remove(gone: StoredUpdate[]) {
      items = items.filter((item) => !gone.includes(item));
      return write([], gone);
    },

    /** Takes over what pages that are gone have left, in one tab at a time. Returns what is of this lesson. */
    async takeOver(): Promise<Leftovers> {
      const nothing = { updates: [] };
      if (!store) return nothing;
      return navigator.locks.request(scope, async () => {
        const alive = (await navigator.locks.query()).held!.map((lock) => lock.name);
        const all = (await store.list()).filter((item) => item.scope === scope);
        const taken = (all as StoredUpdate[])
          .filter((item) => item.update && ![me, ...alive].includes(item.owner))
          .sort((a, b) => a.update.occurredAt - b.update.occurredAt)
          .map((item) => ({ ...item, owner: me, sent: true }));
        await store.write(taken, []);
        items = [...taken, ...items];
        const kept = (all as StoredSegments[]).find((item) => item.id === segmentsId);
        return { updates: taken.filter(isOwn), segments: kept?.segments ?? [] };
      }).catch(() => nothing);
    },

    /** Shows other tabs that this page is there, so that they leave what it has stored to it. */
    claim() {
      if (!store || releaseLock) return;
      const released = new Promise<void>((done) => (releaseLock = done));
      navigator.locks.request(me, () => released).catch(() => {});
    },

    /** Leaves what is stored to other tabs. */
    release() {
      releaseLock?.();
      releaseLock = undefined;
    },
  };
}
