import { act, cleanup, render } from "@testing-library/react";
import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProgressSyncProvider, useCourseProgress, useOptimizedProgress } from "../src/react.js";
import type { CourseProgress, OptimizedProgress, UseCourseProgressOptions } from "../src/react.js";
import { Channel, setHidden, Sidecar } from "./server.js";

let sidecar: Sidecar;
let course: CourseProgress;
let lessons: OptimizedProgress[];

beforeEach(() => {
  vi.useFakeTimers();
  sidecar = new Sidecar();
  vi.stubGlobal("fetch", sidecar.fetch);
  Channel.all.clear();
  vi.stubGlobal("BroadcastChannel", Channel);
  lessons = [];
});

afterEach(async () => {
  cleanup();
  await vi.advanceTimersByTimeAsync(1000);
  setHidden(false);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const ids = { userId: "ada", courseId: "go-101" };
const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const questions = () => sidecar.seen.filter((s) => s.path === "/progress/v1/stats");

function Course(props: Partial<UseCourseProgressOptions>) {
  course = useCourseProgress({ ...ids, ...props });
  return <p>{course.percent}</p>;
}

function Lesson({ id, courseId = "go-101" }: { id: number; courseId?: string }) {
  lessons[id] = useOptimizedProgress({ ...ids, courseId, lessonId: `l${id}`, events: false, intervalMs: 1000 });
  return null;
}

test("a course is what the sidecar knows of it, and nothing is asked by the clock", async () => {
  sidecar.statistics.push({
    status: 200,
    body: { courses: [{ courseId: "go-101", percent: 35, percentOf: "course", lessons: 3, lessonsStarted: 2, lessonsCompleted: 1, requiredPercent: 43.75, timeSpentSeconds: 710 }], stale: true },
  });
  render(<Course />);
  expect(course).toMatchObject({ percent: null, lessons: null, isLoading: true, error: null });
  await wait(0);
  expect(course).toMatchObject({
    percent: 35, percentOf: "course", lessons: 3, lessonsStarted: 2, lessonsCompleted: 1, requiredPercent: 43.75, timeSpentSeconds: 710,
    isStale: true, isLoading: false, error: null,
  });
  await wait(3_600_000);
  expect(questions().map(({ query }) => "" + query)).toEqual(["userId=ada&courseId=go-101"]);
});

test("what the page's lessons have sent shows, with one question for all", async () => {
  render(<><Course /><Lesson id={0} /><Lesson id={1} /></>);
  await wait(0);
  expect(course).toMatchObject({ percent: 0, lessonsStarted: 0, isLoading: false });
  act(() => lessons.forEach((lesson) => lesson.updateProgress(50, 100)));
  await wait(900);
  expect(questions()).toHaveLength(1);
  await wait(1000);
  expect(course).toMatchObject({ percent: 50, lessonsStarted: 2, lessonsCompleted: 0 });
  act(() => lessons[0]!.markCompleted());
  await wait(600);
  expect(course).toMatchObject({ percent: 75, lessonsCompleted: 1 });
  expect(questions()).toHaveLength(3);
});

test("another course's lesson is no reason to ask", async () => {
  render(<><Course /><Lesson id={0} courseId="rust" /></>);
  await wait(0);
  act(() => lessons[0]!.markCompleted());
  await wait(5000);
  expect(sidecar.posts).toHaveLength(1);
  expect(questions()).toHaveLength(1);
});

test("a tab that nobody looks at asks when it is looked at", async () => {
  render(<><Course /><Lesson id={0} /></>);
  await wait(0);
  act(() => setHidden(true));
  act(() => lessons[0]!.markCompleted());
  await wait(60_000);
  expect(questions()).toHaveLength(1);
  act(() => setHidden(false));
  act(() => void window.dispatchEvent(new Event("focus")));
  await wait(600);
  expect(course.percent).toBe(100);
  expect(questions()).toHaveLength(2);
});

test("what was known stays where the sidecar can't tell, which is not asked before it wants to be", async () => {
  sidecar.statistics.push({ status: 200, body: { courses: [{ percent: 35 }] } }, { status: 503, body: { detail: "away" }, headers: { "Retry-After": "60" } });
  render(<Course />);
  await wait(0);
  act(() => course.refresh());
  await wait(600);
  expect(course).toMatchObject({ percent: 35, isLoading: false, error: { kind: "server", status: 503, message: "away" } });
  act(() => course.refresh());
  await wait(59_000);
  expect(questions()).toHaveLength(2);
  await wait(1000);
  expect(course).toMatchObject({ percent: 0, error: null });
});

test("what a page does while the answer is under way is asked for again", async () => {
  let open = () => {};
  const slow = vi.fn(async (...request: Parameters<typeof fetch>) => {
    await new Promise<void>((done) => (open = done));
    return sidecar.fetch(...request);
  });
  render(<Course fetch={slow} />);
  act(() => course.refresh());
  await wait(600);
  expect(slow).toHaveBeenCalledTimes(1);
  open();
  await wait(600);
  expect(slow).toHaveBeenCalledTimes(2);
});

test("a page that is left asks no more, and another learner or course is asked for at once", async () => {
  const { rerender, unmount } = render(<StrictMode><ProgressSyncProvider value={{ endpoint: "/lms" }}><Course /></ProgressSyncProvider></StrictMode>);
  await wait(0);
  rerender(<StrictMode><ProgressSyncProvider value={{ endpoint: "/lms" }}><Course courseId="rust" csrfToken="new" /></ProgressSyncProvider></StrictMode>);
  expect(course.isLoading).toBe(true);
  await wait(0);
  expect(sidecar.seen.map(({ path, query, headers }) => [path, query.get("courseId"), headers["X-CSRF-Token"]])).toEqual([
    ["/lms/v1/stats", "go-101", undefined], ["/lms/v1/stats", "rust", "new"],
  ]);
  act(() => course.refresh());
  unmount();
  window.dispatchEvent(new Event("focus"));
  await wait(5000);
  expect(sidecar.seen).toHaveLength(2);
  expect(Channel.all.size).toBe(0);
});

test("a server that renders a page asks nothing", () => {
  expect(renderToString(<Course />)).toBe("<p></p>");
  expect(sidecar.seen).toHaveLength(0);
});
