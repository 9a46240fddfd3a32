import type { StoredUpdate, Update } from "./types.js";

/** The object without what is undefined. */
export const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter((entry) => entry[1] !== undefined)) as T;

/** One update out of two under the older one's id, merged as the sidecar would. */
function merge(older: Update, newer: Update): Update {
  const merged: Update = {
    ...older,
    ...newer,
    eventId: older.eventId,
    watchedDelta: older.watchedDelta + newer.watchedDelta,
    seekEvents: older.seekEvents + newer.seekEvents,
    pauseEvents: older.pauseEvents + newer.pauseEvents,
  };
  for (const field of ["percentage", "watchedDuration"] as const) {
    const value = Math.max(older[field] ?? 0, newer[field] ?? 0);
    if (value) merged[field] = value;
  }
  return merged;
}

/**
 * Adds an unsent update of a lesson to those that wait, of which there are never
 * more than two: one that ends at the furthest position, and one for what came
 * after a rewind, since an update has one position only.
 */
export function gather(waiting: StoredUpdate[], next: StoredUpdate): StoredUpdate[] {
  const [first, second] = waiting;
  const into = (item: StoredUpdate, more: StoredUpdate): StoredUpdate => ({
    ...item,
    sent: item.sent || more.sent,
    count: item.count + more.count,
    update: merge(item.update, more.update),
  });
  if (!first) return [next];
  const back = (item: StoredUpdate) => item.update.currentTime! < first.update.currentTime!;
  if (second) {
    const tail = into(second, next);
    return back(tail) ? [first, tail] : [into(first, tail)];
  }
  return back(next) ? [first, next] : [into(first, next)];
}

/** What goes over the wire: rounded to milliseconds, and without counts of zero, if it is to be small. */
export function wire(update: Update, small?: boolean, csrfToken?: string): object {
  const body: Record<string, unknown> = { ...update };
  if (small) {
    for (const field in body) {
      const value = body[field];
      if (typeof value === "number") body[field] = Math.round(value * 1e3) / 1e3;
      if (value === 0 && /Delta|Events/.test(field)) delete body[field];
    }
  }
  if (csrfToken) body.csrfToken = csrfToken;
  return body;
}
