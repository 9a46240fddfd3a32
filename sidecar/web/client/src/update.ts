import { unite } from "./segments.js";
import type { StoredUpdate, Update } from "./types.js";

/** The object without what is undefined. */
export const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter((entry) => entry[1] !== undefined)) as T;

/** One update out of two under the older one's id, merged as the sidecar would. */
function merge(older: Update, newer: Update): Update {
  // Who does more has not left.
  const merged: Update = { ...older, ...newer, eventId: older.eventId, leaving: newer.leaving };
  // A position is as old as it is, whatever comes after it without one.
  if (newer.currentTime === undefined && older.currentTime !== undefined) merged.occurredAt = older.occurredAt;
  for (const field of ["watchedDelta", "seekEvents", "pauseEvents"] as const) merged[field] = (older[field] ?? 0) + (newer[field] ?? 0);
  for (const field of ["percentage", "watchedDuration"] as const) {
    if (older[field]! > (merged[field] ?? 0)) merged[field] = older[field];
  }
  merged.watchedSegments = unite(older.watchedSegments, newer.watchedSegments);
  return merged;
}

/**
 * Adds an unsent update of a lesson to those that wait, of which there are never
 * more than two: one that ends at the furthest position, and one for what came
 * after a rewind, since an update has one position only.
 */
export function gather(waiting: StoredUpdate[], next: StoredUpdate): StoredUpdate[] {
  const [first, second] = waiting;
  if (!first) return [next];
  const tail = second ? into(second, next) : next;
  return tail.update.currentTime! < first.update.currentTime! ? [first, tail] : [into(first, tail)];
}

const into = (item: StoredUpdate, more: StoredUpdate): StoredUpdate => ({
  ...item,
  update: merge(item.update, more.update),
});

/** Numbers to the millisecond, as a JSON replacer. */
export const rounded = (_: string, value: unknown) => typeof value === "number" ? +value.toFixed(3) : value;

/** The updates as they are sent, with what this device's clock shows, which the sidecar compares with its own. */
export const stamped = (items: StoredUpdate[]) => items.map((item) => ({ ...item.update, sentAt: Date.now() }));
