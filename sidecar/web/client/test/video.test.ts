import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import type { ProgressSync } from "../src/index.js";
import { LESSON, Sidecar } from "./server.js";

/** A media element that does what the events of a browser's would tell. */
class Film extends EventTarget {
  currentTime = 0;
  duration = 300;
  playbackRate = 1;
  paused = true;
  seeking = false;
  ended = false;
  readyState = 4;

  tell(event: string): void {
    this.dispatchEvent(new Event(event));
  }

  play(): void {
    this.paused = false;
    this.tell("play");
  }

  async run(seconds: number): Promise<void> {
    for (let i = 0; i < seconds * 4; i++) {
      await vi.advanceTimersByTimeAsync(250);
      this.currentTime += this.playbackRate / 4;
      this.tell("timeupdate");
    }
  }

  seek(to: number): void {
    this.seeking = true;
    this.currentTime = to;
    this.tell("seeking");
    this.tell("timeupdate");
    this.seeking = false;
    this.tell("seeked");
  }

  pause(): void {
    this.paused = true;
    this.tell("pause");
  }

  end(): void {
    this.currentTime = this.duration;
    this.ended = this.paused = true;
    this.tell("timeupdate");
    this.tell("pause");
    this.tell("ended");
  }
}

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

const video = () => film as unknown as HTMLMediaElement;

async function follow(): Promise<() => void> {
  sync = createProgressSync({ ...LESSON, fetch: sidecar.fetch, storage: null, events: false });
  const end = sync.attachVideo(video());
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
