import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import type { ProgressSync } from "../src/index.js";
import { Film } from "./film.js";
import { LESSON, Sidecar } from "./server.js";

let sidecar: Sidecar;
let sync: ProgressSync;
let film: Film;

beforeEach(() => {
  vi.useFakeTimers();
  sidecar = new Sidecar();
  film = new Film();
});

afterEach(() => {
  sync.destroy();
  vi.useRealTimers();
});

async function follow(): Promise<() => void> {
  sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  const end = sync.attachVideo(film.element);
  await vi.advanceTimersByTimeAsync(0);
  return end;
}

test("playing, seeking, pausing and ending arrive as what the learner did", async () => {
  await follow();
  film.play();
  await film.run(20);
  film.seek(100);
  await film.run(10);
  film.pause();
  film.play();
  await film.run(5);
  film.end();
  await vi.advanceTimersByTimeAsync(1000);
  expect(sidecar.row()).toMatchObject({ positionSeconds: 300, completed: true, seekEvents: 1, pauseEvents: 1 });
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(35, 0);
  expect(sync.getState().watchedSeconds).toBeCloseTo(35, 0);
});

test("at double speed the time spent is half of what was seen", async () => {
  await follow();
  film.playbackRate = 2;
  film.play();
  film.tell("ratechange");
  await film.run(20);
  film.pause();
  await vi.advanceTimersByTimeAsync(1000);
  expect(sync.getState().watchedSeconds).toBeCloseTo(40, 0);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(20, 0);
  expect(sidecar.updates.at(-1).playbackSpeed).toBe(2);
});

test("a pause is sent at once, for the learner may switch to another device", async () => {
  await follow();
  film.play();
  await film.run(2);
  film.pause();
  await vi.advanceTimersByTimeAsync(0);
  expect(sidecar.row()).toMatchObject({ positionSeconds: 2, pauseEvents: 1 });
});

test("a learner who comes back goes on where they were, and that is no seek", async () => {
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: 120, percentage: 40, completed: false, lastWatchedAt: new Date().toISOString() });
  await follow();
  expect(film.currentTime).toBe(120);
  film.tell("seeked");
  film.play();
  film.pause();
  await vi.advanceTimersByTimeAsync(0);
  expect(sidecar.updates.reduce((sum, u) => sum + (u.seekEvents ?? 0), 0)).toBe(0);
});

test.each([[5], [290]])("a learner who stopped at %i of 300 seconds starts from the beginning", async (at) => {
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: at, percentage: at / 3, completed: false, lastWatchedAt: new Date().toISOString() });
  await follow();
  expect(film.currentTime).toBe(0);
});

test("after it ends, following counts nothing", async () => {
  const end = await follow();
  end();
  film.play();
  film.end();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(sidecar.updates).toHaveLength(0);
});

test("opening a lesson, and the seek to where the learner was, reports nothing", async () => {
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: 120, percentage: 40, completed: false, lastWatchedAt: new Date().toISOString() });
  await follow();
  film.tell("ratechange");
  film.tell("seeked");
  film.tell("timeupdate");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(sidecar.updates).toHaveLength(0);
  expect(sync.getState().isDirty).toBe(false);
});

test("a learner who seeks with the keyboard while it is paused is where they sought to", async () => {
  await follow();
  for (const to of [5, 10, 15]) film.seek(to);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sidecar.row()).toMatchObject({ positionSeconds: 15, seekEvents: 1, timeSpentSeconds: 0 });
});

test("watching it again after the end is no seek, is time spent, and leaves it completed", async () => {
  film.duration = 10;
  await follow();
  film.play();
  await film.run(10);
  film.end();
  // What a browser does when play is pressed after the end.
  film.ended = false;
  film.paused = false;
  film.seeking = true;
  film.currentTime = 0;
  film.tell("seeking", "play");
  film.seeking = false;
  film.tell("timeupdate", "seeked");
  await film.run(4);
  film.pause();
  await vi.advanceTimersByTimeAsync(1000);
  expect(sidecar.row()).toMatchObject({ completed: true, positionSeconds: 4 });
  expect(sidecar.row().seekEvents).toBe(0);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(14, 0);
  expect(sync.getState().watchedSeconds).toBeCloseTo(10, 0);
});

test("a change of speed in mid-play counts each part at its own speed", async () => {
  await follow();
  film.play();
  await film.run(10);
  film.playbackRate = 2;
  film.tell("ratechange");
  await film.run(10);
  film.pause();
  await vi.advanceTimersByTimeAsync(1000);
  expect(sidecar.row().timeSpentSeconds).toBeCloseTo(20, 1);
  expect(sync.getState().watchedSeconds).toBeCloseTo(30, 1);
});

test("a live stream has a position and no length", async () => {
  film.duration = Infinity;
  await follow();
  film.play();
  await film.run(5);
  film.pause();
  await vi.advanceTimersByTimeAsync(1000);
  expect(sidecar.updates.at(-1)).toMatchObject({ currentTime: 5 });
  expect(sidecar.updates.some((update) => "duration" in update || "percentage" in update)).toBe(false);
});

test("another source of the same film goes on where the learner was, and its start overwrites nothing", async () => {
  await follow();
  film.play();
  await film.run(60);
  film.readyState = 0;
  film.paused = true;
  film.currentTime = 0;
  film.tell("emptied");
  film.tell("timeupdate");
  film.play();
  film.readyState = 1;
  film.tell("loadedmetadata");
  expect(film.currentTime).toBeCloseTo(60, 0);
  film.tell("seeked");
  await film.run(5);
  film.pause();
  await vi.advanceTimersByTimeAsync(1000);
  expect(sidecar.row().positionSeconds).toBeCloseTo(65, 0);
  expect(sidecar.row().seekEvents).toBe(0);
});

test("a learner who presses play before it is known where they were is taken there all the same", async () => {
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: 120, percentage: 40, completed: false, lastWatchedAt: new Date().toISOString() });
  sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  sync.attachVideo(film.element);
  film.play();
  film.tell("timeupdate");
  await vi.advanceTimersByTimeAsync(0);
  expect(film.currentTime).toBe(120);
  expect(sync.getState().isDirty).toBe(false);
});

test("without resuming the film starts where the page puts it", async () => {
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: 120, percentage: 40, completed: false, lastWatchedAt: new Date().toISOString() });
  sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  sync.attachVideo(film.element, { resume: false });
  await vi.advanceTimersByTimeAsync(0);
  expect(film.currentTime).toBe(0);
});

test("an audio lesson is followed like a film", async () => {
  const audio = document.createElement("audio");
  sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  Object.defineProperties(audio, { duration: { value: 300 }, currentTime: { value: 42 }, readyState: { value: 4 }, paused: { value: false } });
  sync.attachVideo(audio);
  await vi.advanceTimersByTimeAsync(0);
  audio.dispatchEvent(new Event("timeupdate"));
  audio.dispatchEvent(new Event("ended"));
  await vi.advanceTimersByTimeAsync(0);
  expect(sidecar.row().positionSeconds).toBe(42);
});

test.each<[string, () => Promise<void>, unknown[]]>([
  ["at a pause of 20 s", async () => {
    film.pause();
    await vi.advanceTimersByTimeAsync(20_000);
  }, [undefined, true]],
  ["not before", async () => {
    film.pause();
    await vi.advanceTimersByTimeAsync(19_000);
  }, [undefined]],
  ["not at a shorter one", async () => {
    film.pause();
    await vi.advanceTimersByTimeAsync(19_000);
    film.play();
    await film.run(2);
  }, [undefined]],
  ["20 s after a seek in it, with the seek", async () => {
    film.pause();
    await vi.advanceTimersByTimeAsync(15_000);
    film.seek(100);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(sidecar.updates).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
  }, [undefined, true]],
  ["for a tab that is closed in it, at once", async () => {
    film.pause();
    await vi.advanceTimersByTimeAsync(3000);
    window.dispatchEvent(new Event("pagehide"));
    await vi.advanceTimersByTimeAsync(0);
  }, [undefined, true]],
  ["with the end of the film", async () => {
    film.duration = 60;
    await film.run(52);
    film.end();
    await vi.advanceTimersByTimeAsync(60_000);
  }, [undefined, undefined, true]],
])("that the learner leaves is said %s", async (_, act, said) => {
  await follow();
  film.play();
  await film.run(5);
  await act();
  expect(sidecar.updates.map(({ leaving }) => leaving)).toEqual(said);
});
