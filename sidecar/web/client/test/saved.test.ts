import { expect, test } from "vitest";
import { wait, world } from "./tab.js";

const w = world();

async function accepted(options = {}) {
  const sync = await w.begin({ intervalMs: 1000, ...options });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ isDirty: false, isPendingSync: true, lastSyncedAt: null });
  w.sidecar.seen = [];
  return sync;
}

const reads = () => w.sidecar.seen.filter((s) => s.method === "GET" && s.path.endsWith("/progress"));

test("the sidecar that accepted it is believed, and the database is not asked", async () => {
  const sync = await accepted();
  w.sidecar.save();
  await wait(181_000);
  expect(sync.getState()).toMatchObject({ status: "saved", isPendingSync: false });
  expect(reads()).toHaveLength(0);
});

test.each([["another sidecar", "two"], ["a sidecar that does not say which it is", undefined]])(
  "when %s holds nothing, the database is asked", async (_, writer) => {
    const sync = await accepted();
    w.sidecar.save();
    w.sidecar.writer = writer;
    await wait(181_000);
    expect(sync.getState().isPendingSync).toBe(false);
    expect(reads()).toHaveLength(1);
  });

test("when two sidecars have accepted parts, neither speaks for both", async () => {
  const sync = await accepted();
  w.sidecar.writer = "two";
  sync.updateProgress(11, 300);
  await wait(1000);
  w.sidecar.save();
  w.sidecar.row().lastWatchedAt = new Date(0).toISOString();
  await wait(600_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: true, lastSyncedAt: null });
});

test("what was accepted while the answer was under way is not taken for saved", async () => {
  const sync = await accepted();
  w.sidecar.save();
  let answer = () => {};
  const fetch = w.sidecar.fetch;
  sync.configure({
    fetch: async (url, init) => {
      const said = await fetch(url, init);
      if (String(url).includes("/v1/sync")) await new Promise<void>((done) => (answer = done));
      return said;
    },
  });
  await wait(180_000);
  sync.updateProgress(20, 300, { seekEvents: 1 });
  await wait(1000);
  answer();
  await wait(0);
  expect(sync.getState()).toMatchObject({ isPendingSync: true, pendingUpdates: 1 });
});

test("only saved sets lastSyncedAt, and the next update does not unset it", async () => {
  const sync = await accepted();
  w.sidecar.save();
  await wait(181_000);
  const at = sync.getState().lastSyncedAt;
  expect(at).toBeGreaterThan(0);
  sync.updateProgress(20, 300, { seekEvents: 1 });
  await wait(1000);
  expect(sync.getState()).toMatchObject({ lastSyncedAt: at, isPendingSync: true });
});

test("force sync of another sidecar does not make it saved", async () => {
  const sync = await accepted();
  w.sidecar.writer = "two";
  w.sidecar.row().lastWatchedAt = new Date(0).toISOString();
  expect(await sync.forceSync()).toBe(false);
  expect(sync.getState().lastSyncedAt).toBeNull();
});

test("a state that is not of the learner's home does not make it saved", async () => {
  const sync = await accepted();
  w.sidecar.save();
  w.sidecar.stale = true;
  await wait(181_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: true, lastSyncedAt: null });
  w.sidecar.stale = false;
  await wait(60_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: false });
});

test("what a home accepted is not saved because the sidecar that handed it on has nothing", async () => {
  w.sidecar.stale = true;
  const sync = await accepted();
  w.sidecar.stale = false;
  await wait(60_000);
  w.sidecar.save();
  w.sidecar.row().lastWatchedAt = new Date(0).toISOString();
  await wait(181_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: true, lastSyncedAt: null });
});
