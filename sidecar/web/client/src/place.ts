import type { WireRecord } from "./http.js";
import type { Facts } from "./state.js";
import type { Update } from "./types.js";

/** Farther apart than this, two places are not the same, in seconds. */
const APART = 5;

/** Where nothing is known of the length, a lesson has begun after so many seconds. */
const BEGUN = 10;

/** Whether a place is one to go on from: not where the lesson begins, nor where it is as good as over. Both in seconds. */
export function worthResuming(position: number, duration?: number): boolean {
  if (!(duration! > 0 && duration! < Infinity)) return position > BEGUN;
  const part = position / duration!;
  return part > 0.05 && part < 0.9;
}

/** Keeps positions from overwriting one that the learner reached before and nobody here has seen. */
export function createPlace(facts: Facts) {
  let known = false;
  /** The learner went somewhere before it was known. */
  let chose = false;
  /** The last position that was not sent. */
  let withheld: Partial<Update> | undefined;

  return {
    isKnown: () => known,
    /** The learner, or the application for them, is where they want to be. */
    choose: () => void (chose = true),

    /** What of a change may be sent. */
    pass(change: Partial<Update>): Partial<Update> {
      const { currentTime, duration, seekEvents } = change;
      const { resumeAt } = facts;
      if (seekEvents) chose = true;
      if (resumeAt !== null && (seekEvents || currentTime! >= resumeAt)) facts.resumeAt = null;
      if (known && facts.resumeAt === null) return change;
      withheld = { currentTime, duration, occurredAt: Date.now() };
      return { ...change, currentTime: undefined };
    },

    /**
     * The server told where the learner was. Offers to go on there if the learner plays elsewhere, and goes on offering it until
     * they decide; if not, returns what was not sent. `newer` means that another device got there after the last thing that
     * was done here.
     */
    know({ positionSeconds = 0, durationSeconds }: WireRecord, here: number | undefined, newer?: boolean): Partial<Update> | undefined {
      const length = durationSeconds || withheld?.duration;
      const elsewhere = facts.resumeAt !== null || here !== undefined && (known ? newer && Math.abs(positionSeconds - here) > APART : !chose && positionSeconds > here);
      known = true;
      if (elsewhere && worthResuming(positionSeconds, length)) facts.resumeAt = positionSeconds;
      else return this.release();
    },

    /** The learner is where they want to be, or nothing is to be overwritten. Returns what was not sent. */
    release() {
      const last = withheld;
      known = true;
      facts.resumeAt = null;
      withheld = undefined;
      return last;
    },
  };
}
