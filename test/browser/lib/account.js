import assert from "node:assert/strict";
import { eventually } from "./wait.js";

const sum = (list, field) => list.reduce((total, update) => total + (update[field] ?? 0), 0);

/** Positions travel in milliseconds. */
export function near(got, want, what, tolerance = 0.0015) {
  assert.ok(Math.abs(got - want) <= tolerance, `${what} is ${got}, want ${want} within ${tolerance}`);
}

/** An update without what each attempt to send it has of its own. */
function content({ csrfToken: _token, sentAt, ...update }) {
  assert.ok(sentAt > 0, `an update says what the clock showed as it was sent, not ${sentAt}`);
  return update;
}

/** Says that the learner leaves and nothing else, and is part of no row. */
export const isHint = (update) => Boolean(update.leaving) && !("seekEvents" in update);

/** What pages sent, each event once. */
export function unique(...tabs) {
  const updates = new Map();
  for (const update of tabs.flatMap((tab) => tab.sent)) {
    if (isHint(update)) continue;
    const before = updates.get(update.eventId);
    if (before) assert.deepEqual(content(update), content(before), "an event was sent again with other content");
    updates.set(update.eventId, update);
  }
  return [...updates.values()];
}

/**
 * Waits until the row in Postgres has each event that the tabs sent, and
 * compares the sums. Resolves with the row.
 */
export async function settled(stack, name, tabs, lesson = "lesson-1") {
  for (const tab of tabs) {
    if (!tab.page.isClosed()) await eventually("the page to have sent all", async () => (await tab.words()) !== "in this browser only");
  }
  const count = () => unique(...tabs).filter((update) => update.lessonId === lesson).length;
  const row = await eventually(`${name}'s row to count what was sent`, async () => {
    const found = await stack.row(name, lesson);
    return found?.update_count >= count() && found;
  }).catch(async (error) => {
    const found = await stack.row(name, lesson);
    throw new Error(`${error.message}: it counts ${found?.update_count} of ${count()}`);
  });
  const updates = unique(...tabs).filter((update) => update.lessonId === lesson);
  assert.equal(row.update_count, updates.length, "updates");
  assert.equal(row.seek_events, sum(updates, "seekEvents"), "seeks");
  assert.equal(row.pause_events, sum(updates, "pauseEvents"), "pauses");
  near(row.time_spent_seconds, sum(updates, "watchedDelta"), "time spent", 1e-5);
  near(row.max_position_seconds, Math.max(...updates.map((update) => update.currentTime ?? 0)), "furthest position", 1e-5);
  return row;
}

/** Updates for rows that the sidecars accepted, by event id, as the way to them saw it. */
export async function accepted(stack, name, pairs = ["a", "b", "c"]) {
  const ids = new Set();
  for (const pair of pairs) {
    for (const entry of await stack.requests(pair, name)) {
      if (entry.method === "POST" && entry.path === "/v1/progress" && entry.status < 300) entry.events?.forEach((id) => ids.add(id));
    }
  }
  return ids;
}
