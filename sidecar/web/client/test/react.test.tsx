import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import axe from "axe-core";
import { StrictMode, useState } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProgressSyncIndicator, ProgressSyncProvider, ProgressSyncSummary, useMultiLessonProgress, useOptimizedProgress } from "../src/react.js";
import type { IndicatorState, OptimizedProgress, SyncStatus, UseOptimizedProgressOptions } from "../src/react.js";
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
  if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(1000);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const ids = { lessonId: "channels", courseId: "go-101", moduleId: "week-2", userId: "ada" };
const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const loads = () => sidecar.seen.filter((s) => s.method === "GET" && s.path.endsWith("/progress"));

let hook: OptimizedProgress;

function Lesson(props: Partial<UseOptimizedProgressOptions>) {
  hook = useOptimizedProgress({ ...ids, ...props });
  return <ProgressSyncIndicator state={hook} onForceSync={hook.forceSync} />;
}

test("the hook has every member of the seed's", () => {
  render(<Lesson />);
  expect(hook).toMatchObject({
    progressSeconds: 0, watchedPercentage: 0, completed: false, isLoading: true, isDirty: false, isPendingSync: false,
    lastSyncedAt: null, pendingUpdates: 0, retryCount: 0, error: null,
  });
  for (const method of ["updateProgress", "markCompleted", "resetProgress", "forceSync", "getState"] as const) {
    expect(hook[method]).toBeTypeOf("function");
  }
});

test("an inline debounceConfig delays nothing, however often the lesson renders", async () => {
  function Busy() {
    const [n, set] = useState(0);
    hook = useOptimizedProgress({ ...ids, debounceConfig: { intervalMs: 5000 }, onProgressUpdate: () => set(n + 1) });
    return <p>{n}</p>;
  }
  render(<Busy />);
  await wait(0);
  for (let at = 0; at < 12; at++) {
    act(() => hook.updateProgress(at, 300));
    await wait(1000);
  }
  expect(sidecar.posts.length).toBe(2);
  expect(loads()).toHaveLength(1);
});

test("a debounceConfig that really changes counts from the next change on", async () => {
  const { rerender } = render(<Lesson debounceConfig={{ intervalMs: 60_000 }} />);
  rerender(<Lesson debounceConfig={{ intervalMs: 1000 }} />);
  act(() => hook.updateProgress(1, 300));
  await wait(1000);
  expect(sidecar.posts).toHaveLength(1);
});

test("the newest callback is called, not the one of the first render", async () => {
  const [first, second] = [vi.fn(), vi.fn()];
  const { rerender } = render(<Lesson onComplete={first} />);
  rerender(<Lesson onComplete={second} />);
  act(() => hook.markCompleted());
  expect(first).not.toHaveBeenCalled();
  expect(second).toHaveBeenCalledTimes(1);
});

test("StrictMode's double mounting sends nothing twice and loads once", async () => {
  render(<StrictMode><Lesson /></StrictMode>);
  await wait(0);
  act(() => hook.updateProgress(10, 300, { seekEvents: 1 }));
  await wait(30_000);
  expect(loads()).toHaveLength(1);
  expect(sidecar.updates).toHaveLength(1);
});

test("another lesson in the same place starts anew, and the one before is sent", async () => {
  const { rerender } = render(<Lesson />);
  await wait(0);
  act(() => hook.updateProgress(10, 300));
  rerender(<Lesson lessonId="select" />);
  expect(hook.progressSeconds).toBe(0);
  await wait(0);
  expect(sidecar.row("channels").positionSeconds).toBe(10);
});

test("leaving the page of the lesson sends what waits and leaves nothing running", async () => {
  const { unmount } = render(<Lesson />);
  await wait(0);
  act(() => hook.updateProgress(10, 300));
  unmount();
  await wait(2000);
  expect(sidecar.row().positionSeconds).toBe(10);
  expect(vi.getTimerCount()).toBe(0);
});

test("a server can render it without a browser and without a request", () => {
  expect(renderToString(<Lesson />)).toContain('role="status"');
  expect(sidecar.seen).toHaveLength(0);
});

test("where the LMS proxies to is said once, for the whole application", async () => {
  render(<ProgressSyncProvider value={{ endpoint: "/api/progress", csrfToken: "t0ken" }}><Lesson /></ProgressSyncProvider>);
  act(() => hook.markCompleted());
  await wait(0);
  expect(sidecar.seen.at(-1)).toMatchObject({ path: "/api/progress/v1/progress", headers: { "X-CSRF-Token": "t0ken" } });
});

test("several lessons have a state each and one in all", async () => {
  let multi!: ReturnType<typeof useMultiLessonProgress>;
  function Course() {
    multi = useMultiLessonProgress({ courseId: "go-101", userId: "ada", lessonIds: ["a", "b"] });
    return <ProgressSyncSummary states={multi.states} onForceSync={multi.forceSync} variant="compact" />;
  }
  render(<Course />);
  await wait(0);
  act(() => multi.lessons.a!.updateProgress(150, 300));
  act(() => multi.lessons.b!.markCompleted());
  expect(multi).toMatchObject({ completedLessons: 1, overallPercentage: 25, isPendingSync: true, pendingUpdates: 2 });
  let saved: unknown;
  await act(async () => {
    const all = multi.forceSync();
    await vi.advanceTimersByTimeAsync(0);
    saved = await all;
  });
  expect(saved).toBe(true);
  expect(multi.isPendingSync).toBe(false);
  expect(screen.getByTitle("Saved just now")).toBeTruthy();
});

const heard = () => [screen.getByRole("status").textContent, screen.getByRole("alert").textContent];

test("the indicator reads out trouble and its end, and nothing else", () => {
  const { rerender } = render(<ProgressSyncIndicator state={{ status: "pending" }} />);
  expect(heard()).toEqual(["", ""]);
  rerender(<ProgressSyncIndicator state={{ status: "saved" }} />);
  expect(heard()).toEqual(["", ""]);
  rerender(<ProgressSyncIndicator state={{ status: "auth" }} />);
  expect(heard()).toEqual(["", STRINGS.auth]);
  rerender(<ProgressSyncIndicator state={{ status: "saved" }} strings={{ again: "Wieder gespeichert" }} />);
  expect(heard()).toEqual(["Wieder gespeichert", ""]);
});

test("StrictMode's double mounting reads nothing out twice", () => {
  const page = (status: SyncStatus) => <StrictMode><ProgressSyncIndicator state={{ status }} /></StrictMode>;
  const { rerender } = render(page("offline"));
  expect(heard()).toEqual([STRINGS.offline, ""]);
  rerender(page("saved"));
  expect(heard()).toEqual([STRINGS.again, ""]);
});

const STATES = ["idle", "saved", "saving", "stale", "pending", "retrying", "offline", "auth", "error"] as const;

test.each(STATES)("axe finds nothing in the state %s, in any variant and in the summary", async (status) => {
  vi.useRealTimers();
  document.documentElement.lang = "en";
  document.title = "Lesson";
  const state = { status };
  render(
    <main>
      <h1>Lesson</h1>
      {(["full", "compact", "badge"] as const).map((variant) => (
        <ProgressSyncIndicator key={variant} state={state} onForceSync={() => {}} variant={variant} />
      ))}
      <ProgressSyncIndicator state={state} onForceSync={() => {}} button="always" />
      <ProgressSyncSummary states={[state, { status: "saved" }]} onForceSync={() => {}} />
    </main>,
  );
  // Contrast needs a layout, which only a browser has.
  const { violations } = await axe.run(document, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map((violation) => violation.id)).toEqual([]);
});

test("the region that is read out is there before there is anything to say, and is the same node then", () => {
  const { rerender } = render(<ProgressSyncIndicator state={{ status: "pending" }} />);
  const region = screen.getByRole("status");
  expect(region.textContent).toBe("");
  rerender(<ProgressSyncIndicator state={{ status: "offline" }} />);
  expect(screen.getByRole("status")).toBe(region);
  expect(region.textContent).toBe(STRINGS.offline);
});

test("the button has a name, asks to save, and is there only where it helps", () => {
  const force = vi.fn();
  const { rerender } = render(<ProgressSyncIndicator state={{ status: "retrying" }} onForceSync={force} />);
  screen.getByRole("button", { name: "Save progress now" }).click();
  expect(force).toHaveBeenCalledTimes(1);
  rerender(<ProgressSyncIndicator state={{ status: "saved" }} onForceSync={force} />);
  expect(screen.queryByRole("button")).toBeNull();
  rerender(<ProgressSyncIndicator state={{ status: "retrying" }} />);
  expect(screen.queryByRole("button")).toBeNull();
});

test("a button that can't help can be reached, says why, and does nothing", () => {
  const force = vi.fn();
  render(<ProgressSyncIndicator state={{ status: "auth" }} onForceSync={force} button="always" />);
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Save progress now" });
  expect(button.disabled).toBe(false);
  expect(button.getAttribute("aria-disabled")).toBe("true");
  expect(button.title).toBe(STRINGS.forceAuth);
  button.click();
  expect(force).not.toHaveBeenCalled();
});

test("the button goes on where the learner was, and saves nothing by that", () => {
  const [force, resume] = [vi.fn(), vi.fn()];
  render(<ProgressSyncIndicator state={{ status: "saved", resumeAt: 3725 }} onForceSync={force} onResume={resume} />);
  screen.getByRole("button", { name: "Continue at 1:02:05" }).click();
  expect(resume).toHaveBeenCalledTimes(1);
  expect(force).not.toHaveBeenCalled();
});

test("who uses the keyboard keeps the focus when the button has done its work, and the button goes when they do", () => {
  const page = (state: IndicatorState) => <ProgressSyncIndicator state={state} onForceSync={() => {}} />;
  const { rerender } = render(page({ status: "retrying" }));
  const button = screen.getByRole("button");
  act(() => button.focus());
  fireEvent.keyUp(button, { key: "Tab" });
  rerender(page({ status: "saved" }));
  expect(document.activeElement).toBe(button);
  expect(button.isConnected).toBe(true);
  act(() => button.blur());
  expect(screen.queryByRole("button")).toBeNull();
});

test("who uses a mouse is left without a button that does not help", () => {
  const page = (state: IndicatorState) => <ProgressSyncIndicator state={state} onForceSync={() => {}} />;
  const { rerender } = render(page({ status: "retrying" }));
  fireEvent.click(screen.getByRole("button"));
  rerender(page({ status: "saved" }));
  expect(screen.queryByRole("button")).toBeNull();
});

test("several lessons show the worst of their states, and of what came of saving them", () => {
  const page = (...states: IndicatorState[]) => <ProgressSyncSummary states={states} />;
  const { rerender } = render(page({ status: "saved" }, { status: "auth" }, { status: "offline" }));
  expect(screen.getByTitle(STRINGS.auth)).toBeTruthy();
  rerender(page({ status: "saved", forceResult: "saved" }, { status: "saved", forceResult: "kept" }, { status: "saved" }));
  expect(screen.getByTitle(STRINGS.forceKept)).toBeTruthy();
  rerender(page());
  expect(document.querySelector(".progress-sync")!.getAttribute("data-state")).toBe("idle");
});

test("its look comes with it, as styles that a script sets, and a page's class beside its own", () => {
  const { container } = render(<ProgressSyncIndicator state={{ status: "auth" }} className="mine" />);
  const root = container.querySelector<HTMLElement>(".progress-sync.mine")!;
  expect([root.style.display, root.style.whiteSpace, root.style.blockSize]).toEqual(["inline-flex", "nowrap", "max(24px,2em)"]);
  expect(root.style.color).toBe("");
  expect(root.querySelector("svg")!.style.color).toContain("--progress-sync-auth-color");
  expect(document.querySelector("style") ?? document.adoptedStyleSheets[0]).toBeUndefined();
});
