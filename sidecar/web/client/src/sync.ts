import { callApplication } from "./application.js";
import { createArrival } from "./arrival.js";
import { serverTime } from "./clock.js";
import { createConnection } from "./connection.js";
import { listen } from "./events.js";
import { handle } from "./handlers.js";
import { createLesson } from "./lesson.js";
import { createPlace } from "./place.js";
import { createQueue, inTime, isHint } from "./queue.js";
import { createSaved } from "./saved.js";
import { createSender } from "./sender.js";
import { DEFAULTS, stateOf, type Settings } from "./state.js";
import { browserStorage, scopeOf, welcome, wipe } from "./storage.js";
import { joinTabs, type News, type Tabs } from "./tabs.js";
import type { ForceResult, ProgressState, ProgressSync, ProgressSyncOptions, Update } from "./types.js";
import { defined } from "./update.js";
import { followVideo, type Following } from "./video.js";
import { positionOf, timeOf, type WireRecord, type WireSync } from "./wire.js";
import { askWorker } from "./worker.js";

/** How often the client finds out what nothing tells it of, in milliseconds. */
const TICK = 1_000;

/** Clocks of devices that are less apart are as good as equal, in milliseconds. */
const SAME = 5_000;

/** For how long what came of a force sync is told, in milliseconds. */
const TOLD = 5_000;

/** Follows one learner in one lesson. */
export function createProgressSync(options: ProgressSyncOptions): ProgressSync {
  const { endpoint, userId, courseId, lessonId, moduleId, storage } = options;
  const o: Settings = { ...DEFAULTS, ...defined(options) };
  const hasPage = !!globalThis.window;
  const ids = defined({ userId, courseId, lessonId });
  const query = "" + new URLSearchParams(ids as Record<string, string>);
  const base = endpoint + "/v1/";
  const scope = scopeOf(endpoint, userId);
  const listeners = new Set<() => void>();

  /** Undefined before it starts. A client that ends goes on until what it has is accepted. */
  let phase: "running" | "ending" | undefined;
  let isForcing = false;
  let forceResult: ForceResult | null = null;
  /** Until when the result of a force sync is told, in Unix milliseconds. */
  let toldUntil = 0;
  let tabs: Tabs | undefined;
  let following: Following | undefined;
  /** The last position that an earlier page of this browser left, which the server may not have yet. */
  let left: Update | undefined;
  /** The last that was said is something that the learner did, and waits for the interval of the sidecar. */
  let isHere: boolean | undefined;
  let leavePage: (() => void) | undefined;

  const isRunning = () => phase === "running";
  const connection = createConnection(o, base, query);
  const lesson = createLesson(o);
  const place = createPlace();
  const queue = createQueue(
    { ...ids, moduleId }, scope,
    // Without a learner's id, another learner on the same browser would send this one's updates as their own.
    hasPage && navigator.locks && (userId && storage === undefined ? browserStorage : storage),
    lesson.segments,
  );
  const saved = createSaved(connection.ask, isRunning, publish, () =>
    o.events === false ? undefined : listen(base + "sync/events?" + new URLSearchParams(userId ? { userId } : ""), (state) => {
      tabs?.postMessage({ scope, state });
      saved.hear(state);
    }));
  const sender = createSender(o, connection.ask, queue, publish, accepted);
  const arrival = createArrival(o, connection.ask, isRunning, takeOver, arrived);
  let state = compose();

  function compose(): ProgressState {
    return stateOf(o, {
      ...connection.facts(), ...sender.facts(), ...arrival.facts(), ...saved.facts(),
      resumeAt: place.resumeAt(), isOnServer: lesson.isOnServer(), isForcing, forceResult,
      ...lesson.shown(),
    }, queue.own());
  }

  /** Tells the application what has changed. What other pages or devices did is no news to celebrate. */
  function publish(by?: "others") {
    const before = state;
    const next = compose();
    const differs = (field: string) => next[field as keyof ProgressState] !== before[field as keyof ProgressState];
    if (Object.keys(next).some(differs)) {
      state = next;
      listeners.forEach(callApplication);
      if (Object.keys(lesson.shown()).some(differs)) void callApplication(() => o.onProgressUpdate?.(next));
      if (next.completed && !before.completed && !by) void callApplication(() => o.onComplete?.());
    }
    if (phase === "ending" && queue.frozen().every(isHint) && !next.isDirty) {
      leavePage?.();
      leavePage = undefined;
    }
  }

  /** The sidecar has accepted so many updates of the lesson, or a reset, of which it makes this record. */
  function accepted(count: number, record?: WireRecord | null, sync?: WireSync) {
    if (!record) return;
    lesson.learnFromServer(record);
    if (count > 0) {
      tabs?.postMessage({ scope, query, record });
      saved.add(count, record, sync);
    }
  }

  /** The server has told where the learner was. */
  function arrived(isStale: boolean, found?: WireRecord | null, sync?: WireSync) {
    const isNewer = timeOf(found) > lesson.reachedAt() + SAME;
    // What waits there beyond this page's own is another page's or device's.
    accepted(found?.pendingUpdates! - saved.facts().waiting, found, sync);
    // A place that was not asked of the learner's home may be an old one, however often it is told.
    if (!isStale || !sync?.stale && positionOf(found) !== undefined) {
      const there = left && serverTime(left.occurredAt) > timeOf(found) ? left.currentTime : found?.positionSeconds;
      const withheld = place.learn(there!, found?.durationSeconds, lesson.here(), isNewer);
      if (withheld) add(withheld);
    }
    publish("others");
  }

  /** Goes on with what pages that are gone have left. */
  async function takeOver() {
    const { updates, segments } = await queue.takeOver();
    for (const { update } of updates) {
      lesson.recall(update);
      if (update.currentTime) left = update;
    }
    if (segments) lesson.restore(segments);
    publish("others");
    sender.send();
  }

  /** Another tab tells something. */
  function hear(news: News) {
    if (userId && news.cleared === userId) void inTime(wipe(userId));
    if (news.scope !== scope) return;
    if (news.state) saved.hear(news.state);
    if (news.query !== query) return;
    lesson.learnFromServer(news.record!);
    publish("others");
  }

  function add(change: Partial<Update>, isUrgent?: boolean) {
    isHere = true;
    sender.add(change, !isUrgent && isRunning() && o.intervalMs);
    publish();
  }

  /** Says that the learner leaves, if that was not the last that was said: also where all is saved, since others may be told. */
  function sayLeaving() {
    if (isHere) queue.add({ leaving: true, moduleId: undefined });
    isHere = false;
  }

  function leave() {
    sayLeaving();
    sender.flush();
  }

  function enter() {
    queue.claim();
    tabs ??= joinTabs(hear);
  }

  function exit() {
    saved.sleep();
    queue.release();
    tabs?.close();
    tabs = undefined;
  }

  /** Goes on where the page, the network or the session may be as it was before. */
  function goOn() {
    enter();
    sender.flush("back");
    void arrival.load();
    void saved.check();
  }

  function tick() {
    if (Date.now() > toldUntil) forceResult = null;
    publish();
    // Each time: for up to two seconds after it has told pages that there is no network, the browser runs a sync at once.
    if (connection.facts().isOffline) askWorker();
    try {
      // The learner has signed in elsewhere.
      if (connection.isRenewed()) goOn();
      if (localStorage["debug-progress"] === "true") void import("./debug.js").then((panel) => panel.open());
    } catch {
      // The storage may be forbidden, and the token may come later.
    }
  }

  function start() {
    if (!hasPage || isRunning()) return;
    phase = "running";
    welcome(userId);
    enter();
    connection.askBrowser();
    const clients = (window.progressSync ??= {});
    clients[lessonId] = sync;
    if (!leavePage) {
      const ticking = setInterval(tick, TICK);
      const endHandling = handle(window, {
        visibilitychange() {
          if (document.hidden) {
            leave();
            saved.sleep();
          } else if (connection.facts().auth) goOn();
          else {
            void arrival.refresh();
            void saved.check();
          }
        },
        pagehide() {
          sayLeaving();
          sender.leave();
          exit();
        },
        pageshow: goOn,
        online: goOn,
        offline() {
          connection.askBrowser();
          publish();
        },
        focus() {
          if (connection.facts().auth) goOn();
        },
      });
      leavePage = () => {
        clearInterval(ticking);
        endHandling();
        exit();
        if (clients[lessonId] === sync) delete clients[lessonId];
      };
    }
    void arrival.load();
    saved.watch();
  }

  /** Starts at the first use. Tells whether there is a page, since a server that renders one runs nothing. */
  function ensureStarted() {
    if (!phase) start();
    return hasPage;
  }

  const sync: ProgressSync = {
    updateProgress(currentTime, duration, details) {
      if (!(currentTime >= 0 && currentTime < Infinity && ensureStarted())) return;
      const [change, completes] = lesson.move(currentTime, duration, details);
      add(place.pass(change), completes);
    },
    markCompleted() {
      if (!ensureStarted()) return;
      lesson.learn({ completed: true });
      add({ completed: true }, true);
    },
    async resetProgress() {
      if (!ensureStarted()) return;
      lesson.reset();
      saved.forget();
      place.release();
      arrival.forget();
      const done = sender.reset();
      publish();
      return done;
    },
    async forceSync() {
      if (!ensureStarted()) return false;
      isForcing = true;
      publish();
      await inTime(takeOver());
      const isAccepted = await sender.deliver();
      const isSaved = await saved.force();
      isForcing = false;
      forceResult = !isAccepted ? "failed" : isSaved ? "saved" : "kept";
      toldUntil = Date.now() + TOLD;
      publish();
      return isAccepted && isSaved;
    },
    discardPending() {
      sender.discard();
      publish();
    },
    resume() {
      const resumeAt = place.resumeAt();
      place.release();
      if (resumeAt !== null) following?.goTo(resumeAt);
      publish();
    },
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    attachVideo(video, attach) {
      if (attach?.resume === false) place.choose();
      const where = () => place.isKnown() ? state.progressSeconds : undefined;
      const mine = following = followVideo({ ...sync, lesson: scope + query, where, flush: sender.flush, leave }, video, attach);
      return () => {
        mine.end();
        if (following === mine) following = undefined;
      };
    },
    configure(settings) {
      Object.assign(o, defined(settings));
    },
    start,
    destroy() {
      if (!isRunning()) return;
      phase = "ending";
      saved.sleep();
      leave();
      publish();
    },
  };
  if (options.autoStart !== false) start();
  return sync;
}
