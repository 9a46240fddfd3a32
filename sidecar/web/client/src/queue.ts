import type { ProgressStorage, StoredUpdate, Update } from "./types.js";
import { defined, gather } from "./update.js";

/** How long a change may be in memory only. */
export const KEEP = 1_000;

export type Queue = ReturnType<typeof createQueue>;

export const offline = () => !navigator.onLine;

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
export function createQueue(ids: Partial<Update>, scope: string, stored?: ProgressStorage | false | null) {
  const me = newId();
  /** Those with `sent` never change again, and are also of other lessons, when pages that are gone left them. */
  let items: StoredUpdate[] = [];
  let keepTimer: unknown;
  let letGo: (() => void) | undefined;

  const own = (list = items) => list.filter(({ update }) => lessonOf(update) === lessonOf(ids));
  const frozen = (sent = true) => items.filter((item) => item.sent === sent);

  const write = (put: StoredUpdate[], remove: StoredUpdate[] = []) =>
    stored && inTime(stored.write(put, remove.map((item) => item.id)));

  /** Online, the page may be sending it as it goes away, and nobody can tell afterwards. */
  function keep(remove?: StoredUpdate[]) {
    keepTimer = 0;
    void write(frozen(false).map((item) => ({ ...item, sent: !offline() })), remove);
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

    freeze() {
      for (const item of items) item.sent = true;
    },

    drop(gone: StoredUpdate[]) {
      items = items.filter((item) => !gone.includes(item));
      void write([], gone);
    },

    /** Takes over what pages that are gone have left, in one tab at a time; returns what is of this lesson. */
    adopt: async (): Promise<StoredUpdate[]> =>
      stored ? navigator.locks.request(scope, async () => {
        const alive = (await navigator.locks.query()).held!.map((lock) => lock.name);
        const left = (await stored.list())
          .filter((item) => item.scope === scope && !alive.includes(item.owner))
          .sort((a, b) => a.update.occurredAt - b.update.occurredAt);
        const groups: Record<string, StoredUpdate[]> = {};
        for (const item of left) {
          const group = item.sent ? item.id : lessonOf(item.update);
          groups[group] = gather(groups[group] ?? [], { ...item, owner: me });
        }
        const all = Object.values(groups).flat();
        await stored.write(all, left.map((item) => item.id));
        const taken = all.map((item) => ({ ...item, sent: true }));
        items = [...taken, ...items];
        return own(taken);
      }).catch(() => []) : [],

    /** Shows other tabs that the updates stored under this name are looked after. */
    hold() {
      if (stored && !letGo) void navigator.locks.request(me, () => new Promise<void>((done) => (letGo = done)));
    },

    letGo: () => (letGo = void letGo?.()),
  };
}
