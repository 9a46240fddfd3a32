import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import { Film, Scribe } from "./film.js";
import { LESSON, Sidecar } from "./server.js";

let film: Film;
let first: Scribe;
let second: Scribe;

beforeEach(() => {
  vi.useFakeTimers();
  film = new Film();
  first = new Scribe("1", 0);
  second = new Scribe("2", 0);
});

afterEach(() => {
  vi.useRealTimers();
});

const NEXT = "https://lms.example/next.mp4";

/** Lesson 1 is seen for so long, then the page shows lesson 2 in the same element. */
async function change(seconds = 267) {
  const following = first.follow(film);
  film.play();
  await film.run(seconds);
  following.end();
  return second.follow(film);
}

test("a lesson gets nothing from the film of the one before, which is there until its own is fetched", async () => {
  await change();
  await film.run(0.5);
  film.pause();
  film.seek(0);
  film.end();
  expect(second.told).toEqual([]);
  film.load(NEXT);
  film.loaded();
  film.seek(100);
  film.play();
  await film.run(3);
  expect(second.positions[0]).toBe(100);
  expect(second.positions.at(-1)).toBe(103);
  expect(second.seeks).toBe(1);
});

test("a source that is taken away before the next one is known is no other film yet", async () => {
  const following = first.follow(film);
  film.play();
  await film.run(100);
  film.readyState = film.currentTime = 0;
  film.paused = true;
  film.tell("emptied");
  following.end();
  second.follow(film);
  film.currentSrc = NEXT;
  film.tell("loadstart");
  film.loaded();
  film.seek(30);
  expect(second.positions).toEqual([30]);
});

test("the next film goes on where the learner was in it, and the one before goes nowhere", async () => {
  second.place = 120;
  await change(100);
  film.seek(0);
  expect(film.currentTime).toBe(0);
  film.load(NEXT);
  film.loaded();
  expect(film.currentTime).toBe(120);
});

test("a film that was there before its lesson was is followed at once", async () => {
  const following = first.follow(film);
  film.play();
  await film.run(20);
  film.load(NEXT);
  following.end();
  second.follow(film);
  film.loaded();
  film.play();
  await film.run(2);
  expect(second.positions.at(-1)).toBe(2);
  expect(first.positions.at(-1)).toBe(20);
});

test("a lesson with the same film as the one before counts when the learner starts it", async () => {
  await change(60);
  film.pause();
  expect(second.told).toEqual([]);
  film.play();
  await film.run(2);
  expect(second.positions.at(-1)).toBe(62);
});

test("a lesson that is left before its film came leaves nothing to the one after it", async () => {
  (await change(100)).end();
  const third = new Scribe("3", 0);
  third.follow(film);
  await film.run(3);
  expect([...second.told, ...third.told]).toEqual([]);
  // Back to the lesson whose film it is.
  first.told = [];
  first.follow(film);
  await film.run(1);
  expect(first.positions.at(-1)).toBe(104);
});

test("a client that ends and starts again waits for nothing", async () => {
  const following = first.follow(film);
  film.play();
  await film.run(20);
  following.end();
  first.told = [];
  first.follow(film);
  await film.run(1);
  expect(first.positions.at(-1)).toBe(21);
});

test("a player that feeds the element itself, under an address without a meaning, tells of another film by emptied", async () => {
  film.currentSrc = "";
  await change();
  await film.run(1);
  expect(second.told).toEqual([]);
  film.readyState = 0;
  film.tell("emptied");
  film.currentTime = 0;
  film.loaded();
  await film.run(2);
  expect(second.positions.at(-1)).toBe(2);
});

test("the rows of two lessons have each their own film", async () => {
  const sidecar = new Sidecar();
  const client = (lessonId: string) =>
    createProgressSync({ ...LESSON, lessonId, fetch: sidecar.fetch, storage: null, events: false });
  const [one, two] = [client("one"), client("two")];
  const end = one.attachVideo(film.element);
  await vi.advanceTimersByTimeAsync(0);
  film.play();
  await film.run(267);
  end();
  two.attachVideo(film.element);
  await film.run(0.5);
  film.load(NEXT);
  film.loaded();
  film.play();
  await film.run(3);
  film.pause();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sidecar.row("one")).toMatchObject({ percentage: 89 });
  expect(sidecar.row("two")).toMatchObject({ percentage: 1, positionSeconds: 3 });
  one.destroy();
  two.destroy();
});

test("what is no media element is refused at once", () => {
  const sync = createProgressSync({ ...LESSON, fetch: new Sidecar().fetch, storage: null, events: false, autoStart: false });
  expect(() => sync.attachVideo(null as unknown as HTMLMediaElement)).toThrow(TypeError);
});
