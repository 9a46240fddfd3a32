import { now, instant, positionOf, type WireRecord } from "./http.js";
import { addSegment, watched, type Segments } from "./segments.js";
import type { Settings } from "./state.js";
import type { ProgressDetails, ProgressState, Update } from "./types.js";

type Standing = Pick<ProgressState, "progressSeconds" | "watchedPercentage" | "completed">;

const START: Standing = { progressSeconds: 0, watchedPercentage: 0, completed: false };

/** What the learner has done in one lesson, as far as is known here. */
export function createLesson(o: Settings) {
  let local = START;
  let accepted = START;
  /** When the local position was reached. */
  let at = 0;
  let segments: Segments = [];
  /** Seconds that the server knows to be seen, of which nobody knows which. */
  let elsewhere = 0;
  /** What earlier pages have seen is among the segments. */
  let complete = false;
  let last: { position: number; at: number; speed: number } | undefined;

  const seen = () => Math.max(elsewhere, watched(segments));

  return {
    shown: () => ({ ...(o.enableOptimisticUpdates ? local : accepted), watchedSeconds: seen() }),
    segments: () => complete ? segments : undefined,

    /** When the position was reached, by the server's clock, in Unix milliseconds. */
    at: () => at,

    /** Where the learner is in this page; undefined before anything was played in it. */
    here: () => last?.position,

    /** What the call tells beyond the ones before it, and whether it completes the lesson. */
    move(currentTime: number, duration: number, details: ProgressDetails = {}): [Partial<Update>, boolean] {
      const { seekEvents = 0, pauseEvents = 0, playbackSpeed, jumped } = details;
      // A media element says NaN until it knows, and Infinity for a live stream.
      const length = duration > 0 && duration < Infinity ? duration : undefined;
      const speed = playbackSpeed! > 0 ? playbackSpeed : undefined;
      const time = Date.now();
      const step = last && !seekEvents && !jumped ? currentTime - last.position : 0;
      let watchedDelta = 0;
      // Farther than playing could have got since the last call is a jump, not watched.
      if (last && step > 0 && step <= (time - last.at) / 1e3 * last.speed * 1.25 + 1) {
        watchedDelta = step / last.speed;
        segments = addSegment(segments, [last.position, currentTime]);
      }
      last = { position: currentTime, at: time, speed: speed ?? 1 };
      const percentage = length && Math.min(100, 100 * (o.percentage === "watched" ? seen() : currentTime) / length);
      const before = local.completed;
      at = now();
      local = lift(local, { currentTime, percentage, completed: percentage! >= o.completionThreshold });
      return [
        {
          currentTime, duration: length, percentage, playbackSpeed: speed,
          watchedDelta, watchedDuration: seen(), seekEvents, pauseEvents,
        },
        local.completed !== before,
      ];
    },

    /** Takes in what is known elsewhere; the newest position counts, wherever it is from. */
    learn(record: WireRecord & Partial<Update>, byServer?: boolean, when = instant(record)) {
      const newer = when > at;
      local = lift(local, record, newer);
      if (newer) at = when;
      if (byServer) accepted = lift(accepted, record);
      elsewhere = Math.max(elsewhere, record.watchedSeconds ?? 0);
    },

    /** Goes on with what earlier pages of this browser have seen. */
    restore(earlier: Segments) {
      segments = earlier.reduce(addSegment, segments);
      complete = true;
    },

    reset() {
      local = accepted = START;
      at = now();
      segments = [];
      elsewhere = 0;
      last = undefined;
    },
  };
}

/** Percentages and completion only rise. */
const lift = (to: Standing, from: WireRecord & Partial<Update>, move = true): Standing => {
  const { currentTime = positionOf(from), percentage = 0, completed } = from;
  return {
    progressSeconds: move && currentTime !== undefined ? currentTime : to.progressSeconds,
    watchedPercentage: Math.max(to.watchedPercentage, percentage),
    completed: to.completed || !!completed,
  };
};
