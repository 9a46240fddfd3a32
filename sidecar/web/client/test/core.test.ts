import { beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import type { ProgressSync } from "../src/index.js";
import { LESSON, setHidden, setOnline, type Shelf, type Sidecar } from "./server.js";
import { wait, world, type World } from "./tab.js";

const w = world();
let sidecar: Sidecar;
let shelf: Shelf;
let begin: World["begin"];

beforeEach(() => void ({ sidecar, shelf, begin } = w));

/** The tab dies without a word: nothing of it runs any more. */
function crash(): void {
  vi.clearAllTimers();
  w.locks.forget();
}

async function play(sync: ProgressSync, from: number, to: number, duration = 300): Promise<void> {
  for (let at = from; at <= to; at++) {
    sync.updateProgress(at, duration);
    await wait(1000);
  }
}

test("a learner who plays without a pause is sent every interval, not after the first quiet moment", async () => {
  const sync = await begin({ intervalMs: 10_000 });
  await play(sync, 0, 35);
  expect(sidecar.posts.length).toBe(3);
  expect(sidecar.row().positionSeconds).toBeGreaterThanOrEqual(28);
});

test("time spent arrives whole and once, however it is cut into requests", async () => {
  const sync = await begin({ intervalMs: 3_000 });
  await play(sync, 0, 20);
  await wait(5_000);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(20);
  expect(sidecar.most).toBe(1);
});

test("seeks and pauses are counted since the last request, so none is counted twice", async () => {
  const sync = await begin({ intervalMs: 2_000 });
  sync.updateProgress(10, 300, { seekEvents: 1 });
  sync.updateProgress(20, 300, { seekEvents: 1, pauseEvents: 1 });
  await wait(2_000);
  sync.updateProgress(21, 300, { pauseEvents: 1 });
  await wait(2_000);
  expect(sidecar.row()).toMatchObject({ seekEvents: 2, pauseEvents: 2 });
});

test("a jump ahead is not time spent", async () => {
  const sync = await begin();
  sync.updateProgress(10, 300);
  await wait(1000);
  sync.updateProgress(200, 300);
  expect(sync.getState().watchedSeconds).toBe(0);
});

test("a stretch seen twice is watched once and is time spent twice", async () => {
  const sync = await begin({ intervalMs: 1000 });
  await play(sync, 0, 10);
  sync.updateProgress(0, 300, { seekEvents: 1 });
  await play(sync, 0, 10);
  await wait(3000);
  expect(sync.getState().watchedSeconds).toBe(10);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(20);
});

test("a rewind before the next request loses neither the furthest point nor the position", async () => {
  const sync = await begin();
  sync.updateProgress(200, 300);
  sync.updateProgress(50, 300, { seekEvents: 1 });
  sync.updateProgress(60, 300);
  sync.updateProgress(55, 300, { seekEvents: 1 });
  await wait(30_000);
  expect(sidecar.updates.length).toBe(2);
  expect(sidecar.row()).toMatchObject({ maxPositionSeconds: 200, positionSeconds: 55, seekEvents: 2 });
});

test("while one request is under way the next changes wait and go as one", async () => {
  let opened = () => {};
  sidecar.gate = new Promise((done) => (opened = done));
  const sync = await begin({ intervalMs: 1000 });
  await play(sync, 1, 8);
  expect(sidecar.posts.length).toBe(1);
  opened();
  await wait(1000);
  expect(sidecar.posts.length).toBe(2);
  expect(sidecar.row().positionSeconds).toBe(8);
  expect(sidecar.most).toBe(1);
});

test("when the answer is lost, the same event is sent again and counts once", async () => {
  sidecar.loseAnswers = 1;
  const sync = await begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300, { seekEvents: 1 });
  await wait(1000);
  sync.updateProgress(11, 300, { seekEvents: 1 });
  await wait(10_000);
  const [first, again, next] = sidecar.updates;
  expect(again).toEqual({ ...first, sentAt: again.sentAt });
  expect(next.eventId).not.toBe(first.eventId);
  expect(sidecar.row().seekEvents).toBe(2);
});

test("attempts come after 5, 10 and 20 seconds, then once a minute, and nothing is ever dropped", async () => {
  sidecar.down = true;
  const errors = vi.fn();
  const sync = await begin({ intervalMs: 1000, onError: errors });
  sidecar.seen = [];
  sync.updateProgress(10, 300);
  const counts: number[] = [];
  for (const ms of [1000, 5000, 10_000, 20_000, 60_000, 60_000, 3_600_000]) {
    await wait(ms);
    counts.push(sidecar.posts.length);
  }
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 66]);
  expect(errors).toHaveBeenCalledTimes(4);
  expect(sync.getState()).toMatchObject({ status: "offline", isDirty: true, pendingUpdates: 1, error: { kind: "network" } });
  sidecar.down = false;
  await wait(60_000);
  expect(sidecar.row().positionSeconds).toBe(10);
  expect(sync.getState()).toMatchObject({ retryCount: 0, error: null, isDirty: false });
});

test("a server that asks for two minutes gets them, but for a learner who presses the button", async () => {
  sidecar.replies = [{ status: 429, headers: { "Retry-After": "120" }, body: { detail: "full" } }];
  const sync = await begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ error: { kind: "rate_limit", message: "full", status: 429 } });
  await wait(119_000);
  expect(sidecar.posts.length).toBe(1);
  expect(sync.getState().status).toBe("retrying");
  const pressed = sync.forceSync();
  await wait(0);
  expect(await pressed).toBe(true);
  expect(sidecar.posts.length).toBe(2);
  expect(sync.getState()).toMatchObject({ error: null, forceResult: "saved" });
});

test("503 during completion does not lose the completion", async () => {
  sidecar.replies = [{ status: 503 }, { status: 503 }];
  const complete = vi.fn();
  const sync = await begin({ onComplete: complete });
  sync.updateProgress(300, 300);
  await wait(0);
  expect(sidecar.posts.length).toBe(1);
  expect(sync.getState()).toMatchObject({ completed: true, isDirty: true });
  await wait(20_000);
  expect(sidecar.row().completed).toBe(true);
  expect(complete).toHaveBeenCalledTimes(1);
});

test("an expired session keeps what the learner did until the login is back", async () => {
  sidecar.replies = [{ status: 401 }, { status: 403 }];
  const sync = await begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(20_000);
  expect(sidecar.row().positionSeconds).toBe(10);
  expect(sync.getState().isDirty).toBe(false);
});

test("one refused update does not hold up the others, and the developer hears of it", async () => {
  const errors = vi.fn();
  const sync = await begin({ intervalMs: 1000, onError: errors });
  sidecar.replies = [{ status: 422, body: { detail: "bad", errors: [{ index: 0, status: 422, detail: "bad" }] } }];
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(errors).toHaveBeenCalledWith({ kind: "validation", message: "bad", status: 422 });
  sync.updateProgress(20, 300);
  await wait(1000);
  expect(sidecar.posts.length).toBe(2);
  expect(sidecar.row().positionSeconds).toBe(20);
  expect(sync.getState().error).toBeNull();
});

test("in a mixed answer only what was refused for now is sent again", async () => {
  const sync = await begin({ intervalMs: 1000 });
  sidecar.replies = [{ status: 207, body: { progress: [{ positionSeconds: 200, percentage: 66, completed: false }, null], errors: [{ index: 1, status: 429, detail: "full" }] } }];
  sync.updateProgress(200, 300);
  sync.updateProgress(50, 300, { seekEvents: 1 });
  await wait(10_000);
  expect(sidecar.posts.map((p) => p.body.length)).toEqual([2, 1]);
  const [first, second] = sidecar.posts;
  expect(second.body[0]).toEqual({ ...first.body[1], sentAt: second.body[0].sentAt });
});

test("accepted is saved for a learner, and for a developer only when the database has it", async () => {
  const sync = await begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(60_000);
  expect(sync.getState()).toMatchObject({ isDirty: false, isPendingSync: true, lastSyncedAt: null, status: "saved" });
  sidecar.save();
  await wait(180_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: false, status: "saved", pendingUpdates: 0 });
  expect(sync.getState().lastSyncedAt).toBeGreaterThan(0);
});

test("a sidecar of another pod that holds nothing does not make it saved", async () => {
  const sync = await begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(1000);
  sidecar.save();
  sidecar.writer = "two";
  sidecar.row().lastWatchedAt = new Date(Date.now() - 60_000).toISOString();
  await wait(600_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: true, lastSyncedAt: null });
});

test("force sync sends what waits, saves it, and says so", async () => {
  const sync = await begin();
  sync.updateProgress(10, 300);
  const saved = sync.forceSync();
  expect(sync.getState().status).toBe("saving");
  await wait(0);
  expect(await saved).toBe(true);
  expect(sync.getState().status).toBe("saved");
});

test("force sync that cannot save says why and keeps everything", async () => {
  const sync = await begin();
  sync.updateProgress(10, 300);
  sync.forceSync();
  await wait(0);
  sync.updateProgress(11, 300);
  await wait(30_000);
  sidecar.replies = [{ status: 503, body: { detail: "Not saved yet", sync: { status: "retrying", pendingUpdates: 1, error: { kind: "network", message: "no database" } } } }];
  expect(await sync.forceSync()).toBe(false);
  expect(sync.getState()).toMatchObject({ status: "saved", forceResult: "kept", isPendingSync: true, error: { kind: "network", message: "no database" } });
  await wait(6000);
  expect(sync.getState().forceResult).toBeNull();
});

test("a hidden page sends at once, since it may never be seen again", async () => {
  const sync = await begin();
  sync.updateProgress(10, 300);
  setHidden(true);
  await wait(0);
  expect(sidecar.row().positionSeconds).toBe(10);
});

test("a tab closed right after the end has its completion sent before anything is awaited", async () => {
  const sync = await begin({ csrfToken: () => "t0ken" });
  sync.updateProgress(300, 300);
  window.dispatchEvent(new Event("pagehide"));
  expect(sidecar.posts).toHaveLength(1);
  expect(sidecar.posts[0]).toMatchObject({ keepalive: true, headers: { "X-CSRF-Token": "t0ken" } });
  expect(sidecar.updates).toMatchObject([{ currentTime: 300, eventId: expect.any(String) }, { leaving: true, eventId: expect.any(String) }]);
  await wait(1000);
  expect(sidecar.row()).toMatchObject({ completed: true });
});

test("a page that comes back from the cache repeats what it sent in leaving, and nothing is doubled", async () => {
  const sync = await begin();
  sync.updateProgress(10, 300, { seekEvents: 1 });
  window.dispatchEvent(new Event("pagehide"));
  await wait(0);
  window.dispatchEvent(new Event("pageshow"));
  await wait(0);
  expect(sidecar.updates).toHaveLength(2);
  expect(sidecar.row().seekEvents).toBe(1);
  expect(sync.getState().isDirty).toBe(false);
});

test("offline is shown at once, and all goes when the network is back", async () => {
  const sync = await begin({ intervalMs: 1000 });
  sidecar.down = true;
  setOnline(false);
  expect(sync.getState().status).toBe("offline");
  await play(sync, 0, 30);
  expect(sync.getState()).toMatchObject({ status: "offline", isDirty: true });
  sidecar.down = false;
  setOnline(true);
  await wait(0);
  expect(sidecar.row()).toMatchObject({ positionSeconds: 30 });
  expect(sync.getState()).toMatchObject({ status: "saved", isDirty: false });
});

test("offline at 60 % while another device reaches 80 %: the furthest stays 80, the position is the newest", async () => {
  const sync = await begin();
  sidecar.down = true;
  setOnline(false);
  sync.updateProgress(180, 300);
  await wait(60_000);
  sidecar.down = false;
  await sidecar.fetch("/progress/v1/progress", {
    method: "POST", body: JSON.stringify([{ eventId: "other", userId: "ada", courseId: "go-101", lessonId: "channels", currentTime: 240, duration: 300, occurredAt: Date.now() }]),
  });
  setOnline(true);
  await wait(10_000);
  expect(sidecar.row()).toMatchObject({ percentage: 80, maxPositionSeconds: 240, positionSeconds: 240 });
  expect(sync.getState().watchedPercentage).toBe(80);
});

test("a tab that crashed offline loses at most its last second: the next page goes on from there", async () => {
  const first = await begin();
  sidecar.down = true;
  setOnline(false);
  await play(first, 0, 40);
  crash();
  const second = await begin();
  expect(second.getState()).toMatchObject({ progressSeconds: 40, isDirty: true });
  sidecar.down = false;
  setOnline(true);
  await wait(10_000);
  expect(sidecar.row().positionSeconds).toBe(40);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(40);
  expect(shelf.updates.length).toBe(0);
});

test("each page that dies offline leaves at most two updates", async () => {
  setOnline(false);
  sidecar.down = true;
  for (let page = 0; page < 6; page++) {
    const sync = await begin();
    await play(sync, 60 - page * 10, 60 - page * 10 + 9);
    crash();
  }
  expect(shelf.updates.length).toBeLessThanOrEqual(12);
  sidecar.down = false;
  await begin();
  await wait(10_000);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(54);
  expect(shelf.updates).toEqual([]);
});

test("what one tab holds is not sent by another", async () => {
  const first = await begin({ intervalMs: 60_000 });
  first.updateProgress(10, 300, { seekEvents: 1 });
  await wait(2000);
  expect(shelf.updates.length).toBe(1);
  await begin({ intervalMs: 60_000 });
  expect(sidecar.posts).toHaveLength(0);
  await wait(60_000);
  expect(sidecar.row().seekEvents).toBe(1);
});

test("two tabs of one learner double nothing", async () => {
  const [a, b] = [await begin(), await begin()];
  for (let at = 0; at < 20; at++) {
    a.updateProgress(at, 300, { pauseEvents: at === 5 ? 1 : 0 });
    b.updateProgress(at + 100, 300, { pauseEvents: at === 7 ? 1 : 0 });
    await wait(1000);
  }
  await wait(20_000);
  expect(sidecar.row()).toMatchObject({ pauseEvents: 2, maxPositionSeconds: 119 });
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(38);
});

test("another learner's leavings on a shared computer are not sent", async () => {
  setOnline(false);
  sidecar.down = true;
  const ada = await begin();
  ada.updateProgress(10, 300);
  await wait(2000);
  crash();
  sidecar.seen = [];
  sidecar.down = false;
  Object.defineProperty(navigator, "onLine", { value: true, configurable: true });
  await begin({ userId: "bob" });
  await wait(20_000);
  expect(sidecar.updates).toHaveLength(0);
  await begin();
  await wait(20_000);
  expect(sidecar.row().percentage).toBeCloseTo(10 / 3);
});

test("leavings of other lessons are sent in batches when the learner is back in any lesson", async () => {
  setOnline(false);
  sidecar.down = true;
  for (const lessonId of ["a", "b", "c"]) (await begin({ lessonId })).updateProgress(10, 300);
  await wait(2000);
  crash();
  sidecar.seen = [];
  sidecar.down = false;
  Object.defineProperty(navigator, "onLine", { value: true, configurable: true });
  await begin({ lessonId: "d", batchSize: 2 });
  await wait(0);
  expect(sidecar.row("a") && sidecar.row("b") && sidecar.row("c")).toBeTruthy();
  expect(Math.max(...sidecar.posts.map((p) => p.body.length))).toBe(2);
  expect(shelf.updates.length).toBe(0);
});

test("a store that hangs keeps nothing from being sent", async () => {
  const sync = await begin({ storage: { list: () => new Promise(() => {}), write: () => new Promise(() => {}) }, intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(3000);
  expect(sidecar.row().positionSeconds).toBe(10);
});

test("a reset during a flush wins over what was under way", async () => {
  let opened = () => {};
  const sync = await begin({ intervalMs: 1000 });
  sidecar.gate = new Promise((done) => (opened = done));
  sync.updateProgress(200, 300);
  await wait(1000);
  const reset = sync.resetProgress();
  expect(sync.getState()).toMatchObject({ progressSeconds: 0, watchedPercentage: 0 });
  opened();
  await wait(0);
  await reset;
  expect(sidecar.row()).toMatchObject({ positionSeconds: 0, percentage: 0 });
  expect(sync.getState()).toMatchObject({ progressSeconds: 0, watchedPercentage: 0, isDirty: false });
});

test("a reset that fails is tried again before anything newer is sent", async () => {
  sidecar.replies = [{ status: 503 }];
  const sync = await begin({ intervalMs: 1000 });
  void sync.resetProgress();
  await wait(0);
  sync.updateProgress(5, 300);
  await wait(10_000);
  expect(sidecar.seen.filter((s) => s.method !== "GET").map((s) => s.method)).toEqual(["DELETE", "DELETE", "POST"]);
  expect(sidecar.row().positionSeconds).toBe(5);
});

test("a reload shows where the learner was", async () => {
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: 120, percentage: 40, completed: false, lastWatchedAt: new Date().toISOString() });
  const progress = vi.fn();
  const complete = vi.fn();
  const sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, onProgressUpdate: progress, onComplete: complete });
  expect(sync.getState().isLoading).toBe(true);
  await wait(0);
  expect(sync.getState()).toMatchObject({ isLoading: false, progressSeconds: 120, watchedPercentage: 40 });
  expect(progress).toHaveBeenCalledTimes(1);
  expect(complete).not.toHaveBeenCalled();
});

test("a lesson completed before does not celebrate again at each visit", async () => {
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: 300, percentage: 100, completed: true, lastWatchedAt: new Date().toISOString() });
  const complete = vi.fn();
  const sync = await begin({ onComplete: complete });
  sync.updateProgress(300, 300);
  await wait(20_000);
  expect(sync.getState().completed).toBe(true);
  expect(complete).not.toHaveBeenCalled();
});

test("without optimistic updates only what was accepted is shown", async () => {
  const sync = await begin({ enableOptimisticUpdates: false, intervalMs: 1000 });
  sync.updateProgress(150, 300);
  expect(sync.getState()).toMatchObject({ progressSeconds: 0, watchedPercentage: 0, isDirty: true });
  await wait(1000);
  expect(sync.getState()).toMatchObject({ progressSeconds: 150, watchedPercentage: 50 });
});

test("percent by what was seen keeps a learner from completing by a jump to the end", async () => {
  const sync = await begin({ percentage: "watched" });
  sync.updateProgress(0, 300);
  sync.updateProgress(300, 300, { seekEvents: 1 });
  await wait(30_000);
  expect(sync.getState().completed).toBe(false);
  expect(sidecar.row().completed).toBe(false);
});

test("numbers a media element has before it knows are not sent", async () => {
  const sync = await begin();
  sync.updateProgress(NaN, NaN);
  sync.updateProgress(5, Infinity);
  await wait(30_000);
  expect(sidecar.updates).toHaveLength(1);
  expect(sidecar.updates[0].duration).toBeUndefined();
});

test("leaving a lesson inside the app sends what waits, and keeps trying until it is accepted", async () => {
  sidecar.replies = [{ status: 503 }];
  const sync = await begin({ storage: null });
  sync.updateProgress(10, 300);
  sync.destroy();
  await wait(10_000);
  expect(sidecar.row().positionSeconds).toBe(10);
  sidecar.seen = [];
  await wait(3_600_000);
  expect(sidecar.seen).toHaveLength(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("ten minutes of playing send one small request per interval and keep nothing behind", async () => {
  const sync = await begin();
  await play(sync, 0, 600, 3600);
  sync.destroy();
  await wait(0);
  expect(sidecar.posts.length).toBeLessThanOrEqual(61);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(600);
  expect(shelf.updates.length).toBe(0);
  expect(Math.max(...sidecar.posts.map((p) => JSON.stringify(p.body).length))).toBeLessThan(400);
});

test("a snapshot stays the same object until something changes", async () => {
  const sync = await begin();
  const listener = vi.fn();
  sync.subscribe(listener);
  const before = sync.getState();
  sync.configure({ intervalMs: 5 });
  expect(sync.getState()).toBe(before);
  sync.updateProgress(1, 300);
  expect(sync.getState()).not.toBe(before);
  expect(listener).toHaveBeenCalled();
});

test("headers may change with the session", async () => {
  let n = 0;
  const sync = await begin({ headers: () => ({ "X-Try": String(++n) }), intervalMs: 1000 });
  sync.updateProgress(1, 300);
  await wait(1000);
  expect(sidecar.posts[0].headers["X-Try"]).toBe("2");
});

test("the seed's debug switch opens the panel without a reload, and writes each change to the console", async () => {
  const debug = vi.spyOn(console, "debug").mockReturnValue();
  const sync = await begin();
  expect(document.querySelector("progress-sync-debug")).toBeNull();
  localStorage.setItem("debug-progress", "true");
  await wait(1000);
  await vi.dynamicImportSettled();
  expect(document.querySelector("progress-sync-debug")).not.toBeNull();
  sync.updateProgress(1, 300);
  expect(debug).toHaveBeenCalledWith("progress-sync", "channels", expect.objectContaining({ progressSeconds: 1 }));
  (await import("../src/debug.js")).close();
});

test("a stretch counts at the speed it was played with, not at the one that came after", async () => {
  const sync = await begin({ intervalMs: 1000 });
  sync.updateProgress(0, 300, { playbackSpeed: 1 });
  await wait(4000);
  sync.updateProgress(4, 300, { playbackSpeed: 2 });
  await wait(2000);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(4);
});

test("a lesson that was completed offline celebrates once, and not again in the next page", async () => {
  const complete = vi.fn();
  const first = await begin({ onComplete: complete });
  sidecar.down = true;
  first.updateProgress(300, 300);
  await wait(1000);
  expect(complete).toHaveBeenCalledTimes(1);
  crash();
  const second = await begin({ onComplete: complete });
  expect(second.getState()).toMatchObject({ completed: true, isDirty: true });
  sidecar.down = false;
  await wait(120_000);
  expect(sidecar.row().completed).toBe(true);
  expect(complete).toHaveBeenCalledTimes(1);
});
