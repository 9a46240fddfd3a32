import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import { Channel, LESSON, Locks, setHidden, Sidecar } from "./server.js";

class Stream extends EventTarget {
  static open: Stream[] = [];
  readyState = 1;

  constructor(readonly url: string) {
    super();
    Stream.open.push(this);
  }

  close(): void {
    Stream.open = Stream.open.filter((stream) => stream !== this);
  }

  refuse(): void {
    this.readyState = 2;
    this.dispatchEvent(new Event("error"));
  }
}

let sidecar: Sidecar;

const tell = (pendingUpdates: number, more = {}) =>
  Stream.open[0]!.dispatchEvent(new MessageEvent("state", { data: JSON.stringify({ status: "pending", pendingUpdates, error: null, ...more }) }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Stream);
  vi.stubGlobal("BroadcastChannel", Channel);
  Object.defineProperty(navigator, "locks", { value: new Locks(), configurable: true });
  setHidden(false);
  Stream.open = [];
  sidecar = new Sidecar();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function accepted(userId: string, lessonId = "channels") {
  const sync = createProgressSync({ ...LESSON, userId, lessonId, fetch: sidecar.fetch, storage: null, intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await vi.advanceTimersByTimeAsync(1000);
  return sync;
}

test("the learner sees that it is saved as soon as the sidecar says so, and the connection is given back", async () => {
  const sync = await accepted("events-1");
  expect(Stream.open.map((stream) => stream.url)).toEqual([
    "/progress/v1/sync/events?userId=events-1",
  ]);
  sidecar.save();
  tell(0);
  await vi.advanceTimersByTimeAsync(0);
  expect(sync.getState().isPendingSync).toBe(false);
  expect(Stream.open).toHaveLength(0);
  sync.destroy();
});

test("an event that is older than the last update is not taken for its being saved", async () => {
  const sync = await accepted("events-2");
  tell(0);
  await vi.advanceTimersByTimeAsync(0);
  expect(sync.getState()).toMatchObject({ isPendingSync: true, lastSyncedAt: null });
  sync.destroy();
});

test("a state that tells nothing else than the answer before it is no reason to ask, while the learner's home is away too", async () => {
  const sync = await accepted("events-8");
  sidecar.save();
  sidecar.stale = true;
  tell(0);
  await vi.advanceTimersByTimeAsync(0);
  const { length } = sidecar.seen;
  // Each stream that begins tells the state, and each answer is the reason for another stream.
  for (let i = 0; i < 20; i++) {
    tell(0, { stale: true });
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(sidecar.seen).toHaveLength(length);
  expect(sync.getState().isPendingSync).toBe(true);
  sidecar.stale = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sync.getState().isPendingSync).toBe(false);
  sync.destroy();
});

test("a sidecar without events is asked when it is due instead, and is not asked for events again", async () => {
  const sync = await accepted("events-3");
  Stream.open[0]!.refuse();
  Stream.open = [];
  sidecar.save();
  await vi.advanceTimersByTimeAsync(181_000);
  expect(sync.getState().isPendingSync).toBe(false);
  sync.updateProgress(11, 300);
  await vi.advanceTimersByTimeAsync(1000);
  expect(Stream.open).toHaveLength(0);
  // The session may have been over, and be back.
  sidecar.save();
  await vi.advanceTimersByTimeAsync(600_000);
  sync.updateProgress(12, 300);
  await vi.advanceTimersByTimeAsync(1000);
  expect(Stream.open).toHaveLength(1);
  sync.destroy();
});

test("all tabs and lessons of a learner take one connection, and another takes it over where one is closed or hidden", async () => {
  const [a, b] = [await accepted("events-4"), await accepted("events-4", "select")];
  expect(Stream.open).toHaveLength(1);
  a.destroy();
  await vi.advanceTimersByTimeAsync(0);
  expect(Stream.open).toHaveLength(1);
  setHidden(true);
  expect(Stream.open).toHaveLength(0);
  sidecar.save();
  setHidden(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(b.getState().isPendingSync).toBe(false);
  expect(Stream.open).toHaveLength(0);
  b.destroy();
});

test("what the tab with the connection hears, the others hear", async () => {
  const [a, b] = [await accepted("events-5"), await accepted("events-5", "select")];
  tell(2, { error: { kind: "network", message: "no database" } });
  expect([a, b].map((sync) => sync.getState().error?.message)).toEqual(["no database", "no database"]);
  sidecar.save();
  tell(0);
  await vi.advanceTimersByTimeAsync(0);
  expect([a, b].map((sync) => sync.getState().isPendingSync)).toEqual([false, false]);
  expect(Stream.open).toHaveLength(0);
  a.destroy();
  b.destroy();
});

test("the connection is given back before the sidecar is asked, which may need it", async () => {
  const sync = await accepted("events-6");
  let open = -1;
  const { fetch } = sidecar;
  sync.configure({ fetch: (url, init) => ((open = Stream.open.length), fetch(url, init)) });
  tell(0);
  await vi.advanceTimersByTimeAsync(0);
  expect(open).toBe(0);
  sync.destroy();
});

test.each(["BroadcastChannel", "EventSource"])("a browser without %s is asked when it is due", async (name) => {
  vi.stubGlobal(name, undefined);
  const sync = await accepted("events-7");
  expect(Stream.open).toHaveLength(0);
  sidecar.save();
  await vi.advanceTimersByTimeAsync(181_000);
  expect(sync.getState().isPendingSync).toBe(false);
  sync.destroy();
});
