import { expect, test } from "vitest";
import { DEFAULTS, statusOf, type Facts } from "../src/state.js";
import { wait, world } from "./tab.js";

const w = world();

test("a learner who plays for seven minutes sees that it is saved, all but the first half a minute", async () => {
  const sync = await w.begin();
  const shown: Record<string, number> = {};
  for (let at = 0; at < 420; at++) {
    sync.updateProgress(at, 600);
    await wait(1000);
    const { status } = sync.getState();
    shown[status] = (shown[status] ?? 0) + 1;
  }
  expect(shown).toEqual({ idle: expect.any(Number), saved: expect.any(Number) });
  expect(shown.saved).toBeGreaterThan(385);
  expect(sync.getState().isPendingSync).toBe(true);
});

test("what hangs in the browser is called so after the interval and some seconds, and not before", async () => {
  const sync = await w.begin();
  w.sidecar.gate = new Promise(() => {});
  sync.updateProgress(1, 300);
  await wait(34_000);
  expect(sync.getState().status).not.toBe("pending");
  await wait(3000);
  expect(sync.getState()).toMatchObject({ status: "pending", isDirty: true });
});

test("one failed attempt alarms nobody", async () => {
  w.sidecar.replies = [{ status: 503 }];
  const sync = await w.begin({ intervalMs: 1000 });
  const seen = new Set<string>();
  sync.subscribe(() => seen.add(sync.getState().status));
  sync.updateProgress(1, 300);
  await wait(20_000);
  expect(sync.getState().isDirty).toBe(false);
  expect(seen).not.toContain("retrying");
});

test("a browser that says it is offline and is not is not believed for longer than an attempt takes", async () => {
  Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(1, 300);
  await wait(1000);
  expect(w.sidecar.row().positionSeconds).toBe(1);
  expect(sync.getState().status).toBe("saved");
  const forced = sync.forceSync();
  await wait(0);
  expect(await forced).toBe(true);
});

const now = Date.now();
const nothing: Facts = { isLoading: true, isStale: false, resumeAt: null, lastSyncedAt: null, retryCount: 0, forceResult: null, waiting: 0 };
const trouble = (kind: "network" | "server" | "validation" | "auth") => ({ kind, message: "" });

test.each<[string, Partial<Facts>, string]>([
  ["nothing was asked", {}, "idle"],
  ["the server has it", { isOnServer: true }, "saved"],
  ["what is accepted waits for the database", { isOnServer: true, waiting: 3, server: { error: null } }, "saved"],
  ["the database is down and all is accepted", { isOnServer: true, waiting: 3, server: { error: trouble("network") } }, "saved"],
  ["the database refused it", { isOnServer: true, waiting: 1, server: { error: trouble("validation") } }, "error"],
  ["the sidecar refused it", { error: trouble("validation") }, "error"],
  ["it is asked to be saved now", { isOnServer: true, isForcing: true }, "saving"],
  ["it is in the browser for a moment", { isOnServer: true, since: now - 5_000 }, "saved"],
  ["it is in the browser for long", { isOnServer: true, since: now - 40_000 }, "pending"],
  ["it is in the browser for long after failures", { isOnServer: true, since: now - 40_000, retryCount: 2, error: trouble("server") }, "retrying"],
  ["the network failed often", { retryCount: 9, since: now - 90_000, error: trouble("network") }, "offline"],
  ["the browser is offline", { isOnServer: true, isOffline: true }, "offline"],
  ["the learner is signed out", { isOnServer: true, auth: trouble("auth"), since: now - 40_000, retryCount: 1 }, "auth"],
  ["the learner is signed out and offline", { isOffline: true, auth: trouble("auth") }, "offline"],
  ["the past is not known", { isStale: true }, "stale"],
  ["the past is not known, and what was done since is in the browser for long", { isStale: true, since: now - 40_000 }, "pending"],
])("when %s", (_, facts, status) => {
  expect(statusOf({ ...DEFAULTS, endpoint: "", courseId: "", lessonId: "" }, { ...nothing, ...facts })).toBe(status);
});
