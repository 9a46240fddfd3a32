import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { indexedDBStorage } from "../src/index.js";
import type { StoredUpdate } from "../src/index.js";

const item = (id: string, currentTime: number): StoredUpdate => ({
  id, scope: "s", owner: "o", sent: false, count: 1,
  update: { eventId: id, courseId: "c", lessonId: "l", currentTime, watchedDelta: 0, seekEvents: 0, pauseEvents: 0, occurredAt: 1 },
});

test("what a page kept is there for the next one", async () => {
  await indexedDBStorage("kept").write([item("a", 1), item("b", 2)], []);
  await indexedDBStorage("kept").write([item("a", 3)], ["b"]);
  expect(await indexedDBStorage("kept").list()).toEqual([item("a", 3)]);
});

test("if it cannot be kept the caller hears of it instead of believing it is safe", async () => {
  const broken = { ...item("a", 1), update: { f: () => {} } } as unknown as StoredUpdate;
  await expect(indexedDBStorage("broken").write([broken], [])).rejects.toThrow();
});
