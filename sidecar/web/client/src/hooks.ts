"use client";
import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type RefObject } from "react";
import { createCourse, type CourseOptions, type CourseProgress } from "./course.js";
import { createProgressSync } from "./sync.js";
import type { DebounceConfig, ProgressState, ProgressSync, ProgressSyncOptions } from "./types.js";

const Defaults = createContext<Partial<ProgressSyncOptions>>({});

/** Options for all hooks below, such as `value={{ endpoint: "/progress", csrfToken }}`. */
export const ProgressSyncProvider = Defaults.Provider;

/** A client's options, but for what the hook does itself. */
export interface UseOptimizedProgressOptions extends Omit<ProgressSyncOptions, "endpoint" | "autoStart"> {
  /** Default "/progress", or the provider's. */
  endpoint?: string;
  /** May be written inline: it is read when it is used, and a new object restarts nothing. */
  debounceConfig?: DebounceConfig;
  /** The film to follow, as by `attachVideo`, as long as it is on the page. */
  video?: RefObject<HTMLMediaElement | null>;
}

type Methods = Omit<ProgressSync, "subscribe" | "configure" | "start" | "destroy">;

/** The state of a lesson, and what can be done with it. */
export interface OptimizedProgress extends ProgressState, Methods {}

/** One learner's progress in one lesson. */
export function useOptimizedProgress({ video, ...options }: UseOptimizedProgressOptions): OptimizedProgress {
  const progress = useProgress([options])[0]!;
  useVideo(progress.attachVideo, video);
  return progress;
}

/** Follows the element that the ref has, which may be another one after any render. */
function useVideo(attach: ProgressSync["attachVideo"], video?: RefObject<HTMLMediaElement | null>) {
  const [element, follow] = useState<HTMLMediaElement | null>();
  useEffect(() => follow(video?.current));
  useEffect(() => element ? attach(element) : undefined, [attach, element]);
}

/** The options of all lessons, and which they are. */
export interface UseMultiLessonProgressOptions extends Omit<UseOptimizedProgressOptions, "lessonId" | "video"> {
  lessonIds: readonly string[];
}

/** The lessons, each and together. */
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
  const sum = (member: "completed" | "watchedPercentage" | "isPendingSync" | "pendingUpdates") =>
    states.reduce((sum, state) => sum + +state[member], 0);
  return {
    lessons: Object.fromEntries(states.map((state, i) => [lessonIds[i], state])),
    states,
    completedLessons: sum("completed"),
    overallPercentage: sum("watchedPercentage") / (states.length || 1),
    isPendingSync: sum("isPendingSync") > 0,
    pendingUpdates: sum("pendingUpdates"),
    forceSync: async () => (await Promise.all(states.map((state) => state.forceSync()))).every(Boolean),
  };
}

/** A course, and the options of a client that matter for it. */
export interface UseCourseProgressOptions extends Omit<CourseOptions, "endpoint"> {
  /** Default "/progress", or the provider's. */
  endpoint?: string;
}

/** One learner's progress in a course. It follows what the lessons in this browser have sent, and asks for nothing by the clock. */
export function useCourseProgress(options: UseCourseProgressOptions): CourseProgress {
  const all = { endpoint: "/progress", ...useContext(Defaults), ...options };
  const newest = useRef(all);
  useEffect(() => void (newest.current = all));
  const { follow, read } = useMemo(() => createCourse(all, () => newest.current), [JSON.stringify(all, NAMES.slice(0, 3))]);
  return useSyncExternalStore(follow, read, read);
}

const nothing = () => {};

/** What another client is made for when it changes. */
const NAMES = ["endpoint", "userId", "courseId", "lessonId", "moduleId"];

function useProgress(list: Omit<UseOptimizedProgressOptions, "video">[]): OptimizedProgress[] {
  const defaults = useContext(Defaults);
  const all = list.map(({ debounceConfig, ...options }) => ({
    endpoint: "/progress", onProgressUpdate: nothing, onComplete: nothing, onError: nothing,
    ...defaults, ...debounceConfig, ...options, autoStart: false,
  }));
  const { clients, subscribe, read } = useMemo(() => {
    const clients = all.map(createProgressSync);
    let lessons: OptimizedProgress[] | undefined;
    let changed = nothing;
    clients.forEach((client) => client.subscribe(() => {
      lessons = undefined;
      changed();
    }));
    return {
      clients,
      subscribe(listener: () => void) {
        changed = listener;
        clients.forEach((client) => client.start());
        return () => {
          changed = nothing;
          clients.forEach((client) => client.destroy());
        };
      },
      read: () => (lessons ??= clients.map((client) => ({ ...client, ...client.getState() }))),
    };
  }, [JSON.stringify(all, NAMES)]);
  useEffect(() => clients.forEach((client, i) => client.configure(all[i]!)));
  return useSyncExternalStore(subscribe, read, read);
}
