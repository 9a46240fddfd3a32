"use client";
export { ProgressSyncProvider, useCourseProgress, useMultiLessonProgress, useOptimizedProgress } from "./hooks.js";
export type {
  MultiLessonProgress, OptimizedProgress, UseCourseProgressOptions, UseMultiLessonProgressOptions, UseOptimizedProgressOptions,
} from "./hooks.js";
export type { CourseProgress } from "./course.js";
export { ProgressSyncIndicator, ProgressSyncSummary } from "./reactindicator.js";
export type { ProgressSyncIndicatorProps, ProgressSyncSummaryProps } from "./reactindicator.js";
export type { ProgressSyncIndicatorAttributes } from "./reactelement.js";
export type { IndicatorButton, IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";
export type { DebounceConfig, ForceResult, ProgressDetails, ProgressError, ProgressState, SyncStatus } from "./types.js";
