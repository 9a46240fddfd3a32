import { expect, test } from "vitest";
import { wait, world } from "./tab.js";

const w = world();

test.each([["answers with receipts", false], ["answers with whole records", true]])(
  "a sidecar that %s tells of a completion, of another device's place, and of when all is saved", async (_, older) => {
    w.sidecar.older = older;
    const sync = await w.begin({ intervalMs: 1000, completionThreshold: 100 });
    const other = await w.begin({ intervalMs: 1000, storage: null, enableOptimisticUpdates: false });
    sync.updateProgress(10, 300);
    await wait(1000);
    // Another device was there later than this one will have been.
    Object.assign(w.sidecar.row(), { positionSeconds: 290, percentage: 96, completed: true, at: Date.now() + 9000, lastWatchedAt: new Date(Date.now() + 9000).toISOString() });
    sync.updateProgress(12, 300);
    await wait(1000);
    for (const tab of [sync, other]) {
      expect(tab.getState()).toMatchObject({ progressSeconds: 290, watchedPercentage: 96, completed: true, isDirty: false });
    }
    expect(sync.getState()).toMatchObject({ isPendingSync: true, lastSyncedAt: null });
    w.sidecar.save();
    await wait(200_000);
    expect(sync.getState().isPendingSync).toBe(false);
    expect(sync.getState().lastSyncedAt).toBeGreaterThan(0);
  });

test.each([
  ["/progress", "return=receipt"],
  [location.origin + "/progress", "return=receipt"],
  ["https://api.example/progress", undefined],
])("%s is asked for a receipt only if it is of the page's origin, since others may not allow the header", async (endpoint, prefer) => {
  const sync = await w.begin({ endpoint, intervalMs: 1000, storage: null });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(w.sidecar.seen.map(({ method, headers }) => [method, headers.Prefer])).toEqual([["GET", undefined], ["POST", prefer]]);
  expect(sync.getState().isDirty).toBe(false);
});
