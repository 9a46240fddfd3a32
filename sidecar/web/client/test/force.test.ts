import { expect, test, vi } from "vitest";
import { setOnline } from "./server.js";
import { wait, world } from "./tab.js";

const w = world();

/** A way to the sidecar of this test that takes so long. A client that goes on after its test must not reach the next one's. */
function slow(ms: number): typeof fetch {
  const { sidecar } = w;
  return async (url, init) => {
    await new Promise((done) => setTimeout(done, ms));
    return sidecar.fetch(url, init);
  };
}

const forces = () => w.sidecar.seen.filter((s) => s.method === "POST" && s.path.endsWith("/sync"));

test.each([150, 300, 1000])("while the film plays and the way takes %d ms, every press saves what was there then", async (ms) => {
  const sync = await w.begin({ fetch: slow(ms), intervalMs: 1000 });
  await wait(ms);
  let at = 0;
  const playing = setInterval(() => sync.updateProgress(at += 0.25, 600), 250);
  for (let press = 0; press < 8; press++) {
    await wait(2000);
    const there = at;
    const forced = sync.forceSync();
    await wait(4 * ms + 200);
    expect(await forced).toBe(true);
    expect(sync.getState().forceResult).toBe("saved");
    expect(w.sidecar.row().maxPositionSeconds).toBeGreaterThanOrEqual(there);
  }
  expect(forces()).toHaveLength(8);
  clearInterval(playing);
});

test("the sidecar is asked even if nothing waits, and for less than a second", async () => {
  const sync = await w.begin();
  const forced = sync.forceSync();
  await wait(0);
  expect(await forced).toBe(true);
  expect(forces().map((s) => s.query.get("timeout"))).toEqual(["800ms"]);
});

test("offline it is tried, and the learner is told that it stays in the browser", async () => {
  const sync = await w.begin();
  w.sidecar.down = true;
  setOnline(false);
  sync.updateProgress(10, 300);
  const forced = sync.forceSync();
  await wait(0);
  expect(await forced).toBe(false);
  expect(w.sidecar.posts).toHaveLength(1);
  expect(sync.getState().forceResult).toBe("failed");
  await wait(6000);
  expect(sync.getState().forceResult).toBeNull();
});

test("an application that fails in its callback gets the result of a force sync all the same", async () => {
  process.once("unhandledRejection", () => {});
  w.sidecar.replies = [{ status: 503 }];
  const sync = await w.begin({ onError: () => { throw new Error("the application's"); } });
  sync.updateProgress(10, 300);
  const forced = sync.forceSync();
  await wait(0);
  expect(await forced).toBe(false);
  expect(sync.getState().forceResult).toBe("failed");
});

test("what the database refused during it is not called saved", async () => {
  const sync = await w.begin();
  sync.updateProgress(10, 300);
  const { fetch } = w.sidecar;
  sync.configure({
    fetch: async (url, init) => {
      const said = await fetch(url, init);
      return String(url).includes("/sync?") ? new Response(JSON.stringify({ ...await said.json(), quarantined: 1 })) : said;
    },
  });
  const forced = sync.forceSync();
  await wait(0);
  expect(await forced).toBe(false);
  expect(sync.getState().forceResult).toBe("kept");
});

test("what waits is dropped by discardPending() and what is accepted stays", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(1000);
  w.sidecar.replies = [{ status: 503 }];
  sync.updateProgress(20, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ isDirty: true, retryCount: 1 });
  sync.discardPending();
  expect(sync.getState()).toMatchObject({ isDirty: false, pendingUpdates: 1, retryCount: 0, error: null });
  await wait(60_000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
  expect(w.shelf.updates).toEqual([]);
});

test("a developer finds the clients of the page by lesson", async () => {
  const [a, b] = [await w.begin({ lessonId: "a" }), await w.begin({ lessonId: "b" })];
  expect(window.progressSync).toMatchObject({ a, b });
  a.destroy();
  await wait(0);
  expect(Object.keys(window.progressSync!)).not.toContain("a");
});

test("a server that renders the page can call everything", async () => {
  const timers = vi.getTimerCount();
  vi.stubGlobal("window", undefined);
  vi.stubGlobal("navigator", undefined);
  vi.stubGlobal("document", undefined);
  const sync = await w.begin({ storage: undefined });
  sync.updateProgress(10, 300);
  sync.markCompleted();
  await sync.resetProgress();
  sync.discardPending();
  sync.resume();
  expect(await sync.forceSync()).toBe(false);
  expect(sync.getState()).toMatchObject({ status: "idle", isLoading: true });
  expect(w.sidecar.seen).toEqual([]);
  expect(vi.getTimerCount()).toBe(timers);
  vi.unstubAllGlobals();
});

test("an application that fails once in a listener is told all that comes after it", async () => {
  const unhandled = vi.fn((event: unknown) => event);
  process.on("unhandledRejection", unhandled);
  const sync = await w.begin({ intervalMs: 1000 });
  let fails = false;
  sync.subscribe(() => {
    if (fails) {
      fails = false;
      throw new Error("the application's");
    }
  });
  sync.updateProgress(10, 300);
  await wait(1000);
  // The next change that it is told of is that all is in the database.
  fails = true;
  w.sidecar.save();
  await wait(181_000);
  expect(fails).toBe(false);
  sync.updateProgress(20, 300, { seekEvents: 1 });
  await wait(1000);
  w.sidecar.save();
  await wait(181_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: false, pendingUpdates: 0 });
  const forced = sync.forceSync();
  await wait(0);
  expect(await forced).toBe(true);
  expect(sync.getState().status).toBe("saved");
  vi.useRealTimers();
  await new Promise((done) => setTimeout(done));
  expect(unhandled).toHaveBeenCalledTimes(1);
  process.off("unhandledRejection", unhandled);
});
