import type { Update } from "./types.js";

/** Farther apart than this, two places are not the same, in seconds. */
const APART = 5;

/** Where nothing is known of the length, a lesson has begun after so many seconds. */
const BEGUN = 10;

/** Whether a place is one to go on from: not where the lesson begins, nor where it is as good as over. Both in seconds. */
export function isWorthResuming(position: number, duration?: number): boolean {
  const share = position / duration!;
  return share > 0 && share < Infinity ? share > 0.05 && share < 0.9 : position > BEGUN;
}

/** Keeps positions from overwriting one that the learner reached before and nobody here has seen. */
export function createPlace() {
  /** The server has told where the learner was, or they have gone somewhere themselves. */
  let isKnown = false;
  /** The application puts the learner where they want to be. */
  let hasChosen: true | undefined;
  /** Where the learner could go on, in seconds; null if nothing is offered. */
  let resumeAt: number | null = null;
  /** The last position that was not sent. */
  let withheld: Partial<Update> | undefined;

  /** Ends the offer, if there is one. Returns what was not sent. */
  function release() {
    const last = withheld;
    isKnown = true;
    resumeAt = null;
    withheld = undefined;
    return last;
  }

  return {
    isKnown: () => isKnown,
    resumeAt: () => resumeAt,
    release,

    /** No place is to be offered that becomes known late. */
    choose() {
      hasChosen = true;
    },

    /** The part of a change that may be sent. */
    pass(change: Partial<Update>): Partial<Update> {
      const { currentTime, duration, seekEvents } = change;
      // Who seeks, or plays past the offered place, is where they want to be.
      if (seekEvents || resumeAt !== null && currentTime! >= resumeAt) release();
      if (isKnown && resumeAt === null) return change;
      withheld = { currentTime, duration, occurredAt: Date.now() };
      return { ...change, currentTime: undefined };
    },

    /**
     * Takes in where the learner was, and how long the server holds the lesson to be. If they play elsewhere it is offered to
     * go on there, until they decide; if not, returns what was not sent. `here` is where they are in this page, undefined
     * before anything was played, when nothing is elsewhere; `isNewer` says that another device got there after that.
     */
    learn(there: number, duration: number | undefined, here: number | undefined, isNewer?: boolean): Partial<Update> | undefined {
      const isElsewhere = resumeAt !== null || (isKnown ? isNewer && Math.abs(there - here!) > APART : !hasChosen && there > here!);
      if (!isElsewhere || !isWorthResuming(there, duration || withheld?.duration)) return release();
      isKnown = true;
      resumeAt = there;
    },
  };
}
