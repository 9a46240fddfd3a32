import { now, request, type Ask, type WireRecord, type WireSync } from "./http.js";
import { createLesson } from "./lesson.js";
import { handle } from "./handlers.js";
import { createQueue, inTime, offline } from "./queue.js";
import { createSaved } from "./saved.js";
import { backoff, createSender } from "./sender.js";
import { DEFAULTS, statusOf, type Facts, type Settings } from "./state.js";
import { indexedDBStorage } from "./storage.js";
import type { ProgressState, ProgressStorage, ProgressSync, ProgressSyncOptions, Update } from "./types.js";
import { defined } from "./update.js";
import { followVideo } from "./video.js";

const KNOWN = 2;
const RUNS = 1;
const ENDS = 2;

let sharedStorage: ProgressStorage | undefined;

/** Follows one learner in one lesson. */
export function createProgressSync(options: ProgressSyncOptions): ProgressSync {
  const { endpoint, userId, courseId, lessonId, moduleId, storage } = options;
  const o: Settings = { ...DEFAULTS, ...defined(options) };
  const inBrowser = !!globalThis.window;
  const ids = defined({ userId, courseId, lessonId });
  const query = "?" + new URLSearchParams(ids as Record<string, string>);
  const base = endpoint + "/v1/";
  const ask: Ask = (method, what) => request(o, method, base + what + query);
  const listeners = new Set<() => void>();
  const facts: Facts = { isLoading: true, lastSyncedAt: null, retryCount: 0, waiting: 0 };
  const lesson = createLesson(o);
  const queue = createQueue(
    { ...ids, moduleId }, "progress-sync " + endpoint + "\n" + userId,
    // Without a learner's id, another learner on the same browser would send this one's updates as their own.
    inBrowser && navigator.locks && (userId && storage === undefined ? (sharedStorage ??= indexedDBStorage()) : storage),
  );

  /** A client that ends goes on until what it holds is accepted. */
  let phase = 0;
  /** Whether the server has been asked where the learner is. */
  let loaded = 0;
  let unfollow: (() => void) | undefined;

  const eventsUrl = base + "sync/events?" + new URLSearchParams(userId ? { userId } : "");
  const saved = createSaved(o, facts, ask, eventsUrl, () => phase === RUNS, publish);
  const sender = createSender(o, facts, base + "progress", ask, queue, publish, accepted);

  function accepted(count?: number, record?: WireRecord | null, sync?: WireSync) {
    if (record) lesson.learn(record, true);
    saved.add(count, record, sync);
  }

  function compose(): ProgressState {
    const { isLoading, lastSyncedAt, retryCount, error, waiting, server } = facts;
    const own = queue.own();
    const isDirty = !!(facts.resets || own[0]);
    const isPendingSync = isDirty || waiting > 0;
    return {
      ...lesson.shown(),
      status: statusOf(o, facts, !!phase && offline(), isPendingSync),
      isLoading,
      isStale: false,
      resumeAt: null,
      forceResult: null,
      isDirty,
      isPendingSync,
      lastSyncedAt,
      pendingUpdates: waiting + own.length,
      retryCount,
      error: error ?? server?.error ?? null,
    };
  }

  /** Tells the listeners; what other pages or devices did is no news to celebrate. */
  function publish(known?: unknown) {
    const before = state;
    const next = compose();
    const changed = (field: string) => next[field as keyof ProgressState] !== before[field as keyof ProgressState];
    if (Object.keys(next).some(changed)) {
      state = next;
      listeners.forEach((listener) => listener());
      if (Object.keys(lesson.shown()).some(changed)) o.onProgressUpdate?.(next);
      if (next.completed && !before.completed && known !== true) o.onComplete?.();
    }
    if (phase === ENDS && !queue.frozen()[0] && !next.isDirty) {
      queue.letGo();
      unfollow = void unfollow?.();
    }
  }

  function add(change: Partial<Update>, now?: boolean) {
    if (!phase) start();
    queue.add(change);
    if (now || phase !== RUNS) sender.flush();
    else sender.later();
    publish();
  }

  /** Asks where the learner is. */
  async function load() {
    if (loaded || phase !== RUNS) return;
    loaded = 1;
    const adopted = inTime(adopt());
    const { body: { progress: [found] = [], sync }, error, retryAfter } = await ask("GET", "progress");
    await adopted;
    // After a reset it may be what was there before.
    if (loaded === KNOWN) return;
    loaded = error ? 0 : KNOWN;
    accepted(found?.pendingUpdates, found, sync);
    facts.isLoading = false;
    publish(true);
    if (error) setTimeout(load, retryAfter + backoff(o.retryDelayMs, 2));
  }

  /** Goes on with what pages that are gone have left. */
  async function adopt() {
    for (const { update } of await queue.adopt()) {
      lesson.learn(update, false, now(update.occurredAt));
    }
    publish(true);
    sender.send();
  }

  function back() {
    queue.hold();
    sender.flush(true);
    void adopt();
    void load();
    saved.watch();
  }

  function start() {
    if (!inBrowser || phase === RUNS) return;
    phase = RUNS;
    queue.hold();
    unfollow ??= handle(window, {
      visibilitychange: () => void (document.hidden ? sender.flush() : adopt()),
      pagehide(event) {
        sender.leave((event as PageTransitionEvent).persisted);
        saved.sleep();
        queue.letGo();
      },
      pageshow: back,
      online: back,
      offline: publish,
    });
    void load();
    saved.watch();
  }

  const sync: ProgressSync = {
    updateProgress(currentTime, duration, details) {
      if (currentTime >= 0 && currentTime < Infinity) add(...lesson.move(currentTime, duration, details));
    },
    markCompleted() {
      lesson.learn({ completed: true });
      add({ completed: true }, true);
    },
    resetProgress() {
      if (!phase) start();
      lesson.reset();
      saved.forget();
      facts.isLoading = false;
      loaded = KNOWN;
      const done = sender.reset();
      publish();
      return done;
    },
    async forceSync() {
      if (!phase) start();
      facts.forcing = true;
      publish();
      await facts.sending;
      sender.flush(true);
      await facts.sending;
      if (!queue.own()[0]) await saved.force();
      facts.forcing = false;
      publish();
      return !state.isPendingSync;
    },
    discardPending() {},
    resume() {},
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    attachVideo: (video, attach) => followVideo({
      ...sync, lesson: query, where: () => (facts.isLoading ? undefined : state.progressSeconds), flush: sender.flush,
    }, video, attach).end,
    configure: (settings) => void Object.assign(o, defined(settings)),
    start,
    destroy() {
      if (phase !== RUNS) return;
      phase = ENDS;
      saved.sleep();
      sender.flush();
      publish();
    },
  };
  let state = compose();
  try {
    if (localStorage["debug-progress"] === "true") listeners.add(() => console.debug("progress-sync", lessonId, state));
  } catch {
    // There is none on a server, and it may be forbidden.
  }
  if (options.autoStart !== false) start();
  return sync;
}
