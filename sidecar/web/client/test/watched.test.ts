import { expect, test, vi } from "vitest";
import type { ProgressSync } from "../src/index.js";
import { CHROMIUM, Film } from "./film.js";
import { Shelf } from "./server.js";
import { pagehide, wait, world } from "./tab.js";

const w = world();

/** Plays from one second to another, after a jump to the first. */
async function play(sync: ProgressSync, from: number, to: number, duration = 300) {
  for (let at = from; at <= to; at++) {
    sync.updateProgress(at, duration, at === from ? { seekEvents: 1 } : {});
    await wait(1000);
  }
}

const told = () => w.sidecar.updates.map((update) => update.watchedSegments);

/** The tab dies. */
function crash() {
  vi.clearAllTimers();
  w.locks.forget();
}

test("each update tells what was seen since the one before, and what is seen again does no harm", async () => {
  const sync = await w.begin({ intervalMs: 10_000 });
  await play(sync, 0, 15);
  await play(sync, 40, 45);
  await play(sync, 12, 18);
  await wait(30_000);
  expect(told()).toEqual([[[0, 9]], [[9, 15], [40, 43]], [[43, 45]], [[12, 18]]]);
  expect(w.sidecar.row().watchedSegments).toEqual([[0, 18], [40, 45]]);
  expect(sync.getState()).toMatchObject({ watchedSeconds: 23, watchedSegments: expect.arrayContaining([[0, 18], [40, 45]]) });
});

test("another device goes on from what was seen on the first, and says only what is new", async () => {
  const first = await w.begin({ intervalMs: 1000 });
  await play(first, 0, 20);
  await play(first, 100, 110);
  await first.forceSync();
  w.shelf.items = new Shelf().items;
  crash();
  const count = told().length;
  const second = await w.begin({ intervalMs: 60_000 });
  expect(second.getState()).toMatchObject({ watchedSeconds: 30, watchedSegments: [[0, 20], [100, 110]] });
  await play(second, 20, 30);
  await second.forceSync();
  expect(told().slice(count)).toEqual([[[20, 30]]]);
  expect(w.sidecar.row()).toMatchObject({ watchedSegments: [[0, 30], [100, 110]] });
  expect(w.sidecar.updates.at(-1).watchedDuration).toBe(40);
});

test("a film that is played leaves no gap between updates", async () => {
  const film = new Film();
  const sync = await w.begin({ intervalMs: 1000 });
  sync.attachVideo(film.element);
  film.play();
  await film.run(12, CHROMIUM);
  film.seek(200);
  await film.run(6, CHROMIUM);
  await wait(2000);
  expect(w.sidecar.row().watchedSegments).toEqual([[0, 12], [200, 206]]);
  for (const seconds of told().flat(2)) expect(seconds).toBeCloseTo(Math.round(seconds * 10) / 10, 9);
});

test.each([Infinity, NaN, 0, 2 ** 32])("a live stream, which says that it is %d s long, tells no segments", async (duration) => {
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 0, 5, duration);
  await wait(2000);
  expect(told().filter(Boolean)).toEqual([]);
  expect(sync.getState()).toMatchObject({ isDirty: false, watchedSeconds: 5 });
});

test.each([["is lost", () => (w.sidecar.loseAnswers = 1)], ["never comes", () => (w.sidecar.down = true)]])(
  "where an answer %s and the tab dies, the next page tells all that was seen", async (_, trouble) => {
    const first = await w.begin({ intervalMs: 5000 });
    trouble();
    await play(first, 0, 12);
    await play(first, 60, 66);
    await wait(1000);
    crash();
    w.sidecar.down = false;
    const second = await w.begin({ intervalMs: 5000 });
    expect(second.getState().watchedSeconds).toBe(18);
    await wait(30_000);
    expect(w.sidecar.row().watchedSegments).toEqual([[0, 12], [60, 66]]);
    expect(w.shelf.updates).toEqual([]);
  });

test("what a page says as it is left has what was seen last", async () => {
  const sync = await w.begin();
  await play(sync, 0, 3);
  pagehide(false);
  expect(told()).toEqual([[[0, 3]]]);
});

test("a reset forgets what was seen", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 0, 5);
  await sync.resetProgress();
  expect(sync.getState().watchedSegments).toEqual([]);
  await play(sync, 50, 55);
  await wait(2000);
  expect(w.sidecar.row().watchedSegments).toEqual([[50, 55]]);
});

test("a state is a new one only if something has changed, also where the server tells again what was seen", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  await play(sync, 0, 5);
  await wait(5000);
  const before = sync.getState().watchedSegments;
  window.dispatchEvent(new Event("pageshow"));
  await wait(500);
  expect(sync.getState().watchedSegments).toBe(before);
});

// What players of others do, by the reports of their users.
test.each<[what: string, calls: [at: number, duration: number, details?: object][], want: [number, number][] | undefined]>([
  // github.com/video-dev/hls.js/issues/6844: the duration is the position for a moment where the quality changes.
  ["whose duration is the position for a moment", [[0, 300], [1, 300], [2, 2], [3, 300], [4, 300]], [[0, 4]]],
  // github.com/video-dev/hls.js/issues/1659: the duration is another one until all parts are there.
  ["whose duration comes to be known bit by bit", [[0, 28], [1, 28], [2, 29.5], [3, 31], [4, 31], [5, 31]], [[0, 5]]],
  // github.com/shaka-project/shaka-player/pull/9054: a live stream that is over has a duration.
  ["that was live and is not any more", [[0, Infinity], [1, Infinity], [2, 300], [3, 300], [4, 300]], [[1, 4]]],
  // github.com/vimeo/player.js/issues/1094: the new position is told before the seek is.
  ["that tells where it went before it tells that it went", [[0, 300], [1, 300], [2, 300], [150, 300], [150, 300, { seekEvents: 1 }], [151, 300]], [[0, 2], [150, 151]]],
  // A film that loops goes back without a word.
  ["that loops", [[298, 300], [299, 300], [300, 300], [0, 300], [1, 300], [2, 300]], [[298, 300], [0, 2]]],
  // A stream whose first picture is a little before or behind its start.
  ["that begins before its start", [[-0.12, 300], [0.04, 300], [1.04, 300], [2.04, 300]], [[0, 2]]],
  // Where the film stands and shows no picture, Chromium gives the same position again and again, and others a little less.
  ["that stands, and trembles", [[0, 300], [1, 300], [1, 300], [0.98, 300], [1, 300], [2, 300]], [[0, 2]]],
  // Positions that are NaN or Infinity while a source is loaded.
  ["that does not know where it is", [[0, 300], [1, 300], [NaN, NaN], [Infinity, 300], [2, 300], [3, 300]], [[0, 3]]],
])("of a film %s is told what was played", async (_, calls, want) => {
  const sync = await w.begin({ intervalMs: 60_000 });
  for (const [at, duration, details] of calls) {
    sync.updateProgress(at, duration, details);
    await wait(1000);
  }
  await sync.forceSync();
  const row = w.sidecar.row();
  expect(row.watchedSegments).toEqual([...want!].sort(([a], [b]) => a - b));
  expect(row.completed ?? false).toBe(calls.some(([at, duration]) => at === duration && at === 300));
  expect(sync.getState().completed).toBe(calls.some(([at, duration]) => at === duration && at === 300));
});

test("a film at twice its speed is seen whole, in half the time", async () => {
  const sync = await w.begin({ intervalMs: 60_000 });
  for (let at = 0; at <= 20; at += 2) {
    sync.updateProgress(at, 300, { playbackSpeed: 2 });
    await wait(1000);
  }
  await sync.forceSync();
  expect(w.sidecar.row()).toMatchObject({ watchedSegments: [[0, 20]] });
  expect(w.sidecar.updates.reduce((sum, update) => sum + (update.watchedDelta ?? 0), 0)).toBeCloseTo(10, 3);
});
