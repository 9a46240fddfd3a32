import { createConnection } from "./connection.js";
import { handle } from "./handlers.js";
import { DEFAULTS } from "./state.js";
import { scopeOf } from "./storage.js";
import { joinTabs, type Tabs } from "./tabs.js";
import type { ProgressError, ProgressSyncOptions } from "./types.js";
import { defined } from "./update.js";

/** Whose progress in which course, and the way to the sidecar. */
export type CourseOptions = Pick<ProgressSyncOptions, "endpoint" | "userId" | "courseId" | "fetch" | "headers" | "csrfToken">;

/** A learner's progress in a course, of what is saved and what the sidecar holds unsaved. */
export interface CourseProgress {
  /** 0 to 100; null while it is not known. 0 of a course of which nothing was started. */
  readonly percent: number | null;
  /** What the percent is of: all lessons of the course, or those that were started, where the LMS has told no catalogue. */
  readonly percentOf: "course" | "started";
  /** Lessons of the course; null if the LMS has told no catalogue. */
  readonly lessons: number | null;
  readonly lessonsStarted: number;
  readonly lessonsCompleted: number;
  /** 0 to 100, of the required lessons; null if none are known. */
  readonly requiredPercent: number | null;
  readonly timeSpentSeconds: number;
  /** The learner's home could not be asked: something of what is unsaved may be missing. */
  readonly isStale: boolean;
  /** There was no answer yet. */
  readonly isLoading: boolean;
  /** Why the last question had no answer; what was known before is still there. */
  readonly error: ProgressError | null;
  /** Asks again, such as after a reset. */
  refresh(): void;
}

const UNKNOWN: Omit<CourseProgress, "refresh"> = {
  percent: null, percentOf: "started", lessons: null, lessonsStarted: 0, lessonsCompleted: 0, requiredPercent: null,
  timeSpentSeconds: 0, isStale: false, isLoading: true, error: null,
};

/** How long more is waited for before it is asked again, in milliseconds: lessons of a page are often sent together. */
const GATHER = 500;

/** Asks at the start, after a lesson of the course was accepted in this browser, and when the page is looked at; never by the clock. */
export function createCourse({ endpoint, userId, courseId }: CourseOptions, settings: () => CourseOptions) {
  const query = "" + new URLSearchParams(defined({ userId, courseId }) as Record<string, string>);
  let state: CourseProgress = { ...UNKNOWN, refresh: look };
  /** Undefined while nobody follows. */
  let changed: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  /** Something happened that the last question does not tell of. */
  let isDue = false;
  let notBefore = 0;

  async function ask() {
    timer = undefined;
    if (isAsking || document.hidden) return;
    isAsking = true;
    isDue = false;
    const { body, error, retryAfter } = await createConnection({ ...DEFAULTS, lessonId: "", ...settings() }, endpoint + "/v1/", query).ask("GET", "stats?");
    isAsking = false;
    if (retryAfter) notBefore = Date.now() + retryAfter;
    const { courses, stale = false } = body as { courses?: Partial<CourseProgress>[]; stale?: boolean };
    // A course of which nothing is known was not started. What a table does not keep is not in its row.
    state = error
      ? { ...state, isLoading: false, error }
      : { ...UNKNOWN, ...courses?.[0] ?? { percent: 0 }, isStale: stale, isLoading: false, refresh: look };
    changed?.();
    if (isDue) look();
  }

  /** Asks soon, once for all that happens until then. */
  function look() {
    if (!changed) return;
    isDue = true;
    timer ??= setTimeout(ask, Math.max(GATHER, notBefore - Date.now()));
  }

  return {
    read: () => state,
    /** Asks until the returned function is called. */
    follow(listener: () => void) {
      changed = listener;
      // What a client of this page tells other tabs is heard here, too.
      const tabs: Tabs | undefined = joinTabs(({ scope, query }) => {
        if (scope === scopeOf(endpoint, userId) && new URLSearchParams(query).get("courseId") === courseId) look();
      });
      const endHandling = handle(window, {
        visibilitychange() {
          if (!document.hidden) look();
        },
        online: look,
        pageshow: look,
        focus: look,
      });
      void ask();
      return () => {
        changed = undefined;
        clearTimeout(timer);
        timer = undefined;
        endHandling();
        tabs?.close();
      };
    },
  };
}
