import { createArrival } from "./arrival.js";
import { listen } from "./events.js";
import { request, resolve, type Ask, type WireRecord, type WireSync } from "./http.js";
import { createLesson } from "./lesson.js";
import { followPage } from "./page.js";
import { createPlace } from "./place.js";
import { createQueue, inTime } from "./queue.js";
import { createSaved } from "./saved.js";
import { createSender } from "./sender.js";
import { begin, compose, DEFAULTS, type Settings } from "./state.js";
import { browserStorage, scopeOf, welcome, wipe } from "./storage.js";
import { openTabs, type News } from "./tabs.js";
import type { ProgressState, ProgressSync, ProgressSyncOptions, Update } from "./types.js";
import { defined } from "./update.js";
import { followVideo, type Following } from "./video.js";

const RUNS = 1;
const ENDS = 2;

/** For how long what came of a force sync is told, in milliseconds. */
const TOLD = 5_000;

/** Follows one learner in one lesson. */
export function createProgressSync(options: ProgressSyncOptions): ProgressSync {
  const { endpoint, userId, courseId, lessonId, moduleId, storage } = options;
  const o: Settings = { ...DEFAULTS, ...defined(options) };
  const inBrowser = !!globalThis.window;
  const ids = defined({ userId, courseId, lessonId });
  const query = "" + new URLSearchParams(ids as Record<string, string>);
  const base = endpoint + "/v1/";
  const scope = scopeOf(endpoint, userId);
  const listeners = new Set<() => void>();
  const facts = begin();
  const lesson = createLesson(o);
  const place = createPlace(facts);
  const queue = createQueue(
    { ...ids, moduleId }, scope,
    // Without a learner's id, another learner on the same browser would send this one's updates as their own.
    inBrowser && navigator.locks && (userId && storage === undefined ? browserStorage : storage),
    lesson.segments,
  );

  /** A client that ends goes on until what it holds is accepted. */
  let phase = 0;
  /** The CSRF token that was sent last. */
  let token: string | undefined;
  let toldUntil = 0;
  let tabs: ReturnType<typeof openTabs> | undefined;
  let following: Following | undefined;
  let leavePage: (() => void) | undefined;

  const awake = () => phase === RUNS;
  const ask: Ask = async (method, what, json) => {
    const answer = await request(o, method, base + what + (json ? "" : query), json);
    ({ token } = answer);
    const kind = answer.error?.kind;
    facts.offline = kind === "network" && !navigator.onLine;
    if (kind !== "network") facts.auth = kind === "auth" ? answer.error : undefined;
    return answer;
  };
  const saved = createSaved(facts, ask, awake, publish, () =>
    o.events === false ? undefined : listen(base + "sync/events?" + new URLSearchParams(userId ? { userId } : ""), (state) => {
      tabs?.tell({ scope, state });
      saved.hear(state);
    }));
  const sender = createSender(o, facts, ask, queue, publish, accepted);
  const arrival = createArrival(o, facts, ask, queue, lesson, place, awake, accepted, add, publish);

  function accepted(count?: number, record?: WireRecord | null, sync?: WireSync) {
    if (record) {
      facts.kept = true;
      lesson.learn(record, true);
      if (count) tabs?.tell({ scope, query, record });
    }
    saved.add(count, record, sync);
  }

  /** Another tab tells something. */
  function hear(news: News) {
    if (news.cleared && news.cleared === userId) void inTime(wipe(userId));
    if (news.scope !== scope) return;
    if (news.state) saved.hear(news.state);
    if (news.query !== query) return;
    lesson.learn(news.record!, true);
    publish(true);
  }

  /** Tells the listeners; what other pages or devices did is no news to celebrate. */
  function publish(elsewhere?: boolean) {
    const before = state;
    const next = compose(o, facts, lesson.shown(), queue.own());
    const changed = (field: string) => next[field as keyof ProgressState] !== before[field as keyof ProgressState];
    if (Object.keys(next).some(changed)) {
      state = next;
      listeners.forEach((listener) => listener());
      if (Object.keys(lesson.shown()).some(changed)) o.onProgressUpdate?.(next);
      if (next.completed && !before.completed && !elsewhere) o.onComplete?.();
    }
    if (phase === ENDS && !queue.frozen()[0] && !next.isDirty) leavePage = void leavePage?.();
  }

  /** Something is to be sent: a change, at once if it should be, or what was left by others. */
  function add(change?: Partial<Update>, now?: boolean) {
    if (change) queue.add(change);
    if (queue.own()[0]) facts.since ??= Date.now();
    if (!change) sender.send();
    else if (now || !awake()) sender.flush();
    else sender.later();
    publish();
  }

  function enter() {
    queue.hold();
    tabs ??= openTabs(hear);
  }

  function exit() {
    saved.sleep();
    queue.letGo();
    tabs = void tabs?.close();
  }

  /** The page, the network or the session may be as it was before. */
  function back() {
    enter();
    sender.flush(1);
    void arrival.load();
    void saved.check();
  }

  function tick() {
    if (Date.now() > toldUntil) facts.forceResult = null;
    publish();
    try {
      // The learner has signed in elsewhere.
      if (facts.auth && resolve(o.csrfToken) !== token) back();
      if (localStorage["debug-progress"] === "true") void import("./debug.js").then((panel) => panel.open());
    } catch {
      // The storage may be forbidden, and the token may come later.
    }
  }

  function start() {
    if (!inBrowser || awake()) return;
    phase = RUNS;
    welcome(userId);
    enter();
    facts.offline = navigator.onLine === false;
    const clients = (window.progressSync ??= {});
    clients[lessonId] = sync;
    if (!leavePage) {
      const end = followPage({
        shown() {
          if (facts.auth) return back();
          void arrival.look();
          void saved.check();
        },
        hidden() {
          sender.flush();
          saved.sleep();
        },
        left() {
          sender.leave();
          exit();
        },
        back,
        focused: () => void (facts.auth && back()),
        offline() {
          facts.offline = true;
          publish();
        },
        ticked: tick,
      });
      leavePage = () => {
        end();
        exit();
        if (clients[lessonId] === sync) delete clients[lessonId];
      };
    }
    void arrival.load();
    saved.watch();
  }

  /** Whether there is a page, in which the client then runs. */
  function runs() {
    if (!phase) start();
    return inBrowser;
  }

  const sync: ProgressSync = {
    updateProgress(currentTime, duration, details) {
      if (!(currentTime >= 0 && currentTime < Infinity && runs())) return;
      const [change, completes] = lesson.move(currentTime, duration, details);
      add(place.pass(change), completes);
    },
    markCompleted() {
      if (!runs()) return;
      lesson.learn({ completed: true });
      add({ completed: true }, true);
    },
    async resetProgress() {
      if (!runs()) return;
      lesson.reset();
      saved.forget();
      place.release();
      arrival.forget();
      facts.isLoading = facts.isStale = false;
      facts.since = Date.now();
      const done = sender.reset();
      publish();
      return done;
    },
    async forceSync() {
      if (!runs()) return false;
      facts.forcing = true;
      publish();
      await inTime(arrival.adopt());
      const accepted = await sender.deliver();
      const done = await saved.force();
      facts.forcing = false;
      facts.forceResult = !accepted ? "failed" : done ? "saved" : "kept";
      toldUntil = Date.now() + TOLD;
      publish();
      return accepted && done;
    },
    discardPending() {
      queue.drop(queue.own());
      facts.since = facts.error = undefined;
      facts.retryCount = 0;
      publish();
    },
    resume() {
      const { resumeAt } = facts;
      place.release();
      if (resumeAt !== null) following?.goTo(resumeAt);
      publish();
    },
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    attachVideo(video, attach) {
      if (attach?.resume === false) place.choose();
      const where = () => place.isKnown() ? state.progressSeconds : undefined;
      const mine = following = followVideo({ ...sync, lesson: scope + query, where, flush: sender.flush }, video, attach);
      return mine.end;
    },
    configure: (settings) => void Object.assign(o, defined(settings)),
    start,
    destroy() {
      if (!awake()) return;
      phase = ENDS;
      saved.sleep();
      sender.flush();
      publish();
    },
  };
  let state = compose(o, facts, lesson.shown(), []);
  if (options.autoStart !== false) start();
  return sync;
}
