import { act } from "@testing-library/react";
import { version } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { ProgressSyncIndicator, ProgressSyncSummary, useMultiLessonProgress, useOptimizedProgress } from "../src/react.js";
import { setOnline, Sidecar } from "./server.js";

let sidecar: Sidecar;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", (sidecar = new Sidecar()).fetch);
  // What React's act asks for outside of the testing library's render.
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
});

afterEach(() => {
  setOnline(true);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function Page() {
  const lesson = useOptimizedProgress({ userId: "ada", courseId: "go-101", lessonId: "channels", storage: null });
  const course = useMultiLessonProgress({ userId: "ada", courseId: "go-101", lessonIds: ["a", "b"], storage: null });
  return (
    <>
      <p>{Math.round(lesson.watchedPercentage)} %</p>
      <ProgressSyncIndicator state={lesson} onForceSync={lesson.forceSync} />
      <ProgressSyncSummary states={course.states} variant="badge" />
    </>
  );
}

test("the tests run with the React that the project's name says", () => {
  expect("react " + version.split(".")[0]).toBe(inject("react"));
});

test("what a server rendered says nothing before anything was asked, and keeps the room of what will be said", () => {
  const root = document.createElement("div");
  root.innerHTML = renderToString(<Page />);
  const [indicator] = root.querySelectorAll<HTMLElement>(".progress-sync");
  expect(indicator!.dataset.state).toBe("idle");
  const shown = [...indicator!.children].filter((part) => !(part as HTMLElement).hidden);
  expect(shown.map((part) => part.textContent).join("")).toBe("");
  expect(indicator!.style.display).toBe("inline-flex");
  expect(indicator!.style.blockSize).toBe("max(24px,2em)");
});

test("what a server rendered gets its look from the script, since a content security policy may have forbidden the attributes", async () => {
  const page = () => <ProgressSyncIndicator state={{}} />;
  const root = document.createElement("div");
  root.innerHTML = renderToString(page());
  const forbidden = root.querySelector("span")!;
  const hydrated = await act(async () => hydrateRoot(root, page()));
  expect(root.querySelectorAll(".progress-sync")).toHaveLength(1);
  expect(root.contains(forbidden)).toBe(false);
  await act(async () => hydrated.unmount());
});

test.each([true, false])("what a server rendered is taken over without a warning, online: %s", async (online) => {
  const complaints = vi.spyOn(console, "error");
  const root = document.createElement("div");
  root.innerHTML = renderToString(<Page />);
  expect(sidecar.seen).toHaveLength(0);
  document.body.append(root);
  sidecar.rows.set("ada,go-101,channels", { positionSeconds: 120, percentage: 40, completed: false, lastWatchedAt: new Date().toISOString() });
  setOnline(online);
  const recovered = vi.fn();
  const page = await act(async () => hydrateRoot(root, <Page />, { onRecoverableError: recovered }));
  await act(() => vi.advanceTimersByTimeAsync(100));
  expect(root.textContent).toContain("40 %");
  expect(complaints).not.toHaveBeenCalled();
  expect(recovered).not.toHaveBeenCalled();
  await act(async () => page.unmount());
});
