import { problem, REFUSED, type Ask, type WireRecord, type WireSync } from "./http.js";
import type { Queue } from "./queue.js";
import type { Facts, Settings } from "./state.js";
import type { ProgressError, StoredUpdate } from "./types.js";
import { wire } from "./update.js";

/** Longest wait between attempts, on average. */
export const PROBE = 60_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

/** Whose wait may be cut short: nobody's, our own, or the one that the server asked for, too. */
export type Cut = 0 | 1 | 2;

/** Exponential, and random from nothing to twice that, so that pages which failed together don't come back together. */
export const backoff = (first: number, attempt: number) => Math.min(PROBE, first * 2 ** attempt) * 2 * Math.random();

/** Sends what the queue holds, one request at a time, and again until it is accepted. */
export function createSender(
  o: Settings,
  facts: Facts,
  ask: Ask,
  queue: Queue,
  changed: () => void,
  /** So many updates of the lesson, or a reset, are on the sidecar's disk, which makes this record. */
  accepted: (count?: number, record?: WireRecord | null, sync?: WireSync) => void,
) {
  let inFlight: StoredUpdate[] = [];
  /** The request under way, and what follows from its answer. */
  let round: Promise<unknown> | undefined;
  let windowTimer: Timer, retryTimer: Timer;
  /** Who asked for the wait. */
  let waitOf: Cut = 0;
  /** What may still grow is to be sent. */
  let due = false;

  const post = (batch: StoredUpdate[]) => ask("POST", "progress", wire(batch, o.enableCompression));
  const forgetLesson = () => ask("DELETE", "progress?");

  function send(cut: Cut = 0) {
    if (facts.sending) return;
    if (retryTimer && cut < waitOf) return changed();
    retryTimer = void clearTimeout(retryTimer);
    if (!due && !queue.frozen()[0] && !facts.resets) return;
    facts.sending = work().finally(() => {
      facts.sending = undefined;
      changed();
      send();
    });
    changed();
  }

  async function work() {
    while (await (round = once()));
  }

  /** Sends one request. Tells whether there may be more to send. */
  async function once(): Promise<boolean | void> {
    if (due && !queue.frozen()[0]) {
      due = false;
      queue.freeze();
    }
    const done = facts.resets;
    const batch = done ? [] : queue.frozen().slice(0, o.batchSize);
    if (!done && !batch[0]) return;
    if (!done) await queue.write(batch);
    // A reset drops what came before it.
    if (done !== facts.resets) return true;
    inFlight = batch;
    const { body, error, retryAfter } = await (done ? forgetLesson() : post(batch));
    inFlight = [];
    if (error?.status === 413 && batch[1]) {
      o.batchSize = batch.length >> 1;
      return true;
    }
    let wrong: ProgressError | undefined;
    // What the sidecar refuses by name is no better next time; all else is kept until it is accepted.
    const settled = batch.filter((_, index) => {
      const said = body.errors?.find((item) => item.index === index);
      if (!said) return !error && body.progress?.[index];
      wrong = problem(said.status, said.detail);
      return REFUSED.includes(said.status);
    });
    const again = done ? error || !body.progress : settled.length < batch.length;
    if (done && !again) {
      facts.resets = undefined;
      accepted(1, body.progress as WireRecord | undefined, body.sync);
      done.forEach((resolved) => resolved());
    } else {
      const recordOf = (item?: StoredUpdate) => body.progress?.[batch.indexOf(item!)];
      const taken = queue.own().filter(recordOf);
      accepted(taken.length, recordOf(taken[taken.length - 1]), body.sync);
    }
    queue.drop(settled);
    if (settled[0] || done && !again) facts.since = queue.own()[0] && Date.now();
    facts.error = wrong ??= error;
    const failures = facts.retryCount;
    facts.retryCount = again ? failures + 1 : 0;
    if (again) {
      waitOf = retryAfter ? 2 : 1;
      retryTimer = setTimeout(() => {
        retryTimer = undefined;
        send();
      }, retryAfter + backoff(o.retryDelayMs, failures < o.maxRetries ? failures : Infinity));
    }
    // Last, since the application may fail in it.
    if (wrong && (!again || failures <= o.maxRetries)) o.onError?.(wrong);
    if (again) return;
    changed();
    return true;
  }

  const flush = (cut?: Cut) => {
    windowTimer = void clearTimeout(windowTimer);
    due = !!queue.frozen(false)[0];
    // The learner may close the page next.
    queue.keep();
    send(cut);
  };

  return {
    send,
    flush,
    /** Sends what is there, whoever asked for a wait. Tells whether it is accepted; tried once, and not again on a failure. */
    async deliver() {
      const mine = queue.freeze();
      const held = () => facts.resets || queue.frozen().some((item) => mine.includes(item));
      for (let tried = false; held() && !(tried && !facts.sending);) {
        if (!facts.sending) {
          tried = true;
          send(2);
        }
        // The application may fail in its callback.
        await round?.catch(() => {});
      }
      return !held();
    },
    /** There is something new. */
    later: () => (windowTimer ??= setTimeout(flush, o.intervalMs)),
    /** The server is to forget the lesson, before it hears anything else of it. */
    reset() {
      queue.drop(queue.own());
      return new Promise<void>((done) => {
        (facts.resets ??= []).push(done);
        send();
      });
    },
    /** Sends what it can while the page goes away, without waiting for anything. */
    leave() {
      void queue.write(queue.freeze());
      const rest = queue.frozen().filter((item) => !inFlight.includes(item));
      if (facts.resets) void forgetLesson();
      if (rest[0]) void post(rest.slice(-o.batchSize));
    },
  };
}
