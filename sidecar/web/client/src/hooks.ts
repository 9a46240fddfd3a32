"use client";
import { createContext, useContext, useEffect, useMemo, useRef, useSyncExternalStore, type RefObject } from "react";
import { createProgressSync } from "./sync.js";
import type { DebounceConfig, ProgressState, ProgressSync, ProgressSyncOptions } from "./types.js";

const Defaults = createContext<Partial<ProgressSyncOptions>>({});

/** Options for all hooks below, such as `value={{ endpoint: "/progress", csrfToken }}`. */
export const ProgressSyncProvider = Defaults.Provider;

export interface UseOptimizedProgressOptions extends Omit<ProgressSyncOptions, "endpoint" | "autoStart"> {
  /** Default "/progress", or the provider's. */
  endpoint?: string;
  /** May be written inline: it is read when it is used, and a new object restarts nothing. */
  debounceConfig?: DebounceConfig;
  /** The film to follow, as by `attachVideo`, as long as it is on the page. */
  video?: RefObject<HTMLMediaElement | null>;
}

type Methods = Omit<ProgressSync, "subscribe" | "configure" | "start" | "destroy">;

export interface OptimizedProgress extends ProgressState, Methods {}

/** One learner's progress in one lesson. */
export function useOptimizedProgress({ video, ...options }: UseOptimizedProgressOptions): OptimizedProgress {
  const progress = useProgress([options])[0]!;
  useVideo(progress.attachVideo, video);
  return progress;
}

/** Follows the element that the ref has, which may be another one after any render. */
function useVideo(attach: ProgressSync["attachVideo"], video?: RefObject<HTMLMediaElement | null>) {
  const followed = useRef<{ attach: unknown; element: unknown; end: () => void }>(undefined);
  const end = () => (followed.current = void followed.current?.end());
  useEffect(() => {
    const element = video?.current;
    if (followed.current?.element === element && followed.current?.attach === attach) return;
    end();
    if (element) followed.current = { attach, element, end: attach(element) };
  });
  useEffect(() => end, []);
}

export interface UseMultiLessonProgressOptions extends Omit<UseOptimizedProgressOptions, "lessonId" | "video"> {
  lessonIds: readonly string[];
}

export interface MultiLessonProgress {
  lessons: Record<string, OptimizedProgress>;
  /** For `<ProgressSyncSummary states={…}>`. */
  states: OptimizedProgress[];
  completedLessons: number;
  /** Mean of the lessons' percentages. */
  overallPercentage: number;
  isPendingSync: boolean;
  pendingUpdates: number;
  /** True when all lessons are in the database. */
  forceSync(): Promise<boolean>;
}

/** One learner's progress in several lessons of a course. */
export function useMultiLessonProgress({ lessonIds, ...options }: UseMultiLessonProgressOptions): MultiLessonProgress {
  const states = useProgress(lessonIds.map((lessonId) => ({ ...options, lessonId })));
  return {
    lessons: Object.fromEntries(states.map((state, i) => [lessonIds[i], state])),
    states,
    completedLessons: states.filter((state) => state.completed).length,
    overallPercentage: states.reduce((sum, state) => sum + state.watchedPercentage, 0) / (states.length || 1),
    isPendingSync: states.some((state) => state.isPendingSync),
    pendingUpdates: states.reduce((sum, state) => sum + state.pendingUpdates, 0),
    forceSync: async () => (await Promise.all(states.map((state) => state.forceSync()))).every(Boolean),
  };
}

const nothing = () => {};

function useProgress(list: Omit<UseOptimizedProgressOptions, "video">[]): OptimizedProgress[] {
  const defaults = useContext(Defaults);
  const all = list.map(({ debounceConfig, ...options }) => ({
    endpoint: "/progress", onProgressUpdate: nothing, onComplete: nothing, onError: nothing,
    ...defaults, ...debounceConfig, ...options, autoStart: false,
  }));
  const names = JSON.stringify(all.map((o) => [o.endpoint, o.userId, o.courseId, o.lessonId, o.moduleId]));
  const store = useMemo(() => {
    const clients = all.map(createProgressSync);
    const none = clients.map((client) => client.getState());
    let states = none;
    return {
      clients,
      none: () => none,
      states() {
        const now = clients.map((client) => client.getState());
        return now.every((state, i) => state === states[i]) ? states : (states = now);
      },
      subscribe(listener: () => void) {
        const ends = clients.map((client) => client.subscribe(listener));
        return () => ends.forEach((end) => end());
      },
    };
  }, [names]);
  useEffect(() => store.clients.forEach((client, i) => client.configure(all[i]!)));
  useEffect(() => {
    for (const client of store.clients) client.start();
    return () => store.clients.forEach((client) => client.destroy());
  }, [store]);
  const states = useSyncExternalStore(store.subscribe, store.states, store.none);
  return useMemo(() => states.map((state, i) => ({ ...store.clients[i]!, ...state })), [states]);
}
