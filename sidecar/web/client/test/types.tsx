// Checked by the compiler alone: what an application may write, and what it may not.
import { expectTypeOf } from "vitest";
import { createProgressSync, type ProgressError, type ProgressState, type ProgressSync, type ProgressSyncOptions, type SyncStatus } from "../src/index.js";
import "../src/element.js";
import {
  ProgressSyncIndicator, ProgressSyncSummary, useMultiLessonProgress, useOptimizedProgress,
  type OptimizedProgress, type UseOptimizedProgressOptions,
} from "../src/react.js";

const options: ProgressSyncOptions = { endpoint: "/progress", courseId: "c", lessonId: "l" };

expectTypeOf(createProgressSync(options)).toEqualTypeOf<ProgressSync>();
expectTypeOf<ProgressSync["forceSync"]>().returns.resolves.toEqualTypeOf<boolean>();
expectTypeOf<ProgressSync["resetProgress"]>().returns.resolves.toEqualTypeOf<void>();
expectTypeOf<ProgressSync["attachVideo"]>().parameter(0).toEqualTypeOf<HTMLMediaElement>();
expectTypeOf<ProgressState["status"]>().toEqualTypeOf<SyncStatus>();
expectTypeOf<ProgressState["lastSyncedAt"]>().toEqualTypeOf<number | null>();
expectTypeOf<ProgressError["kind"]>().toEqualTypeOf<"network" | "server" | "validation" | "rate_limit" | "auth">();

// @ts-expect-error a lesson has to be named
createProgressSync({ endpoint: "/progress", courseId: "c" });
// @ts-expect-error a snapshot is not for writing
createProgressSync(options).getState().completed = true;
// @ts-expect-error seconds are numbers
createProgressSync(options).updateProgress("1:30", 300);

// Callbacks know what they are called with.
createProgressSync({
  ...options,
  csrfToken: () => "t0ken",
  headers: { "X-Tenant": "one" },
  onProgressUpdate: (progress) => expectTypeOf(progress).toEqualTypeOf<ProgressState>(),
  onError: (error) => expectTypeOf(error).toEqualTypeOf<ProgressError>(),
});

// The hook's endpoint has a default, and what starts it is its own business.
expectTypeOf<Parameters<typeof useOptimizedProgress>[0]>().toEqualTypeOf<UseOptimizedProgressOptions>();
expectTypeOf<ReturnType<typeof useOptimizedProgress>>().toEqualTypeOf<OptimizedProgress>();
expectTypeOf<OptimizedProgress>().not.toHaveProperty("destroy");
expectTypeOf<OptimizedProgress>().toMatchTypeOf<ProgressState>();
expectTypeOf<ReturnType<typeof useMultiLessonProgress>["lessons"]>().toEqualTypeOf<Record<string, OptimizedProgress>>();

declare const progress: OptimizedProgress;
declare const sync: ProgressSync;

export const shown = [
  <ProgressSyncIndicator state={progress} onForceSync={progress.forceSync} variant="compact" strings={{ saved: "Gesichert" }} />,
  // The seed's five members are enough.
  <ProgressSyncIndicator state={{ isPendingSync: true, lastSyncedAt: null, pendingUpdates: 1, retryCount: 0, error: null }} />,
  <ProgressSyncSummary states={[progress]} />,
  <ProgressSyncIndicator state={progress} onForceSync={progress.forceSync} onResume={progress.resume} button="always" className="small" />,
  <progress-sync-indicator variant="full" theme="auto" button="never" class="small" ref={(node) => void (node && (node.progress = sync))} />,
  // @ts-expect-error there is no such variant
  <ProgressSyncIndicator state={progress} variant="huge" />,
  // @ts-expect-error there is no such button
  <ProgressSyncIndicator state={progress} button="sometimes" />,
  // @ts-expect-error nor such a variant of the element
  <progress-sync-indicator variant="huge" />,
  // @ts-expect-error nor such a theme
  <progress-sync-indicator theme="blue" />,
  // @ts-expect-error there is no such text
  <ProgressSyncIndicator state={progress} strings={{ lost: "Lost" }} />,
];

const element = document.createElement("progress-sync-indicator");
element.progress = createProgressSync(options);
element.strings = { offline: "Ohne Netz" };
// @ts-expect-error a state is not a word
element.state = "saved";
