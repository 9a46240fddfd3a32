"use client";
export { ProgressSyncProvider, useMultiLessonProgress, useOptimizedProgress } from "./hooks.js";
export type {
  MultiLessonProgress, OptimizedProgress, UseMultiLessonProgressOptions, UseOptimizedProgressOptions,
} from "./hooks.js";
export { ProgressSyncIndicator, ProgressSyncSummary } from "./reactindicator.js";
export type { ProgressSyncIndicatorProps, ProgressSyncSummaryProps } from "./reactindicator.js";
export type { ProgressSyncIndicatorAttributes } from "./reactelement.js";
export type { IndicatorButton, IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";
export type { DebounceConfig, ForceResult, ProgressDetails, ProgressError, ProgressState, SyncStatus } from "./types.js";
