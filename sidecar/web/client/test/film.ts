import { vi } from "vitest";
import type { AttachOptions, ProgressDetails, ProgressState } from "../src/index.js";
import { followVideo, type Following, type VideoTarget } from "../src/video.js";

/** How far apart Chromium tells where a film is, in milliseconds; test/traces.ts has it. */
export const CHROMIUM = 265;

/** A media element that does what the events of a browser's would tell. */
export class Film extends EventTarget {
  currentSrc = "https://lms.example/film.mp4";
  duration = 300;
  playbackRate = 1;
  paused = true;
  seeking = false;
  ended = false;
  readyState = 4;
  #at = 0;

  get currentTime(): number {
    return this.#at;
  }

  set currentTime(to: number) {
    this.#at = to;
  }

  get element(): HTMLMediaElement {
    return this as unknown as HTMLMediaElement;
  }

  tell(...events: string[]): void {
    for (const event of events) this.dispatchEvent(new Event(event));
  }

  play(): void {
    this.paused = false;
    this.tell("play", "playing");
  }

  /** Plays for so many seconds, and tells where it is each so many milliseconds. */
  async run(seconds: number, pace = 250): Promise<void> {
    for (let ms = pace; ms <= seconds * 1000; ms += pace) {
      await vi.advanceTimersByTimeAsync(pace);
      this.#at += (this.playbackRate * pace) / 1000;
      this.tell("timeupdate");
    }
  }

  /** What a browser tells when the position was set, by a learner or a script. */
  seek(to: number): void {
    this.seeking = true;
    this.#at = to;
    this.tell("seeking");
    this.seeking = false;
    this.tell("timeupdate", "seeked", "canplay");
  }

  pause(): void {
    this.paused = true;
    this.tell("pause");
  }

  end(): void {
    this.#at = this.duration;
    this.ended = this.paused = true;
    this.tell("timeupdate", "pause", "ended");
  }

  /** Another source, of which nothing is loaded yet. */
  load(source: string): void {
    this.currentSrc = source;
    this.readyState = this.#at = 0;
    this.paused = true;
    this.tell("emptied", "timeupdate", "loadstart");
  }

  loaded(): void {
    this.readyState = 4;
    this.tell("loadedmetadata", "loadeddata", "canplay");
  }

  /** Does what a real browser told; test/traces.ts says how that is written. */
  async repeat(trace: string): Promise<void> {
    let now = 0;
    for (const entry of trace.trim().split(/; |\n/)) {
      const [ms, event, at, flags = ""] = entry.split(" ");
      await vi.advanceTimersByTimeAsync(+ms! - now);
      now = +ms!;
      this.#at = +at!;
      [this.paused, this.seeking, this.ended] = [..."PSE"].map((flag) => flags.includes(flag)) as [boolean, boolean, boolean];
      this.tell(event!);
    }
  }
}

/** A client that only takes down what it is told. */
export class Scribe implements VideoTarget {
  told: ({ at: number } & ProgressDetails)[] = [];
  resumed = 0;
  flushed = 0;
  left = 0;
  #listeners = new Set<() => void>();
  #following: Following | undefined;

  constructor(
    readonly lesson: string,
    /** Where the learner was; undefined while nobody knows. */
    public place?: number,
    public resumeAt: number | null = null,
  ) {}

  follow(film: Film, options?: AttachOptions): Following {
    return (this.#following = followVideo(this, film.element, options));
  }

  /** The server's answer has come. */
  learn(place: number, resumeAt: number | null = null): void {
    Object.assign(this, { place, resumeAt });
    this.#listeners.forEach((listener) => listener());
  }

  get positions(): number[] {
    return this.told.map(({ at }) => at);
  }

  get seeks(): number {
    return this.told.reduce((sum, { seekEvents = 0 }) => sum + seekEvents, 0);
  }

  where = () => this.place;
  getState = () => ({ resumeAt: this.resumeAt }) as ProgressState;
  updateProgress = (at: number, _: number, details?: ProgressDetails) => void this.told.push({ at, ...details });
  flush = () => void this.flushed++;
  leave = () => void this.left++;

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  resume = () => {
    this.resumed++;
    const to = this.resumeAt!;
    this.learn(to);
    this.#following!.goTo(to);
  };
}
