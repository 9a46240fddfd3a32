import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Film, Scribe } from "./film.js";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A film whose player does not take every position. */
class Stubborn extends Film {
  /** Reads what a media element would tell of an assignment to `currentTime`. */
  takes = true;

  override get currentTime(): number {
    return super.currentTime;
  }

  override set currentTime(to: number) {
    if (this.takes) this.seek(to);
  }

  override seek(to: number): void {
    this.seeking = true;
    super.currentTime = to;
    this.tell("seeking");
    this.seeking = false;
    this.tell("timeupdate", "seeked", "canplay");
  }
}

/** Lets the film load and play, with what is wrong with its player. */
type Fault = (film: Stubborn) => void | Promise<void>;

const load = (film: Film, ...events: string[]) => {
  film.readyState = events.includes("canplay") ? 4 : 1;
  film.tell(...events);
};

// What the reports of these projects describe.
const FAULTS: [string, Fault][] = [
  ["goes there at once", (film) => {
    load(film, "loadedmetadata", "canplay");
    film.play();
  }],
  ["ignores it before it can play (video.js 4696, Plyr 1427)", (film) => {
    film.takes = false;
    load(film, "loadedmetadata");
    film.takes = true;
    load(film, "canplay");
    film.play();
  }],
  ["ignores it until the learner starts it (video.js 3025, wavesurfer.ts 13)", (film) => {
    film.takes = false;
    load(film, "loadedmetadata", "loadeddata", "canplay");
    film.takes = true;
    film.play();
  }],
  ["ignores it until it has played for a moment", async (film) => {
    film.takes = false;
    load(film, "loadedmetadata", "canplay");
    film.play();
    await film.run(0.5);
    film.takes = true;
  }],
  ["goes back to its own start with the first fragment (hls.js 2283)", (film) => {
    film.readyState = 1;
    film.takes = false;
    film.tell("loadedmetadata");
    film.takes = true;
    film.seek(0);
    load(film, "canplay");
    film.play();
  }],
  ["goes back to its start as it begins to play (video-js-swf 111)", (film) => {
    load(film, "loadedmetadata", "canplay");
    film.paused = false;
    film.tell("play");
    film.seek(0);
    film.tell("playing");
  }],
  ["shows the place for a moment and plays from the start, without a word (videogular 373)", async (film) => {
    load(film, "loadedmetadata", "canplay");
    film.play();
    film.tell("timeupdate");
    film.takes = false;
    Object.getOwnPropertyDescriptor(Film.prototype, "currentTime")!.set!.call(film, 0);
    film.takes = true;
  }],
];

test.each(FAULTS)("a learner goes on where they were in a player that %s, and nothing else is reported", async (_, fault) => {
  const film = new Stubborn();
  film.readyState = 0;
  const sync = new Scribe("l", 150);
  sync.follow(film);
  await fault(film);
  await film.run(5);
  expect(film.currentTime).toBeGreaterThan(153);
  expect(sync.positions.length).toBeGreaterThan(10);
  expect(sync.positions.filter((at) => at < 150)).toEqual([]);
  expect(sync.seeks).toBe(0);
});

test("Safari shows the place as soon as it can play, before it does (Plyr 208)", () => {
  const film = new Stubborn();
  const sync = new Scribe("l", 150);
  film.readyState = 0;
  sync.follow(film);
  film.takes = false;
  load(film, "loadedmetadata", "loadeddata");
  film.takes = true;
  load(film, "canplay");
  expect(film.currentTime).toBe(150);
});

test("a player that can't seek at all is left alone after some attempts, and followed from where it is", async () => {
  const film = new Stubborn();
  const sync = new Scribe("l", 150);
  let asked = 0;
  Object.defineProperty(film, "takes", { get: () => (asked++, false) });
  sync.follow(film);
  film.play();
  await film.run(30);
  expect(asked).toBeLessThan(8);
  expect(sync.positions.at(-1)).toBe(30);
});

test("where a server knows no ranges Chromium seeks to the start, and that is no seek of the learner's", async () => {
  const film = new Film();
  const sync = new Scribe("l", 150);
  const seek = film.seek.bind(film);
  Object.defineProperty(film, "currentTime", { get: () => at, set: () => seek((at = 0)) });
  let at = 0;
  sync.follow(film);
  film.play();
  for (let i = 0; i < 40; i++) {
    at += 0.25;
    film.tell("timeupdate");
  }
  expect(sync.positions.at(-1)).toBe(10);
  expect(sync.seeks).toBe(0);
});

test("a film that can play tells so after each seek, and no learner is fetched back for that (Plyr 1427)", async () => {
  const film = new Film();
  const sync = new Scribe("l", 150);
  sync.follow(film);
  film.seek(150);
  film.play();
  await film.run(5);
  film.seek(20);
  film.tell("canplay", "playing");
  await film.run(5);
  expect(film.currentTime).toBe(25);
  expect(sync.seeks).toBe(1);
});

test.each([[60], [0]])("a learner who goes to %i s before playing on stays there, and it is told", async (to) => {
  const film = new Film();
  const sync = new Scribe("l", 150);
  sync.follow(film);
  film.tell("seeking", "seeked", "canplay");
  film.seek(to);
  expect(film.currentTime).toBe(to);
  expect(sync.positions).toEqual([to]);
  expect(sync.seeks).toBe(1);
  film.play();
  await film.run(2);
  expect(sync.positions.at(-1)).toBe(to + 2);
});

test("a client that ends and starts again in the midst of it, as in React's strict mode, counts no seek", async () => {
  const film = new Film();
  const sync = new Scribe("l", 150);
  const first = sync.follow(film);
  film.seeking = true;
  first.end();
  sync.follow(film);
  film.seeking = false;
  film.tell("seeking", "timeupdate", "seeked");
  film.play();
  await film.run(3);
  expect(sync.seeks).toBe(0);
  expect(sync.positions[0]).toBeGreaterThanOrEqual(150);
});

/** Plays until the server's answer comes, which tells of another place. */
async function late(seconds: number, place: number, resume = true, before?: (film: Film) => void, resumeAt: number | null = place) {
  const film = new Film();
  const sync = new Scribe("l");
  sync.follow(film, { resume });
  film.play();
  await film.run(seconds);
  before?.(film);
  const told = sync.told.length;
  sync.learn(place, resumeAt);
  return { film, sync, told };
}

test("a learner who has just begun when it is known where they were is taken there", async () => {
  const { film, sync, told } = await late(5, 150);
  expect(sync.resumed).toBe(1);
  expect(film.currentTime).toBe(150);
  expect(sync.told.length).toBe(told);
  film.tell("seeking", "timeupdate", "seeked");
  await film.run(2);
  expect(sync.positions.slice(told).filter((at) => at < 150)).toEqual([]);
  expect(sync.positions.at(-1)).toBe(152);
  expect(sync.seeks).toBe(0);
});

test.each([
  ["has played for longer than ten seconds", 12, 150, true, undefined],
  ["has gone elsewhere", 5, 150, true, (film: Film) => film.seek(80)],
  ["was at the end", 5, 295, true, undefined],
  ["is on a page that wants to put them somewhere itself", 5, 150, false, undefined],
])("a learner who %s is not taken away from there when the answer comes", async (_, seconds, resumeAt, resume, before) => {
  const { film, sync } = await late(seconds, resumeAt, resume, before);
  expect(sync.resumed).toBe(0);
  const at = film.currentTime;
  await film.run(1);
  expect(film.currentTime).toBe(at + 1);
});

test("who is asked, and wants to, goes there", async () => {
  const { film, sync } = await late(20, 150);
  sync.resume();
  expect(film.currentTime).toBe(150);
});

test.each([[150], [null]])("a learner who sought to the start before the answer stays there", async (resumeAt) => {
  const { film, sync } = await late(5, 150, true, (film) => film.seek(0), resumeAt);
  sync.learn(150, null);
  expect(film.currentTime).toBe(0);
});
