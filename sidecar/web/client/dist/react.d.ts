import type { IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";
import type { DebounceConfig, ProgressState, ProgressSync, ProgressSyncOptions } from "./types.js";
export type { IndicatorState, IndicatorStrings, IndicatorVariant };
/** Options for all hooks below, such as `value={{ endpoint: "/progress", csrfToken }}`. */
export declare const ProgressSyncProvider: import("react").Provider<Partial<ProgressSyncOptions>>;
export interface UseOptimizedProgressOptions extends Omit<ProgressSyncOptions, "endpoint" | "autoStart"> {
    /** Default "/progress", or the provider's. */
    endpoint?: string;
    /** May be written inline: it is read when it is used, and a new object restarts nothing. */
    debounceConfig?: DebounceConfig;
}
type Methods = Omit<ProgressSync, "subscribe" | "configure" | "start" | "destroy">;
export interface OptimizedProgress extends ProgressState, Methods {
}
/** One learner's progress in one lesson. */
export declare function useOptimizedProgress(options: UseOptimizedProgressOptions): OptimizedProgress;
export interface UseMultiLessonProgressOptions extends Omit<UseOptimizedProgressOptions, "lessonId"> {
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
export declare function useMultiLessonProgress({ lessonIds, ...options }: UseMultiLessonProgressOptions): MultiLessonProgress;
export interface ProgressSyncIndicatorProps {
    state: IndicatorState;
    onForceSync?: () => unknown;
    variant?: IndicatorVariant;
    strings?: Partial<IndicatorStrings>;
    className?: string;
}
/** Shows what is saved; reads out only trouble and its end. */
export declare function ProgressSyncIndicator({ state, onForceSync, variant, strings, className }: ProgressSyncIndicatorProps): import("react").JSX.Element;
export interface ProgressSyncSummaryProps extends Omit<ProgressSyncIndicatorProps, "state"> {
    states: readonly IndicatorState[];
}
/** One indicator for several lessons: the worst of their states, and all that waits. */
export declare function ProgressSyncSummary({ states, ...props }: ProgressSyncSummaryProps): import("react").JSX.Element;
