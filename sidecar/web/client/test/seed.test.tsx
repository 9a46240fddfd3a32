import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
// In an application: from "@progress-sync/client/react".
import { ProgressSyncIndicator, useOptimizedProgress, type DebounceConfig } from "../src/react.js";
import { STRINGS } from "../src/indicator.js";
import { Sidecar } from "./server.js";

let sidecar: Sidecar;

beforeEach(() => {
  vi.useFakeTimers();
  sidecar = new Sidecar();
  vi.stubGlobal("fetch", sidecar.fetch);
});

afterEach(async () => {
  cleanup();
  await vi.advanceTimersByTimeAsync(1000);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

function VideoPlayer({ onTimeUpdate }: { onTimeUpdate: (currentTime: number, duration: number) => void }) {
  return <button onClick={() => onTimeUpdate(150, 300)}>tick</button>;
}

test("Usage, basic implementation: shows and sends progress", async () => {
  function LessonPlayer({ lesson, userId }: { lesson: { id: string; courseId: string; moduleId: string }; userId: string }) {
    const progressHook = useOptimizedProgress({
      lessonId: lesson.id,
      courseId: lesson.courseId,
      moduleId: lesson.moduleId,
      userId,
    });

    const handleTimeUpdate = (currentTime: number, duration: number) => {
      progressHook.updateProgress(currentTime, duration, {
        seekEvents: 0,
        pauseEvents: 0,
        playbackSpeed: 1.0,
      });
    };

    return (
      <div>
        <ProgressSyncIndicator
          state={{
            isPendingSync: progressHook.isPendingSync,
            lastSyncedAt: progressHook.lastSyncedAt,
            pendingUpdates: progressHook.pendingUpdates,
            retryCount: progressHook.retryCount,
            error: progressHook.error,
          }}
          onForceSync={progressHook.forceSync}
        />

        <VideoPlayer onTimeUpdate={handleTimeUpdate} />
      </div>
    );
  }
  render(<LessonPlayer lesson={{ id: "lesson-123", courseId: "course-456", moduleId: "module-789" }} userId="user-abc" />);
  await wait(0);
  expect(document.querySelector(".progress-sync")!.getAttribute("data-state")).toBe("idle");
  sidecar.replies = [{ status: 503 }];
  fireEvent.click(screen.getByText("tick"));
  expect(screen.getByTitle(STRINGS.saving)).toBeTruthy();
  await wait(30_000);
  expect(screen.getByTitle(STRINGS.retrying)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Save progress now" }));
  await wait(0);
  expect(sidecar.row("lesson-123", "user-abc", "course-456")).toMatchObject({ positionSeconds: 150, percentage: 50 });
  expect(screen.getByTitle(STRINGS.saved)).toBeTruthy();
});

test("Configuration, customization: keeps its interval, and its callbacks are called", async () => {
  const log = vi.spyOn(console, "log").mockReturnValue();
  const problems = vi.spyOn(console, "error").mockReturnValue();
  let progressHook!: ReturnType<typeof useOptimizedProgress>;
  function Player() {
    progressHook = useOptimizedProgress({
      lessonId: "lesson-123",
      courseId: "course-456",
      moduleId: "module-789",
      userId: "user-abc",
      debounceConfig: {
        intervalMs: 300000, // 5 minutes for slower sync
        batchSize: 20, // Larger batches
        enableCompression: false, // Disable compression
      },
      onProgressUpdate: (progress) => {
        console.log("Progress updated:", progress);
      },
      onComplete: () => {
        console.log("Lesson completed!");
      },
      onError: (error) => {
        console.error("Sync error:", error);
      },
    });
    return null;
  }
  render(<Player />);
  await wait(0);
  act(() => progressHook.updateProgress(10, 300));
  expect(log).toHaveBeenCalledWith("Progress updated:", expect.objectContaining({ progressSeconds: 10 }));
  await wait(299_000);
  expect(sidecar.posts).toHaveLength(0);
  await wait(1000);
  expect(sidecar.updates[0]).toMatchObject({ currentTime: 10, seekEvents: 0 });
  sidecar.replies = [{ status: 503 }];
  act(() => progressHook.updateProgress(299, 300));
  await wait(0);
  expect(log).toHaveBeenCalledWith("Lesson completed!");
  expect(problems).toHaveBeenCalledWith("Sync error:", expect.objectContaining({ kind: "server" }));
});

test.each([
  ["fast", { intervalMs: 60000, batchSize: 5, maxRetries: 5, retryDelayMs: 2000 }],
  ["slow", { intervalMs: 600000, batchSize: 25, enableCompression: true }],
])("Usage, advanced configuration: the %s one is kept to", async (_, debounceConfig) => {
  let progressHook!: ReturnType<typeof useOptimizedProgress>;
  function Player() {
    progressHook = useOptimizedProgress({ lessonId: "lesson-123", courseId: "course-456", moduleId: "module-789", userId: "user-abc", debounceConfig });
    return null;
  }
  render(<Player />);
  await wait(0);
  act(() => progressHook.updateProgress(10, 300));
  await wait(debounceConfig.intervalMs - 1);
  expect(sidecar.posts).toHaveLength(0);
  await wait(1);
  expect(sidecar.posts).toHaveLength(1);
});

test("Migration guide: after its change the calls stay the same", async () => {
  const { lessonId, courseId, moduleId, userId } = { lessonId: "lesson-123", courseId: "course-456", moduleId: "module-789", userId: "user-abc" };
  const [currentTime, duration] = [30, 300];
  let progressHook!: ReturnType<typeof useOptimizedProgress>;
  function Player() {
    progressHook = useOptimizedProgress({
      lessonId,
      courseId,
      moduleId,
      userId,
      debounceConfig: {
        intervalMs: 180000, // 3 minutes
      },
    });
    return null;
  }
  render(<Player />);
  await wait(0);
  act(() => progressHook.updateProgress(currentTime, duration));
  await wait(180_000);
  expect(sidecar.updates).toMatchObject([{ currentTime: 30, duration: 300 }]);
});

test("Monitoring and troubleshooting: the debug commands work", async () => {
  const log = vi.spyOn(console, "log").mockReturnValue();
  const debug = vi.spyOn(console, "debug").mockReturnValue();
  localStorage.setItem("debug-progress", "true");
  let progressHook!: ReturnType<typeof useOptimizedProgress>;
  function Player() {
    progressHook = useOptimizedProgress({ lessonId: "lesson-123", courseId: "course-456", userId: "user-abc" });
    return null;
  }
  render(<Player />);
  await wait(1000);
  await vi.dynamicImportSettled();
  expect(document.querySelector("progress-sync-debug")!.shadowRoot!.textContent).toContain("lesson-123");
  act(() => progressHook.updateProgress(30, 300));
  await act(async () => void progressHook.forceSync());
  console.log(progressHook.getState());
  expect(log).toHaveBeenCalledWith(expect.objectContaining({ progressSeconds: 30 }));
  act(() => progressHook.updateProgress(40, 300));
  // The seed's resetProgress() cleared pending updates; here it erases the saved row, and this is what clears them.
  act(() => progressHook.discardPending());
  await wait(1000);
  expect(progressHook.getState()).toMatchObject({ isDirty: false });
  expect(sidecar.updates.map((update) => update.currentTime)).toEqual([30]);
  expect(debug).toHaveBeenCalledWith("progress-sync", "lesson-123", expect.objectContaining({ pendingUpdates: 1, lastSyncedAt: null, retryCount: 0, error: null }));
  (await import("../src/debug.js")).close();
});

const DEFAULT_CONFIG: DebounceConfig = {
  intervalMs: 180000, // 3 minutes
  maxRetries: 3, // Maximum retry attempts
  retryDelayMs: 5000, // Initial retry delay
  batchSize: 10, // Updates per batch
  enableOptimisticUpdates: true, // Immediate UI updates
  enableCompression: true, // Data compression
};

test("Configuration and error handling: the default settings retry after 5, 10 and 20 seconds on average", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  let progressHook!: ReturnType<typeof useOptimizedProgress>;
  function Player() {
    progressHook = useOptimizedProgress({ lessonId: "lesson-123", courseId: "course-456", userId: "user-abc", debounceConfig: DEFAULT_CONFIG });
    return null;
  }
  render(<Player />);
  await wait(0);
  sidecar.replies = [{ status: 503 }, { status: 503 }, { status: 503 }];
  act(() => progressHook.updateProgress(10, 300));
  expect(progressHook.progressSeconds).toBe(10);
  const sent: number[] = [];
  for (const ms of [180_000, 5000, 10_000, 20_000]) {
    await wait(ms);
    sent.push(sidecar.posts.length);
  }
  expect(sent).toEqual([1, 2, 3, 4]);
  expect(progressHook).toMatchObject({ isDirty: false, retryCount: 0 });
});
