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
