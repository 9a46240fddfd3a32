import { instant, now, positionOf, type Ask, type WireRecord, type WireSync } from "./http.js";
import type { createLesson } from "./lesson.js";
import type { createPlace } from "./place.js";
import { inTime, type Queue } from "./queue.js";
import { backoff } from "./sender.js";
import type { Facts, Settings } from "./state.js";
import type { Update } from "./types.js";

/** Clocks of devices that are less apart are as good as equal, in milliseconds. */
const SAME = 5_000;
/** For how long what the server told is taken for all that other devices did. */
const FRESH = 15_000;
/** Answers which say that there is no way to ask where the learner was, so that nothing is worth waiting for. */
const NO_WAY = [404, 405, 501];

/** Finds out where the learner was: by what pages that are gone have left in this browser, and by the server. */
export function createArrival(
  o: Settings, facts: Facts, ask: Ask, queue: Queue, lesson: ReturnType<typeof createLesson>, place: ReturnType<typeof createPlace>,
  awake: () => boolean,
  /** The server has this record, with so many updates that wait. */
  accepted: (count: number, record?: WireRecord | null, sync?: WireSync) => void,
  /** Something is to be sent. */
  add: (change?: Partial<Update>) => void,
  changed: (elsewhere?: boolean) => void,
) {
  let asking: object | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let toldAt = 0;
  let failures = 0;

  /** Asks until the server can tell. */
  async function load() {
    if (asking || !awake()) return;
    const mine = asking = {};
    timer = void clearTimeout(timer);
    const adopted = inTime(adopt());
    const { body: { progress: [found] = [], stale, sync }, error, retryAfter } = await ask("GET", "progress?");
    await adopted;
    // After a reset it may be what was there before.
    if (asking !== mine) return;
    asking = undefined;
    toldAt = Date.now();
    facts.isLoading = false;
    facts.isStale = error ? !NO_WAY.includes(error.status!) : !!stale;
    const newer = instant(found) > lesson.at() + SAME;
    accepted(found ? Math.max(0, found.pendingUpdates! - facts.waiting) : 0, found, sync);
    const here = lesson.here();
    // What an earlier page of this browser left is better than nothing.
    if (!facts.isStale || positionOf(found) !== undefined || here === undefined && lesson.at()) {
      const withheld = place.know(found ?? {}, here, newer);
      if (withheld) add(withheld);
    }
    failures = facts.isStale ? failures + 1 : 0;
    if (failures && awake()) timer = setTimeout(load, retryAfter + backoff(o.retryDelayMs, failures - 1));
    changed(true);
  }

  async function adopt() {
    const [left, seen] = await queue.adopt();
    for (const { update } of left) lesson.learn(update, false, now(update.occurredAt));
    if (seen) lesson.restore(seen);
    add();
    changed(true);
  }

  return {
    load,
    adopt,
    /** The learner looks at the page again: what other tabs and devices did meanwhile is to be seen. */
    look: () => facts.isStale || Date.now() - toldAt > FRESH ? load() : adopt(),
    /** Nothing that was asked for before counts. */
    forget() {
      asking = undefined;
      timer = void clearTimeout(timer);
      toldAt = Date.now();
    },
  };
}
