import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import { Film, Scribe } from "./film.js";
import { LESSON, Sidecar } from "./server.js";
import { CONTROLS, LOOP, REPLAY, SLIDER } from "./traces.js";

let film: Film;

beforeEach(() => {
  vi.useFakeTimers();
  film = new Film();
  film.duration = 120;
});

afterEach(() => {
  vi.useRealTimers();
});

/** Has a real client follow what a browser told, and resolves with the row that it makes. */
async function row(trace: string) {
  const sidecar = new Sidecar();
  const sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  sync.attachVideo(film.element);
  await vi.advanceTimersByTimeAsync(0);
  await film.repeat(trace);
  await vi.advanceTimersByTimeAsync(1000);
  sync.destroy();
  return { ...sidecar.row(), watched: sync.getState().watchedSeconds };
}

// Of the drags 43 and 42 seeks are told, and about 2.5 seconds are played before and after them.
test.each([
  ["dragging the browser's own slider", CONTROLS, { seekEvents: 1, pauseEvents: 1 }, 85, 2.4],
  ["dragging a page's slider while the film plays on", SLIDER, { seekEvents: 1, pauseEvents: 1 }, 52, 2.5],
  ["a seek to the last seconds of a film that starts anew by itself", LOOP, { seekEvents: 1, pauseEvents: 1 }, 2, 3.7],
  ["a seek to the last seconds, and starting it again", REPLAY, { seekEvents: 1, pauseEvents: 1 }, 1, 3],
])("%s is one seek, and only what was played is watched", async (_, trace, counts, position, played) => {
  const found = await row(trace);
  expect(found).toMatchObject(counts);
  expect(Math.abs(found.positionSeconds - position)).toBeLessThan(1);
  expect(Math.abs(found.timeSpentSeconds - played)).toBeLessThan(0.5);
  expect(Math.abs(found.watched - played)).toBeLessThan(0.5);
});

const scribe = () => {
  const sync = new Scribe("l", 0);
  sync.follow(film);
  return sync;
};

test("dragging the slider of a film that stands still is one seek, and the place is the one where it was let go", () => {
  const sync = scribe();
  for (let to = 1; to <= 41; to++) film.seek(2 * to);
  expect(sync.seeks).toBe(1);
  expect(sync.positions.at(-1)).toBe(82);
});

test("a slow drag watches nothing, however small its steps are", async () => {
  const sidecar = new Sidecar();
  const sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  sync.attachVideo(film.element);
  await vi.advanceTimersByTimeAsync(0);
  for (let i = 0; i <= 100; i++) {
    film.seek(10 + i / 2);
    await vi.advanceTimersByTimeAsync(30);
  }
  sync.destroy();
  expect(sync.getState()).toMatchObject({ progressSeconds: 60, watchedSeconds: 0 });
});

test("each seek counts that has a second of playing before it", async () => {
  const sync = scribe();
  film.play();
  for (const to of [50, 20, 90]) {
    await film.run(2);
    film.seek(to);
  }
  expect(sync.seeks).toBe(3);
  await film.run(0.5);
  film.seek(40);
  expect(sync.seeks).toBe(3);
});

test("a film of eight seconds that runs for a minute counts no seek, and all of its time", async () => {
  const sidecar = new Sidecar();
  const sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  film.duration = 8;
  sync.attachVideo(film.element);
  await vi.advanceTimersByTimeAsync(0);
  film.play();
  for (let i = 0; i < 7; i++) {
    await film.run(8);
    film.seek(0);
  }
  await film.run(4);
  film.pause();
  await vi.advanceTimersByTimeAsync(1000);
  sync.destroy();
  expect(sidecar.row()).toMatchObject({ seekEvents: 0, completed: true });
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(60, 1);
});

test("going back to the start in mid-film is a seek, also of a film that starts anew by itself", async () => {
  const sync = scribe();
  film.play();
  await film.run(60);
  film.seek(0);
  expect(sync.seeks).toBe(1);
  expect(sync.positions.at(-1)).toBe(0);
});

test("a film that tells seldom where it is, as in a hidden page, is started again without a seek", async () => {
  const sync = scribe();
  film.play();
  await film.run(50);
  film.end();
  film.ended = film.paused = false;
  film.seek(0);
  expect(sync.seeks).toBe(0);
});

test("a short seek is over before play is told, and starting the film again is none all the same", async () => {
  const sync = scribe();
  film.play();
  await film.run(5);
  film.end();
  film.ended = film.paused = false;
  film.currentTime = 0;
  film.tell("seeking", "play", "timeupdate", "seeked", "canplay", "playing");
  await film.run(2);
  expect(sync.seeks).toBe(0);
  expect(sync.positions.at(-1)).toBe(2);
});

test("a learner who goes elsewhere when the film has ended has sought", async () => {
  const sync = scribe();
  film.play();
  await film.run(5);
  film.end();
  film.ended = false;
  film.seek(20);
  expect(sync.seeks).toBe(1);
});

test("a seek that never tells its end does not stop the film from being followed", async () => {
  const sync = scribe();
  film.play();
  await film.run(5);
  film.currentTime = 60;
  film.tell("seeking");
  await film.run(3);
  expect(sync.positions.at(-1)).toBe(63);
});
