import { serverTime } from "./clock.js";
import { unite, watched, type Segments } from "./segments.js";
import type { Settings, Shown } from "./state.js";
import type { ProgressDetails, Update } from "./types.js";
import { positionOf, timeOf, type WireRecord } from "./wire.js";

type Standing = Omit<Shown, "watchedSeconds" | "watchedSegments">;

const START: Standing = { progressSeconds: 0, watchedPercentage: 0, completed: false };

/** A film may have played this much faster than it says, since clocks are not exact. */
const LENIENCE = 1.25;
/** And so much longer, since its events come late, in seconds. */
const SLACK = 1;

/** From this length on it is a live stream, whose player gives a number for endless, in seconds: it has no length. */
const ENDLESS = 1e6;

/** To a tenth of a second, which is more than the sidecar keeps. Stretches that meet do so afterwards, too. */
const tenth = (seconds: number) => +seconds.toFixed(1);

/** What the learner has done in one lesson, as far as it is known here. */
export function createLesson(o: Settings) {
  /** By all that was done here, and that was heard of other pages and devices. */
  let local = START;
  /** By what the server has. */
  let accepted = START;
  let isOnServer = false;
  /** When the local position was reached, by the server's clock, in Unix milliseconds. */
  let reachedAt = 0;
  let segments: Segments = [];
  /** Seconds that the server knows to be seen, of which nobody knows which. */
  let seenElsewhere = 0;
  /** What earlier pages have seen is among the segments. */
  let isRestored = false;
  let last: { position: number; at: number; speed: number } | undefined;
  /** How long the lesson is, in seconds; undefined for unknown. */
  let length: number | undefined;
  /** How long the player said that it is at the last call. */
  let said: number;

  const isComplete = (percentage?: number) => percentage! >= o.completionThreshold;
  const watchedSeconds = () => Math.max(seenElsewhere, watched(segments));

  /** Takes in what was done at that time, by the server's clock; the newest position counts, wherever it is from. */
  function learn(record: WireRecord & Partial<Update>, when = timeOf(record)) {
    const isNewer = when > reachedAt;
    local = lift(local, record, isNewer);
    if (isNewer) reachedAt = when;
    seenElsewhere = Math.max(seenElsewhere, record.watchedSeconds ?? 0);
    segments = unite(segments, record.watchedSegments);
  }

  return {
    shown: (): Shown => ({ ...(o.enableOptimisticUpdates ? local : accepted), watchedSeconds: watchedSeconds(), watchedSegments: segments }),
    isOnServer: () => isOnServer,

    /** What was seen of the lesson; undefined until that includes what earlier pages have seen. */
    segments: () => isRestored ? segments : undefined,

    reachedAt: () => reachedAt,

    /** Where the learner is in this page, in seconds; undefined before anything was played in it. */
    here: () => last?.position,

    /** What the call tells beyond the ones before it, and whether it completes the lesson. */
    move(currentTime: number, duration: number, details: ProgressDetails = {}): [change: Partial<Update>, completes: boolean] {
      const { seekEvents = 0, pauseEvents = 0, playbackSpeed, jumped } = details;
      // A media element says NaN until it knows, and Infinity for a live stream. Another length counts when it is said
      // again: where hls.js changes the quality, the film ends for a moment where it is.
      if (duration === said || !length) length = duration > 0 && duration < ENDLESS ? duration : undefined;
      said = duration;
      const speed = playbackSpeed! > 0 ? playbackSpeed : undefined;
      const at = Date.now();
      const step = last && !seekEvents && !jumped ? currentTime - last.position : 0;
      let watchedDelta = 0;
      let watchedSegments: Segments | undefined;
      // Farther than playing could have got since the last call is a jump, not watched.
      if (last && step > 0 && step <= (at - last.at) / 1e3 * last.speed * LENIENCE + SLACK) {
        watchedDelta = step / last.speed;
        segments = unite(segments, [[last.position, currentTime]]);
        if (length) watchedSegments = [[tenth(last.position), tenth(currentTime)]];
      }
      last = { position: currentTime, at, speed: speed ?? 1 };
      const watchedDuration = watchedSeconds();
      const percentage = length && Math.min(100, 100 * (o.percentage === "watched" ? watchedDuration : currentTime) / length);
      const before = local.completed;
      reachedAt = serverTime();
      local = lift(local, { currentTime, percentage, completed: isComplete(percentage) });
      return [
        { currentTime, duration: length, percentage, playbackSpeed: speed, watchedDelta, watchedDuration, watchedSegments, seekEvents, pauseEvents },
        local.completed !== before,
      ];
    },

    learn,

    /** Takes in what an earlier page of this browser has done. */
    recall: (update: Update) => learn({ completed: isComplete(update.percentage), ...update }, serverTime(update.occurredAt)),

    /** Takes in what the server has. */
    learnFromServer(record: WireRecord) {
      isOnServer = true;
      accepted = lift(accepted, record);
      learn(record);
    },

    /** Goes on with what earlier pages of this browser have seen. */
    restore(earlier: Segments) {
      segments = unite(segments, earlier);
      isRestored = true;
    },

    reset() {
      local = accepted = START;
      reachedAt = serverTime();
      segments = [];
      seenElsewhere = 0;
      last = undefined;
    },
  };
}

/** Percentages and completion only rise; the position is taken over if it is the newer one. */
function lift(to: Standing, from: WireRecord & Partial<Update>, isNewer = true): Standing {
  const { currentTime = positionOf(from), percentage = 0, completed } = from;
  return {
    progressSeconds: isNewer && currentTime !== undefined ? currentTime : to.progressSeconds,
    watchedPercentage: Math.max(to.watchedPercentage, percentage),
    completed: to.completed || !!completed,
  };
}
