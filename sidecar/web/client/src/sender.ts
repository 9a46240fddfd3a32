import { callApplication } from "./application.js";
import { backoff } from "./backoff.js";
import type { Ask } from "./connection.js";
import { problem, type Answer } from "./http.js";
import type { Queue } from "./queue.js";
import type { Settings } from "./state.js";
import type { ProgressError, StoredUpdate, Update } from "./types.js";
import { rounded, stamped } from "./update.js";
import { askWorker } from "./worker.js";
import type { WireRecord, WireSync } from "./wire.js";

/** Why something is sent before it is due: the network or the page or the session is back, or the learner wants it. */
export type Reason = "back" | "forced";

/** Who wants to wait before the next attempt. */
export type Waiter = "client" | "server";

/** Whether something may be sent, for a reason or because it is due, while somebody or nobody wants to wait. */
export const maySend = (reason?: Reason, waiter?: Waiter): boolean =>
  !waiter || reason === "forced" || reason === "back" && waiter === "client";

/** What came of a request with updates. */
export interface Outcome {
  /** Those that are not sent again: accepted, or refused for good. */
  finished: StoredUpdate[];
  /** Why one was refused, or the request failed. */
  failure?: ProgressError;
}

/** What the sidecar refuses by name is no better next time; all else is sent again until it is accepted. */
export function outcomeOf(batch: StoredUpdate[], { body, error }: Answer): Outcome {
  let refusal: ProgressError | undefined;
  const finished = batch.filter((_, index) => {
    const refused = body.errors?.find((item) => item.index === index);
    if (!refused) return !error && body.progress?.[index];
    refusal = problem(refused.status, refused.detail);
    return refusal.kind === "validation";
  });
  return { finished, failure: refusal ?? error };
}

/** Sends what the queue has, one request at a time, and again until it is accepted. */
export function createSender(
  o: Settings, ask: Ask, queue: Queue, changed: () => void,
  /** Acts on what the sidecar has accepted: so many updates of the lesson, or a reset, of which it makes this record. */
  accepted: (count: number, record?: WireRecord | null, sync?: WireSync) => void,
) {
  let retryCount = 0;
  let error: ProgressError | undefined;
  /**
   * Since when something has been in this browser alone, in Unix milliseconds; an interval before it was first sent, if that
   * was before it was due.
   */
  let since: number | undefined;
  /** Those who wait for a reset that is not accepted yet. */
  let resets: (() => void)[] | undefined;
  /** The request under way, with what follows from its answer. */
  let attempt: Promise<boolean> | undefined;
  let inFlight: StoredUpdate[] = [];
  let intervalTimer: ReturnType<typeof setTimeout> | undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let waiter: Waiter | undefined;
  /** What is growing is to be sent, too. */
  let isDue = false;

  const post = (batch: StoredUpdate[]) =>
    ask("POST", "progress", JSON.stringify(stamped(batch), o.enableCompression ? rounded : undefined), { updates: batch.length, retryCount });
  const forgetLesson = () => ask("DELETE", "progress?");

  function send(reason?: Reason) {
    if (attempt) return;
    if (!maySend(reason, waiter)) return changed();
    clearTimeout(retryTimer);
    waiter = undefined;
    if (!isDue && !queue.frozen()[0] && !resets) return;
    void sendAll().finally(() => {
      attempt = undefined;
      changed();
      send();
    });
    changed();
  }

  async function sendAll() {
    while (await (attempt = sendOne()));
  }

  /** Sends one request. Tells whether there may be more to send. */
  async function sendOne(): Promise<boolean> {
    if (isDue && !queue.frozen()[0]) {
      isDue = false;
      queue.freeze();
    }
    if (resets) return sendReset();
    const batch = queue.frozen().slice(0, o.batchSize);
    if (!batch[0]) return false;
    await queue.write(batch);
    // A reset drops what came before it.
    if (resets) return true;
    inFlight = batch;
    // What is sent before the interval is over is due from then on.
    since = Math.min(since!, Date.now() - o.intervalMs) || undefined;
    const answer = await post(batch);
    inFlight = [];
    if (answer.error?.status === 413 && batch[1]) {
      o.batchSize = batch.length >> 1;
      return true;
    }
    const { progress, sync } = answer.body;
    const recordOf = (item?: StoredUpdate) => progress?.[batch.indexOf(item!)];
    const taken = queue.own().filter(recordOf);
    accepted(taken.length, recordOf(taken[taken.length - 1]), sync);
    const { finished, failure } = outcomeOf(batch, answer);
    void queue.remove(finished);
    return conclude(!!finished[0], finished.length === batch.length, answer.retryAfter, failure);
  }

  async function sendReset(): Promise<boolean> {
    const { body, error, retryAfter } = await forgetLesson();
    const isAccepted = !error && !!body.progress;
    if (isAccepted) {
      accepted(1, body.progress as WireRecord | undefined, body.sync);
      resets!.forEach((done) => done());
      resets = undefined;
    }
    return conclude(isAccepted, isAccepted, retryAfter, error);
  }

  /** Takes in that a request finished something, all of it, or neither. Tells whether there may be more to send. */
  function conclude(hasFinished: boolean, isDone: boolean, retryAfter: number, failure?: ProgressError): boolean {
    if (hasFinished) since = queue.own()[0] && Date.now();
    error = failure;
    retryCount = isDone ? 0 : retryCount + 1;
    if (!isDone) {
      askWorker();
      waiter = retryAfter ? "server" : "client";
      retryTimer = setTimeout(() => {
        waiter = undefined;
        send();
      }, retryAfter + backoff(o.retryDelayMs, retryCount > o.maxRetries ? Infinity : retryCount - 1));
    }
    if (failure && retryCount <= o.maxRetries + 1) void callApplication(() => o.onError?.(failure));
    if (isDone) changed();
    return isDone;
  }

  /** Sends all that is there, unless a wait forbids it. */
  function flush(reason?: Reason) {
    clearTimeout(intervalTimer);
    intervalTimer = undefined;
    isDue = !!queue.growing()[0];
    // The learner may close the page next.
    queue.keep();
    send(reason);
  }

  return {
    facts: () => ({ retryCount, error, since, resets }),
    flush,

    /** Adds a change to what is sent within so many milliseconds of the first one that is not sent, or at once. */
    add(change: Partial<Update>, within: number | false) {
      queue.add(change);
      since ??= Date.now();
      if (within) intervalTimer ??= setTimeout(flush, within);
      else flush();
    },

    /** Sends what the queue has taken over from pages that are gone. */
    send() {
      if (queue.own()[0]) since ??= Date.now();
      send();
    },

    /** Sends what is there at the call, within a wait too, and once. Tells whether it is accepted. */
    async deliver(): Promise<boolean> {
      const mine = queue.freeze();
      const isUnsent = () => resets || queue.frozen().some((item) => mine.includes(item));
      const untilAnswered = async () => {
        while (attempt && isUnsent()) await attempt;
      };
      await untilAnswered();
      if (isUnsent()) send("forced");
      await untilAnswered();
      return !isUnsent();
    },

    /** Has the server forget the lesson before it hears anything else of it. Resolves when it has. */
    reset(): Promise<void> {
      void queue.remove(queue.own());
      since = Date.now();
      return new Promise<void>((done) => {
        (resets ??= []).push(done);
        send();
      });
    },

    /** Drops the updates of the lesson. */
    discard() {
      void queue.remove(queue.own());
      since = error = undefined;
      retryCount = 0;
    },

    /** Sends what it can while the page goes away, without waiting for anything. */
    leave() {
      const all = queue.freeze();
      void queue.write(all);
      const rest = all.filter((item) => !inFlight.includes(item));
      if (resets) void forgetLesson();
      if (rest[0]) void post(rest.slice(-o.batchSize));
    },
  };
}
