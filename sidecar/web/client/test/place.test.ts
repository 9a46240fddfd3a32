import { expect, test } from "vitest";
import { createPlace, isWorthResuming } from "../src/place.js";
import { Film } from "./film.js";
import { setHidden } from "./server.js";
import { pagehide, wait, world } from "./tab.js";

const w = world();

const before = (positionSeconds: number, more = {}) => w.sidecar.rows.set("ada,go-101,channels", {
  positionSeconds, maxPositionSeconds: positionSeconds, durationSeconds: 600, percentage: positionSeconds / 6, completed: false,
  lastWatchedAt: new Date(Date.now() - 3_600_000).toISOString(), timeSpentSeconds: 0, seekEvents: 0, pauseEvents: 0, at: Date.now() - 3_600_000, ...more,
});

async function play(sync: Awaited<ReturnType<typeof w.begin>>, from: number, to: number) {
  for (let at = from; at <= to; at++) {
    sync.updateProgress(at, 600);
    await wait(1000);
  }
}

const positions = () => w.sidecar.updates.map((update) => update.currentTime);

test.each([
  ["is slow", "slow", 301],
  ["answers 503 once", { status: 503 }, 301],
  ["is not reached at first", "network", 301],
  ["is stale", { status: 200, body: { progress: [], stale: true } }, 301],
  ["is answered in place of the learner's home, with an older place", {
    status: 200,
    body: {
      progress: [{ positionSeconds: 60, percentage: 10, lastWatchedAt: new Date(Date.now() - 7_200_000).toISOString() }],
      stale: true, sync: { status: "synced", pendingUpdates: 0, stale: true },
    },
  }, 301],
  ["wants the learner to sign in", { status: 401 }, 301],
] as const)("while the first question %s, nothing overwrites the place of the last visit", async (_, how, saved) => {
  before(saved);
  let answer = () => {};
  if (how !== "slow") w.sidecar.reads = [how as never];
  const sync = await w.begin({
    intervalMs: 1000,
    fetch: how !== "slow" ? w.sidecar.fetch : async (url, init) => {
      const said = w.sidecar.fetch(url, init);
      if (init?.method === "GET") await new Promise<void>((done) => (answer = done));
      return said;
    },
  });
  await play(sync, 0, 3);
  expect(positions().filter((at) => at !== undefined)).toEqual([]);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: saved });
  expect(sync.getState().progressSeconds).toBe(3);
  // Time is not held back.
  expect(w.sidecar.row().timeSpentSeconds).toBeGreaterThan(0);
  answer();
  await wait(10_000);
  expect(sync.getState()).toMatchObject({ resumeAt: saved, isStale: false, isLoading: false });
  await play(sync, 4, 9);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: saved });
  sync.updateProgress(saved, 600, { seekEvents: 1 });
  await wait(1000);
  sync.updateProgress(saved + 1, 600);
  await wait(2000);
  expect(sync.getState().resumeAt).toBeNull();
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: saved + 1 });
});

test("a server that can't be asked where the learner was is not waited for", async () => {
  w.sidecar.reads = [{ status: 404 }];
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 0, 3);
  expect(w.sidecar.row().positionSeconds).toBeGreaterThan(0);
  expect(sync.getState().isStale).toBe(false);
});

test("what was played before a late answer that knows nothing is sent after it, though the film is paused", async () => {
  w.sidecar.reads = [{ status: 503 }];
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 0, 3);
  await wait(20_000);
  expect(w.sidecar.row().positionSeconds).toBe(3);
  expect(sync.getState().resumeAt).toBeNull();
});

test("a stale answer that holds the lesson tells the place, and asks on for the rest", async () => {
  w.sidecar.reads = [{ status: 200, body: { progress: [{ positionSeconds: 301, percentage: 50, lastWatchedAt: new Date().toISOString() }], stale: true } }];
  before(301, { percentage: 100, completed: true });
  const sync = await w.begin();
  expect(sync.getState()).toMatchObject({ progressSeconds: 301, isStale: true, status: "stale" });
  await wait(20_000);
  expect(sync.getState()).toMatchObject({ isStale: false, completed: true, watchedPercentage: 100, status: "saved" });
});

test("in an outage a completed lesson is not shown as begun and saved, and is right again without a reload", async () => {
  before(300, { percentage: 100, completed: true });
  w.sidecar.reads = Array.from({ length: 3 }, () => ({ status: 200, body: { progress: [], stale: true } }));
  const sync = await w.begin();
  expect(sync.getState()).toMatchObject({ status: "stale", isStale: true });
  await wait(60_000);
  expect(sync.getState()).toMatchObject({ status: "saved", isStale: false, completed: true });
});

test("resume() ends the offer, and what was played elsewhere is not sent", async () => {
  before(301);
  w.sidecar.reads = [{ status: 503 }];
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 0, 3);
  await wait(20_000);
  expect(sync.getState().resumeAt).toBe(301);
  sync.resume();
  expect(sync.getState().resumeAt).toBeNull();
  sync.updateProgress(301, 600, { seekEvents: 1 });
  await wait(2000);
  expect(w.sidecar.row().positionSeconds).toBe(301);
});

test("an offer stands while the learner looks away and back, and nothing is overwritten meanwhile", async () => {
  before(301);
  w.sidecar.reads = [{ status: 503 }];
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 0, 20);
  await wait(20_000);
  expect(sync.getState().resumeAt).toBe(301);
  setHidden(true);
  await wait(60_000);
  setHidden(false);
  await wait(1000);
  await play(sync, 21, 24);
  expect(sync.getState().resumeAt).toBe(301);
  expect(w.sidecar.row().positionSeconds).toBe(301);
});

test("a place that another device reached while this page was hidden is offered, and not overwritten before the learner decides", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 60, 63);
  await wait(2000);
  await wait(120_000);
  w.sidecar.rows.set("ada,go-101,channels", { ...w.sidecar.row(), positionSeconds: 480, percentage: 80, durationSeconds: 600, lastWatchedAt: new Date().toISOString() });
  setHidden(false);
  await wait(0);
  expect(sync.getState()).toMatchObject({ resumeAt: 480, watchedPercentage: 80, progressSeconds: 480 });
  await play(sync, 64, 66);
  expect(w.sidecar.row().positionSeconds).toBe(480);
});

test.each([
  ["the beginning", 10, 600, false], ["the middle", 301, 600, true], ["what is as good as the end", 590, 600, false],
  ["a place in a lesson whose length nobody saved", 301, 0, true], ["a place in a live lesson", 301, Infinity, true],
  ["the beginning of a lesson of unknown length", 3, NaN, false],
])("%s is worth going on from or not", (_, position, duration, worth) => {
  expect(isWorthResuming(position, duration)).toBe(worth);
});

test("playing past the offered place ends the offer", () => {
  const place = createPlace();
  expect(place.pass({ currentTime: 290, duration: 600 })).toEqual({ currentTime: undefined, duration: 600 });
  place.learn(301, undefined, 290);
  expect(place.resumeAt()).toBe(301);
  expect(place.pass({ currentTime: 300, duration: 600 }).currentTime).toBeUndefined();
  expect(place.pass({ currentTime: 302, duration: 600 }).currentTime).toBe(302);
  expect(place.resumeAt()).toBeNull();
});

test("an element that is not attached any more goes nowhere", async () => {
  before(301);
  w.sidecar.reads = [{ status: 503 }];
  const film = new Film();
  const sync = await w.begin({ intervalMs: 1000 });
  const detach = sync.attachVideo(film.element);
  film.play();
  await film.run(20);
  expect(sync.getState().resumeAt).toBe(301);
  const { currentTime } = film;
  detach();
  sync.resume();
  expect(sync.getState().resumeAt).toBeNull();
  expect(film.currentTime).toBe(currentTime);
});

/** What another sidecar answers in place of the learner's home, from the database: an older place. */
const inItsStead = (positionSeconds: number) => ({
  status: 200,
  body: {
    progress: [{ positionSeconds, percentage: positionSeconds / 6, durationSeconds: 600, lastWatchedAt: new Date(Date.now() - 7_200_000).toISOString(), saved: true, pendingUpdates: 0 }],
    stale: true, sync: { status: "synced", pendingUpdates: 0, stale: true },
  },
});

// In the order of requests that a browser made on a machine where a home was killed and the film began late.
test.each<[string, (film: Film) => Promise<void>]>([
  ["before the film begins", async (film) => {
    await wait(6000);
    film.play();
  }],
  ["in the first second of the film", async (film) => {
    await wait(4500);
    film.play();
    await film.run(0.75);
  }],
])("two answers in place of the learner's home, the second %s, are no reason to send where a film is that has not heard of the home", async (_, begin) => {
  before(301);
  w.sidecar.reads = [inItsStead(60), inItsStead(60), { status: 503 }];
  const film = Object.assign(new Film(), { duration: 600 });
  const sync = await w.begin({ intervalMs: 1000 });
  sync.attachVideo(film.element);
  await begin(film);
  await film.run(2);
  film.pause();
  await wait(3000);
  expect(w.sidecar.reads.length).toBeLessThan(2);
  expect(sync.getState().isStale).toBe(true);
  expect(positions().filter((at) => at !== undefined)).toEqual([]);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: 301 });
  await wait(60_000);
  expect(sync.getState().isStale).toBe(false);
  expect(film.currentTime).toBe(301);
  film.play();
  await film.run(2);
  film.pause();
  await wait(2000);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: 303 });
});

test("a learner who goes somewhere before it is known where they were finds that place again, also if the page is closed before an answer", async () => {
  before(301);
  w.sidecar.reads = Array.from({ length: 9 }, () => inItsStead(60));
  const film = Object.assign(new Film(), { duration: 600 });
  const sync = await w.begin({ intervalMs: 1000 });
  sync.attachVideo(film.element);
  film.play();
  await film.run(3);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: 301 });
  film.seek(400);
  await film.run(2);
  pagehide(false);
  await wait(0);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: 402 });
});

test.each<[string, number, number]>([
  ["before an earlier page of this browser was at 200 s, and the server has not got that yet, is offered 200 s", -60_000, 200],
  ["after that, is offered 100 s", 60_000, 100],
])("a page that hears late of a place of another device, %s", async (_, later, offered) => {
  before(50);
  const first = await w.begin();
  w.sidecar.down = true;
  first.updateProgress(200, 600, { seekEvents: 1 });
  await wait(1000);
  w.locks.forget();
  await wait(120_000);
  w.sidecar.down = false;
  before(100, { lastWatchedAt: new Date(Date.now() - 120_000 + later).toISOString(), at: Date.now() - 120_000 + later });
  w.sidecar.reads = [{ status: 503 }];
  w.sidecar.replies = Array.from({ length: 9 }, () => ({ status: 503 }));
  const second = await w.begin({ intervalMs: 1000 });
  await play(second, 0, 8);
  expect(second.getState()).toMatchObject({ isStale: false, resumeAt: offered });
});
