import { backoff } from "./backoff.js";
import type { Ask } from "./connection.js";
import { inTime } from "./queue.js";
import type { Settings } from "./state.js";
import type { WireRecord, WireSync } from "./wire.js";

/** For how long what the server told is taken for all that other devices did, in milliseconds. */
const FRESH = 15_000;
/** Statuses of a server that can't be asked where the learner was, so that its answer is not worth waiting for. */
const NO_WAY = [404, 405, 501];

/** Asks the server where the learner was until it can tell. */
export function createArrival(
  o: Settings, ask: Ask, isRunning: () => boolean,
  /** Takes over what pages that are gone have left, which comes first. */
  takeOver: () => Promise<void>,
  /** Acts on what the server has told; with `isStale` that may be nothing, or less than it has. */
  arrived: (isStale: boolean, found?: WireRecord | null, sync?: WireSync) => void,
) {
  let isLoading = true;
  let isStale = false;
  /** The question under way. */
  let asking: object | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** When the server told it last, in Unix milliseconds. */
  let toldAt = 0;
  let failures = 0;

  async function load() {
    if (asking || !isRunning()) return;
    const mine = asking = {};
    clearTimeout(timer);
    const takingOver = inTime(takeOver());
    const { body, error, retryAfter } = await ask("GET", "progress?");
    await takingOver;
    if (asking !== mine) return;
    asking = undefined;
    toldAt = Date.now();
    isLoading = false;
    isStale = error ? !NO_WAY.includes(error.status!) : !!body.stale;
    if (!isStale) failures = 0;
    else if (isRunning()) timer = setTimeout(load, retryAfter + backoff(o.retryDelayMs, failures++));
    arrived(isStale, body.progress?.[0], body.sync);
  }

  return {
    facts: () => ({ isLoading, isStale }),
    load,

    /** The learner sees the page again: shows what other tabs and devices have done meanwhile. */
    refresh: () => isStale || Date.now() - toldAt > FRESH ? load() : takeOver(),

    /** Asks no more: after a reset an answer may be of what was there before. */
    forget() {
      asking = undefined;
      clearTimeout(timer);
      toldAt = Date.now();
      isLoading = isStale = false;
    },
  };
}
