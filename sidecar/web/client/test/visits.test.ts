import { IDBFactory } from "fake-indexeddb";
import { expect, test, vi } from "vitest";
import { clear, type ProgressSync } from "../src/index.js";
import { setHidden } from "./server.js";
import { browserStorage } from "../src/storage.js";
import { wait, world } from "./tab.js";

const w = world();

async function play(sync: ProgressSync, from: number, to: number) {
  for (let at = from; at <= to; at++) {
    sync.updateProgress(at, 100, at === from ? { seekEvents: 1 } : {});
    await wait(1000);
  }
}

async function visit(from: number, to: number, options = {}) {
  const sync = await w.begin({ percentage: "watched", intervalMs: 1000, ...options });
  await play(sync, from, to);
  await wait(3000);
  sync.destroy();
  await wait(0);
  w.locks.forget();
  return sync.getState();
}

test("what was seen in two visits counts together", async () => {
  expect((await visit(0, 50)).watchedPercentage).toBe(50);
  const second = await visit(48, 98);
  expect(second).toMatchObject({ watchedSeconds: 98, completed: true });
  expect(w.sidecar.row().completed).toBe(true);
  expect(Math.max(...w.sidecar.updates.map((update) => update.watchedDuration ?? 0))).toBe(98);
});

test("on another device it goes on from what the server has", async () => {
  w.sidecar.rows.set("ada,go-101,channels", { positionSeconds: 50, percentage: 50, watchedSeconds: 50, completed: false, lastWatchedAt: new Date().toISOString() });
  const sync = await w.begin({ percentage: "watched" });
  expect(sync.getState().watchedSeconds).toBe(50);
  await play(sync, 0, 20);
  expect(sync.getState()).toMatchObject({ watchedSeconds: 50, watchedPercentage: 50 });
});

test("a reset forgets what was seen before", async () => {
  await visit(0, 50);
  const sync = await w.begin({ percentage: "watched", intervalMs: 1000 });
  await sync.resetProgress();
  w.sidecar.rows.clear();
  await play(sync, 0, 5);
  await wait(2000);
  sync.destroy();
  w.locks.forget();
  expect((await w.begin({ percentage: "watched" })).getState().watchedSeconds).toBe(5);
});

test("a page that is not through with reading what was seen does not overwrite it", async () => {
  await visit(0, 50);
  const list = w.shelf.list.bind(w.shelf);
  w.shelf.list = () => new Promise((done) => setTimeout(() => done(list()), 900));
  w.sidecar.gate = undefined;
  const sync = await w.begin({ percentage: "watched", intervalMs: 100 });
  await play(sync, 60, 62);
  w.shelf.list = list;
  await wait(3000);
  sync.destroy();
  w.locks.forget();
  expect((await w.begin({ percentage: "watched" })).getState().watchedSeconds).toBe(52);
});

test("tabs of a lesson agree, and those of another lesson or learner hear nothing", async () => {
  const [a, b, other, bob] = [
    await w.begin({ intervalMs: 1000 }), await w.begin({ intervalMs: 1000 }), await w.begin({ lessonId: "select" }), await w.begin({ userId: "bob" }),
  ];
  a.updateProgress(60, 100);
  await wait(2000);
  expect(b.getState()).toMatchObject({ progressSeconds: 60, watchedPercentage: 60, isPendingSync: false });
  expect([other, bob].map((sync) => sync.getState().watchedPercentage)).toEqual([0, 0]);
});

test.each([
  ["is online again", () => window.dispatchEvent(new Event("online"))],
  ["is shown again after minutes", () => setHidden(false)],
  ["comes back from the browser's cache", () => window.dispatchEvent(new Event("pageshow"))],
])("a page that %s shows what another device did meanwhile", async (_, back) => {
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(60, 100);
  await wait(180_000);
  w.sidecar.rows.set("ada,go-101,channels", { ...w.sidecar.row(), percentage: 80, positionSeconds: 80, lastWatchedAt: new Date().toISOString() });
  back();
  await wait(0);
  expect(sync.getState().watchedPercentage).toBe(80);
});

test("clear() leaves nothing of a learner in the browser, and open pages keep no more", async () => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.useRealTimers();
  const item = (userId: string) => ({ id: userId, scope: "progress-sync /progress\n" + userId, segments: [] });
  await browserStorage.write([item("ada"), item("bob"), { ...item("ada"), id: "2", scope: "progress-sync /other\nada" }], []);
  await clear("ada");
  expect((await browserStorage.list()).map((one) => one.id)).toEqual(["bob"]);
  await browserStorage.write([item("ada")], []);
  expect((await browserStorage.list()).map((one) => one.id)).toEqual(["bob"]);
});

test("a learner who is back is kept again", async () => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.useRealTimers();
  await clear("eve");
  vi.useFakeTimers({ toFake: ["setInterval"] });
  const sync = await w.begin({ userId: "eve", storage: undefined });
  await browserStorage.write([{ id: "1", scope: "progress-sync /progress\neve", segments: [] }], []);
  expect(await browserStorage.list()).toHaveLength(1);
  sync.destroy();
});

test("where there is no IndexedDB there is nothing to clear", async () => {
  vi.stubGlobal("indexedDB", undefined);
  vi.useRealTimers();
  await expect(clear("ada")).resolves.toBeUndefined();
});

test("a tab that has done nothing itself says that it is saved when another tab has saved the lesson", async () => {
  const [a, b] = [await w.begin({ intervalMs: 1000 }), await w.begin({ intervalMs: 1000 })];
  expect(b.getState().status).toBe("idle");
  a.updateProgress(60, 100);
  await wait(2000);
  expect([a, b].map((sync) => sync.getState().status)).toEqual(["saved", "saved"]);
});
