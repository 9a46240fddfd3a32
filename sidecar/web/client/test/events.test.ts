import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import { LESSON, Sidecar } from "./server.js";

class Stream extends EventTarget {
  static open: Stream[] = [];
  readyState = 1;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    super();
    Stream.open.push(this);
  }

  close(): void {
    Stream.open = Stream.open.filter((stream) => stream !== this);
  }

  refuse(): void {
    this.readyState = 2;
    this.onerror?.();
  }
}

let sidecar: Sidecar;

const tell = (pendingUpdates: number, more = {}) =>
  Stream.open[0]!.dispatchEvent(new MessageEvent("state", { data: JSON.stringify({ status: "pending", pendingUpdates, error: null, ...more }) }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Stream);
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
  expect(sync.getState().status).toBe("saved");
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

test("a sidecar without events is asked when it is due instead, and is not asked for events again", async () => {
  const sync = await accepted("events-3");
  Stream.open[0]!.refuse();
  Stream.open = [];
  sidecar.save();
  await vi.advanceTimersByTimeAsync(181_000);
  expect(sync.getState().status).toBe("saved");
  sync.updateProgress(11, 300);
  await vi.advanceTimersByTimeAsync(1000);
  expect(Stream.open).toHaveLength(0);
  sync.destroy();
});

test("all lessons of a page take one connection and give it back", async () => {
  const [a, b] = [await accepted("events-4"), await accepted("events-4", "select")];
  expect(Stream.open).toHaveLength(1);
  a.destroy();
  expect(Stream.open).toHaveLength(0);
  sidecar.save();
  await vi.advanceTimersByTimeAsync(181_000);
  expect(b.getState().status).toBe("saved");
  b.destroy();
});
