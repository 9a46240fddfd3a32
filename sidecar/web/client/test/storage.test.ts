import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, test, vi } from "vitest";
import { browserStorage } from "../src/storage.js";
import type { StoredUpdate } from "../src/index.js";

beforeEach(() => void vi.stubGlobal("indexedDB", new IDBFactory()));

const item = (id: string, currentTime: number): StoredUpdate => ({
  id, scope: "s", owner: "o", sent: false,
  update: { eventId: id, courseId: "c", lessonId: "l", currentTime, watchedDelta: 0, seekEvents: 0, pauseEvents: 0, occurredAt: 1 },
});

test("what a page kept is there for the next one", async () => {
  await browserStorage.write([item("a", 1), item("b", 2)], []);
  await browserStorage.write([item("a", 3)], ["b"]);
  expect(await browserStorage.list()).toEqual([item("a", 3)]);
});

test("what is taken over under its own id is removed first and kept", async () => {
  await browserStorage.write([item("a", 1), item("b", 2)], []);
  await browserStorage.write([{ ...item("a", 2), owner: "p" }], ["a", "b"]);
  expect(await browserStorage.list()).toEqual([{ ...item("a", 2), owner: "p" }]);
});

test("if it cannot be kept the caller hears of it instead of believing it is safe", async () => {
  const newer = indexedDB.open("progress-sync", 2);
  await new Promise((done) => (newer.onsuccess = done));
  newer.result.close();
  await expect(browserStorage.write([item("a", 1)], [])).rejects.toThrow();
});
