import { expect, test, vi } from "vitest";
import type { StoredUpdate } from "../src/index.js";
import { CHROMIUM, Film } from "./film.js";
import { setHidden, setOnline } from "./server.js";
import { pagehide, pageshow, wait, world } from "./tab.js";

const w = world();

/** So many updates wait for the next request: a rewind needs one of its own. */
async function rewound() {
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(200, 300);
  sync.updateProgress(50, 300, { seekEvents: 1 });
  return sync;
}

test("a request that is too large is halved until it fits, without waiting and without losing anything", async () => {
  const sync = await rewound();
  w.sidecar.replies = [{ status: 413 }];
  await wait(1000);
  expect(w.sidecar.posts.map((post) => post.body.length)).toEqual([2, 1, 1]);
  expect(w.sidecar.row()).toMatchObject({ maxPositionSeconds: 200, positionSeconds: 50, seekEvents: 1 });
  expect(sync.getState().isDirty).toBe(false);
});

test("one update that is too large for the proxy is kept and tried again, for the limit may be mended", async () => {
  w.sidecar.replies = [{ status: 413 }, { status: 413 }];
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ isDirty: true, error: { status: 413 } });
  await wait(30_000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
});

test("what was done before the learner was erased is dropped", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  w.sidecar.replies = [{ status: 410, body: { detail: "erased", errors: [{ index: 0, status: 410, detail: "erased" }] } }];
  sync.updateProgress(10, 300);
  await wait(120_000);
  expect(w.sidecar.posts).toHaveLength(1);
  expect(sync.getState()).toMatchObject({ isDirty: false, error: { status: 410, kind: "validation" } });
});

test("a 422 that is not the sidecar's, such as a refused CSRF token, drops nothing", async () => {
  w.sidecar.replies = [{ status: 422, body: {} }];
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(10_000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
});

test("a login page that a proxy redirects to is not taken for an answer of the sidecar", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  let loggedIn = false;
  sync.configure({
    fetch: (url, init) => (loggedIn ? w.sidecar.fetch(url, init) : Promise.resolve(new Response("<!doctype html>"))),
  });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ isDirty: true, status: "auth", error: { kind: "auth" } });
  loggedIn = true;
  await wait(60_000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
});

test("Retry-After may be a date, by the server's clock", async () => {
  const at = (ms: number) => new Date(Date.now() + ms).toUTCString();
  const hour = 3_600_000;
  // This computer is an hour behind the server.
  w.sidecar.replies = [{ status: 503, headers: { Date: at(hour), "Retry-After": at(hour + 60_000) } }];
  const sync = await w.begin({ intervalMs: 1 });
  sync.updateProgress(10, 300);
  await wait(55_000);
  expect(w.sidecar.posts).toHaveLength(1);
  await wait(15_000);
  expect(w.sidecar.posts).toHaveLength(2);
});

test("a server that asks for a month is asked again within about an hour", async () => {
  w.sidecar.replies = [{ status: 503, headers: { "Retry-After": "2592000" } }];
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(3_500_000);
  expect(w.sidecar.posts).toHaveLength(1);
  await wait(200_000);
  expect(w.sidecar.posts).toHaveLength(2);
});

test.each([[0, 0], [0.99, 9_900]])("the first retry comes anywhere between at once and twice its average: %d", async (random, ms) => {
  vi.mocked(Math.random).mockReturnValue(random);
  w.sidecar.replies = [{ status: 503 }];
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(1000 + Math.max(0, ms - 1));
  if (ms) expect(w.sidecar.posts).toHaveLength(1);
  await wait(1);
  expect(w.sidecar.posts).toHaveLength(2);
});

test.each([
  ["behind", 600_000],
  ["ahead", -600_000],
])("the position on a device whose clock is %s shows, and what was done before the page knew that keeps its place", async (_, ahead) => {
  w.sidecar.ahead = ahead;
  const of = (ms: number) => new Date(Date.now() + ahead + ms).toISOString();
  const others = { positionSeconds: 200, percentage: 66, completed: false, at: Date.now() + ahead - 4000, lastWatchedAt: of(-4000) };
  const sync = await w.begin({ intervalMs: 1000 });
  w.sidecar.rows.set("ada,go-101,channels", others);
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
  // Offline, then another device goes on.
  w.sidecar.down = true;
  sync.updateProgress(20, 300);
  await wait(3000);
  Object.assign(w.sidecar.row(), { positionSeconds: 250, at: Date.now() + ahead - 500, lastWatchedAt: of(-500) });
  await wait(60_000);
  w.sidecar.down = false;
  await wait(120_000);
  const last = w.sidecar.updates.at(-1);
  expect(last).toMatchObject({ currentTime: 20 });
  expect(last.sentAt - last.occurredAt).toBeGreaterThan(60_000);
  expect(w.sidecar.row().positionSeconds).toBe(250);
  expect(sync.getState().isDirty).toBe(false);
});

test("on a device whose clock is behind, what another device did before is not taken for newer", async () => {
  const ahead = 600_000;
  const sync = await w.begin({ intervalMs: 1000 });
  const dated = (date: () => number) => sync.configure({
    fetch: async (url, init) => {
      const answer = await w.sidecar.fetch(url, init);
      answer.headers.set("Date", new Date(date()).toUTCString());
      return answer;
    },
  });
  dated(() => Date.now() + ahead);
  sync.updateProgress(10, 300);
  await wait(1000);
  const before = new Date(Date.now() + ahead - 4000).toISOString();
  w.sidecar.replies = [{ status: 200, body: { progress: [{ positionSeconds: 200, percentage: 66, completed: false, lastWatchedAt: before }] } }];
  sync.updateProgress(12, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ progressSeconds: 12, isDirty: false });
  // The clock of this test's page is right again for the others.
  dated(Date.now);
  await sync.forceSync();
});

test("each attempt says what the clock shows then", async () => {
  w.sidecar.replies = [{ status: 503 }];
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  const done = Date.now();
  await wait(20_000);
  const [first, again] = w.sidecar.posts.map((post) => post.body[0]);
  expect(first.sentAt).toBe(done + 1000);
  expect(again.sentAt).toBeGreaterThan(done + 1000);
  expect([first.occurredAt, again.occurredAt]).toEqual([done, done]);
});

test("all that a page sends with keepalive stays below what browsers allow together", async () => {
  let opened = () => {};
  w.sidecar.gate = new Promise((done) => (opened = done));
  const courseId = "c".repeat(255);
  const pages = await Promise.all(Array.from({ length: 120 }, (_, i) => w.begin({ courseId, lessonId: "l".repeat(250) + i })));
  pages.forEach((sync) => sync.updateProgress(10, 300));
  pagehide(false);
  expect(w.sidecar.posts.reduce((sum, post) => sum + JSON.stringify(post.body).length, 0)).toBeGreaterThan(65_536);
  const kept = w.sidecar.posts.filter((post) => post.keepalive);
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.reduce((sum, post) => sum + JSON.stringify(post.body).length, 0)).toBeLessThan(65_536);
  opened();
  await wait(0);
});

test("a reset that is refused for good is tried less and less often, not in a loop", async () => {
  w.sidecar.replies = Array.from({ length: 50 }, () => ({ status: 422, body: {} }));
  const sync = await w.begin();
  void sync.resetProgress();
  await wait(60_000);
  expect(w.sidecar.seen.filter((s) => s.method === "DELETE").length).toBeLessThan(6);
  expect(sync.getState().isDirty).toBe(true);
  w.sidecar.replies = [];
  await wait(120_000);
  expect(sync.getState().isDirty).toBe(false);
});

test("a client that is ended while a request is under way ends with its answer, and sends what came meanwhile", async () => {
  let opened = () => {};
  const sync = await w.begin({ intervalMs: 1000 });
  w.sidecar.gate = new Promise((done) => (opened = done));
  sync.updateProgress(10, 300);
  await wait(1000);
  sync.updateProgress(11, 300);
  sync.destroy();
  opened();
  await wait(2000);
  expect(w.sidecar.row().positionSeconds).toBe(11);
  expect(w.sidecar.most).toBe(1);
  expect((await w.locks.query()).held).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("an update that the sidecar knows and has saved changes nothing that is shown", async () => {
  w.sidecar.loseAnswers = 1;
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(30, 300);
  await wait(1000);
  w.sidecar.save();
  await wait(10_000);
  expect(sync.getState()).toMatchObject({ progressSeconds: 30, watchedPercentage: 10, completed: false, isDirty: false });
});

test("offline, what is paused or hidden is kept at once, since the tab may be closed next", async () => {
  const sync = await w.begin();
  setOnline(false);
  sync.updateProgress(10, 300);
  setHidden(true);
  expect(w.shelf.updates.map((item) => item.update.currentTime)).toEqual([10]);
});

test("offline, the worker's sync is asked for each second, since the browser may run one while the page is still there", async () => {
  const register = vi.fn(async () => {});
  Object.defineProperty(navigator, "serviceWorker", { value: { getRegistration: async () => ({ sync: { register } }) }, configurable: true });
  await w.begin();
  setOnline(false);
  await wait(3_000);
  expect(register.mock.calls).toEqual([["progress-sync"], ["progress-sync"], ["progress-sync"]]);
  setOnline(true);
  await wait(3_000);
  expect(register).toHaveBeenCalledTimes(3);
  Reflect.deleteProperty(navigator, "serviceWorker");
});

test("an offline page that comes back from the cache does not count what another page has sent for it", async () => {
  const first = await w.begin();
  setOnline(false);
  w.sidecar.down = true;
  first.updateProgress(10, 300, { seekEvents: 1 });
  pagehide(true);
  await wait(0);
  // Left by a page before.
  const [item] = w.shelf.updates;
  w.shelf.items.set("old", { ...item!, id: "old", update: { ...item!.update, eventId: "old", occurredAt: Date.now() - 9000 } });
  w.sidecar.down = false;
  Object.defineProperty(navigator, "onLine", { value: true, configurable: true });
  await w.begin();
  await wait(1000);
  expect(w.sidecar.row().seekEvents).toBe(2);
  pageshow(true);
  await wait(1000);
  expect(w.sidecar.row().seekEvents).toBe(2);
  expect(first.getState().isDirty).toBe(false);
  expect(w.shelf.updates.length).toBe(0);
});

test("a tab that is looked at again goes on with what another tab has left", async () => {
  const [first, second] = [await w.begin({ intervalMs: 600_000 }), await w.begin({ lessonId: "select" })];
  first.updateProgress(10, 300);
  await wait(1000);
  // The other tab dies without a word: its name is free.
  w.locks.forget();
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  await wait(0);
  expect(w.sidecar.row().positionSeconds).toBe(10);
  expect(second.getState()).toMatchObject({ isDirty: false, progressSeconds: 0 });
});

test("a merge is kept together with what it replaces, so that a crash in between loses nothing", async () => {
  const sync = await w.begin();
  setOnline(false);
  sync.updateProgress(100, 300);
  sync.updateProgress(50, 300, { seekEvents: 1 });
  await wait(1000);
  expect(w.shelf.updates.length).toBe(2);
  sync.updateProgress(150, 300, { seekEvents: 1 });
  const kept = w.shelf.updates.map((item) => item.update);
  expect(kept).toMatchObject([{ currentTime: 150, seekEvents: 2 }]);
});

test("an answer of somebody else that happens to be JSON does not count as accepted", async () => {
  w.sidecar.replies = [{ status: 200, body: { login: "required" } }];
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(sync.getState().isDirty).toBe(true);
  await wait(10_000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
  w.sidecar.replies = [{ status: 200, body: { login: "required" } }];
  let accepted = false;
  void sync.resetProgress().then(() => (accepted = true));
  await wait(1000);
  expect(accepted).toBe(false);
  await wait(10_000);
  expect(accepted).toBe(true);
});

test("an application that fails in its callbacks slows nothing down and is not asked in a loop", async () => {
  const unhandled = vi.fn((event: unknown) => event);
  process.on("unhandledRejection", unhandled);
  w.sidecar.replies = [{ status: 503 }];
  const sync = await w.begin({
    intervalMs: 1000,
    onError: () => {
      throw new Error("the application's");
    },
  });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(w.sidecar.posts).toHaveLength(1);
  await wait(5000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
  vi.useRealTimers();
  await new Promise((done) => setTimeout(done));
  expect(unhandled).toHaveBeenCalledTimes(1);
  process.off("unhandledRejection", unhandled);
});

test("headers that cannot be made are tried again like a network that is not there", async () => {
  let ready = false;
  const sync = await w.begin({
    intervalMs: 1000,
    csrfToken: () => {
      if (!ready) throw new Error("not yet");
      return "t0ken";
    },
  });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ isDirty: true, retryCount: 1 });
  ready = true;
  await wait(10_000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
});

test("a reset while an update is being kept keeps it from being sent", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  const write = w.shelf.write.bind(w.shelf);
  w.shelf.write = async (put, remove) => {
    await new Promise((done) => setTimeout(done, 500));
    return write(put, remove);
  };
  sync.updateProgress(200, 300);
  await wait(1100);
  void sync.resetProgress();
  await wait(5000);
  expect(w.sidecar.seen.filter((s) => s.method !== "GET").map((s) => s.method)).toEqual(["DELETE"]);
});

test("what is under way when the page goes is not sent a second time", async () => {
  let opened = () => {};
  const sync = await w.begin({ intervalMs: 1000 });
  w.sidecar.gate = new Promise((done) => (opened = done));
  sync.updateProgress(10, 300);
  await wait(1000);
  sync.updateProgress(11, 300);
  pagehide(false);
  expect(w.sidecar.updates.map((update) => update.currentTime)).toEqual([10, 11]);
  opened();
  await wait(1000);
});

test("it is not said where the learner is before it is known what an earlier page has left", async () => {
  const first = await w.begin();
  w.sidecar.down = true;
  first.updateProgress(61, 300);
  await wait(1000);
  w.locks.forget();
  const list = w.shelf.list.bind(w.shelf);
  w.shelf.list = async () => {
    await new Promise((done) => setTimeout(done, 300));
    return list();
  };
  const second = await w.begin();
  expect(second.getState()).toMatchObject({ isLoading: true, progressSeconds: 0 });
  await wait(300);
  expect(second.getState()).toMatchObject({ isLoading: false, progressSeconds: 61 });
});

test("what a page holds that is shown while it starts is free for other tabs when it is left", async () => {
  const begun = w.begin();
  // Before the browser has given the client its lock.
  pageshow(false);
  const sync = await begun;
  sync.updateProgress(10, 300);
  await wait(1000);
  pagehide(true);
  await wait(1000);
  expect((await w.locks.query()).held).toEqual([]);
});

test("a store that throws where it should reject stops nothing from being sent", async () => {
  w.shelf.write = () => {
    throw new Error("full");
  };
  const sync = await w.begin({ intervalMs: 1000 });
  sync.updateProgress(10, 300);
  await wait(2000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
  expect(sync.getState().isDirty).toBe(false);
});

test("a page that is back at once takes nothing over from itself, though its lock is not back yet", async () => {
  const sync = await w.begin();
  w.sidecar.down = true;
  setOnline(false);
  sync.updateProgress(10, 300);
  await wait(1000);
  pagehide(true);
  // A browser may take a while to give the page its own lock, while the one for taking over is free.
  const request = w.locks.request.bind(w.locks);
  const [{ owner }] = w.shelf.updates as [StoredUpdate];
  w.locks.request = async (name: string, ...given: any[]) => {
    if (name === owner) await new Promise((done) => setTimeout(done, 100));
    return request(name, ...given as [() => Promise<unknown>]);
  };
  pageshow(true);
  await wait(1000);
  expect(sync.getState().pendingUpdates).toBe(1);
});

test.each<[string, (sync: Awaited<ReturnType<typeof w.begin>>) => void]>([
  ["hides the page", () => setHidden(true)],
  ["leaves the page", () => pagehide(false)],
  ["goes to another lesson", (sync) => sync.destroy()],
])("a learner who %s is known to leave, so that nobody waits minutes for the row", async (_, leave) => {
  const sync = await w.begin();
  sync.updateProgress(10, 300);
  leave(sync);
  await wait(0);
  expect(w.sidecar.updates).toMatchObject([{ currentTime: 10, leaving: true }]);
});

test("a hidden tab that plays on is not taken to have been left", async () => {
  const sync = await w.begin();
  sync.updateProgress(10, 300);
  setHidden(true);
  await wait(0);
  sync.updateProgress(11, 300);
  await wait(30_000);
  expect(w.sidecar.updates.map((update) => update.leaving)).toEqual([true, undefined]);
});

test("a learner who comes back before the hint is sent has not left", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  w.sidecar.down = true;
  sync.updateProgress(10, 300);
  await wait(1000);
  sync.updateProgress(20, 300);
  setHidden(true);
  setHidden(false);
  sync.updateProgress(30, 300);
  w.sidecar.down = false;
  await wait(60_000);
  expect(w.sidecar.row().positionSeconds).toBe(30);
  expect(w.sidecar.updates.at(-1).leaving).toBeUndefined();
});

type Sync = Awaited<ReturnType<typeof w.begin>>;
const hint = { userId: "ada", courseId: "go-101", lessonId: "channels", eventId: expect.any(String), occurredAt: expect.any(Number), sentAt: expect.any(Number), leaving: true };
const progress = async (sync: Sync) => {
  sync.updateProgress(10, 300);
  await wait(1000);
};

test.each<[string, (sync: Sync) => Promise<void>, unknown[]]>([
  ["when all that was done is sent, with a hint that tells nothing else", async (sync) => {
    await progress(sync);
    setHidden(true);
  }, [{ currentTime: 10 }, hint]],
  ["once, however many signs of it there are", async (sync) => {
    await progress(sync);
    setHidden(true);
    await wait(0);
    pagehide(false);
    sync.destroy();
  }, [{ currentTime: 10 }, hint]],
  ["once more after more was done", async (sync) => {
    await progress(sync);
    setHidden(true);
    await wait(0);
    setHidden(false);
    await progress(sync);
    setHidden(true);
  }, [{ currentTime: 10 }, hint, { currentTime: 10 }, hint]],
  ["not by a page that has sent nothing", async () => setHidden(true), []],
  ["not by a page that only knows what another device did", async (sync) => {
    w.sidecar.rows.set("ada,go-101,channels", { positionSeconds: 99, percentage: 33, lastWatchedAt: new Date().toISOString() });
    w.sidecar.held.set("ada,go-101,channels", 1);
    await wait(16_000);
    setHidden(false);
    await wait(0);
    expect(sync.getState().isPendingSync).toBe(true);
    setHidden(true);
  }, []],
  ["when all of it is in the database, since others may be told", async (sync) => {
    await progress(sync);
    await sync.forceSync();
    setHidden(true);
  }, [{ currentTime: 10 }, hint]],
  ["when the lesson was just completed", async (sync) => {
    sync.updateProgress(300, 300);
    await wait(0);
    pagehide(false);
  }, [{ currentTime: 300 }, hint]],
])("that a learner leaves is said %s", async (_, leave, sent) => {
  const sync = await w.begin({ intervalMs: 1000 });
  await leave(sync);
  await wait(1000);
  expect(w.sidecar.updates).toEqual(sent.map((update) => update === hint ? hint : expect.objectContaining(update)));
});

test("a hint alone is nothing that the learner would lose: it is not told as unsaved, and waits its turn", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  await progress(sync);
  const before = sync.getState();
  w.sidecar.replies = [{ status: 503, headers: { "Retry-After": "60" } }];
  setHidden(true);
  await wait(59_000);
  expect(sync.getState()).toMatchObject({ isDirty: false, pendingUpdates: before.pendingUpdates, status: "saved" });
  expect(w.sidecar.hurried).toEqual([]);
  await wait(11_000);
  expect(w.sidecar.hurried).toEqual(["channels"]);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: 10 });
  w.sidecar.save();
  setHidden(false);
  await wait(60_000);
  expect(sync.getState()).toMatchObject({ isPendingSync: false, pendingUpdates: 0, error: null });
});

test("what is first sent before the interval is over, and is not answered, is told as soon as what waited for it", async () => {
  const sync = await w.begin();
  w.sidecar.gate = new Promise(() => {});
  sync.updateProgress(10, 300);
  setHidden(true);
  await wait(4000);
  expect(sync.getState().status).not.toBe("pending");
  await wait(3000);
  expect(sync.getState()).toMatchObject({ status: "pending", isDirty: true });
});

test.each([
  ["that is new to the server", false],
  ["that the server knows", true],
])("the changes of a lesson %s are sent half a minute apart, from the first one on", async (_, isKnown) => {
  if (isKnown) {
    const before = await w.begin();
    before.updateProgress(1, 600);
    await before.forceSync();
    before.destroy();
  }
  const sync = await w.begin();
  const earlier = w.sidecar.posts.length;
  const sent: number[] = [];
  for (let ms = 0; ms < 80_000; ms += 500) {
    sync.updateProgress(2 + ms / 1000, 600);
    await wait(500);
    if (w.sidecar.posts.length > earlier + sent.length) sent.push(ms + 500);
  }
  expect(sent).toEqual([30_000, 60_000]);
});

test("ten minutes of a film cost 83 % fewer requests with progress than a heartbeat each five seconds", async () => {
  const sync = await w.begin();
  const film = new Film();
  film.duration = 600;
  sync.attachVideo(film.element);
  film.play();
  await film.run(600, CHROMIUM);
  film.end();
  await wait(0);
  setHidden(true);
  pagehide(false);
  await wait(0);
  // 18 each half a minute, one when 95 % are reached and one at the end.
  expect(w.sidecar.posts).toHaveLength(20);
  expect(1 - w.sidecar.posts.length / (600 / 5)).toBeGreaterThanOrEqual(0.83);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: 600, completed: true });
  expect(w.sidecar.row().timeSpentSeconds).toBeCloseTo(600, 0);
});
