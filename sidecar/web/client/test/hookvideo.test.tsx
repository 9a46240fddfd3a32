import { act, cleanup, render } from "@testing-library/react";
import { StrictMode, useRef } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useOptimizedProgress } from "../src/react.js";
import { LESSON, Sidecar } from "./server.js";

/** What happened to which film, in order. */
let followed: string[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", new Sidecar().fetch);
  followed = [];
  const add = HTMLElement.prototype.addEventListener;
  vi.spyOn(HTMLElement.prototype, "addEventListener").mockImplementation(function (this: HTMLElement, ...given: any[]) {
    const { film } = this.dataset;
    if (given[0] === "timeupdate" && film) {
      followed.push("follow " + film);
      given[2].signal.addEventListener("abort", () => followed.push("leave " + film));
    }
    add.apply(this, given as never);
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function Lesson({ film, lessonId = "channels" }: { film?: string; lessonId?: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useOptimizedProgress({ ...LESSON, lessonId, storage: null, video });
  return film ? <video key={film} ref={video} data-film={film} /> : null;
}

test("the film of a ref is followed as long as it is on the page, and another one in its place", async () => {
  const page = render(<Lesson />);
  await act(() => vi.advanceTimersByTimeAsync(0));
  expect(followed).toEqual([]);
  page.rerender(<Lesson film="a" />);
  page.rerender(<Lesson film="a" />);
  expect(followed).toEqual(["follow a"]);
  page.rerender(<Lesson film="b" />);
  page.rerender(<Lesson film="b" lessonId="select" />);
  page.unmount();
  expect(followed.slice(1)).toEqual(["leave a", "follow b", "leave b", "follow b", "leave b"]);
});

test("StrictMode leaves the film followed once", async () => {
  render(<StrictMode><Lesson film="a" /></StrictMode>);
  await act(() => vi.advanceTimersByTimeAsync(0));
  expect(followed).toEqual(["follow a"]);
});
