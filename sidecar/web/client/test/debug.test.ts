import axe from "axe-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { close, open } from "../src/debug.js";
import { attempts } from "../src/http.js";
import type { ProgressState, ProgressSync } from "../src/index.js";
import { wait, world } from "./tab.js";

const w = world();
let sync: ProgressSync;

beforeEach(async () => {
  localStorage.clear();
  sync = await w.begin();
  attempts.length = 0;
  window.progressSync = { channels: sync };
});

afterEach(() => {
  close();
  delete window.progressSync;
  document.body.replaceChildren();
});

const host = () => document.querySelector("progress-sync-debug");
const root = () => host()!.shadowRoot!;
const button = (label: string) => [...root().querySelectorAll("button")].find((node) => node.textContent!.includes(label))!;
const said = () => root().querySelector("article p")!.textContent;

/** What a card shows of a member of the state. */
function shown(name: string): string {
  const term = [...root().querySelectorAll("dt")].find((node) => node.textContent === name)!;
  return term.nextSibling!.textContent!;
}

/** A client in a state that is given. */
function still(change: Partial<ProgressState>): ProgressSync {
  const state = { ...sync.getState(), ...change };
  return { ...sync, getState: () => state, subscribe: () => () => {}, discardPending: vi.fn(), forceSync: vi.fn(async () => false) };
}

test("an application that has the entry among its imports has no panel from that", () => {
  expect(host()).toBeNull();
});

test("it is there once, however often it is opened, and a page that replaces its body keeps it", async () => {
  open();
  open();
  expect(document.querySelectorAll("progress-sync-debug")).toHaveLength(1);
  document.body.replaceChildren();
  await wait(1000);
  expect(document.querySelectorAll("progress-sync-debug")).toHaveLength(1);
});

test("closing switches it off, and leaves no timer and no listener behind", async () => {
  const timers = vi.getTimerCount();
  const end = vi.fn();
  window.progressSync = { channels: { ...sync, subscribe: () => end } };
  localStorage["debug-progress"] = "true";
  open();
  button("Close").click();
  expect(host()).toBeNull();
  expect(localStorage["debug-progress"]).toBe("false");
  expect(end).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(timers);
});

test("what the learner does is shown as it happens", () => {
  open();
  expect(shown("isDirty")).toBe("false");
  sync.updateProgress(42, 300);
  expect(shown("progressSeconds")).toBe("42");
  expect(shown("watchedPercentage")).toBe("14");
  expect(shown("isDirty")).toBe("true");
  expect(shown("pendingUpdates")).toBe("1");
});

test("clients come and go while it is open", async () => {
  open();
  window.progressSync = { channels: sync, loops: still({}) };
  await wait(1000);
  expect([...root().querySelectorAll("h2")].map((node) => node.textContent)).toEqual(["channels", "loops", "Requests with progress, among the last 20"]);
  window.progressSync = undefined;
  await wait(1000);
  expect(root().querySelectorAll("article")).toHaveLength(0);
  expect(root().querySelector("p")!.textContent).toBe("This page has no client.");
});

test("how the page's requests go is told in numbers, and in dashes while nothing was sent", async () => {
  const numbers = () => ["syncFrequency", "averageBatchSize", "successRate", "averageRetries", "errorRate"].map(shown);
  open();
  expect(numbers()).toEqual(["–", "–", "–", "–", "–"]);
  w.sidecar.replies = [{ status: 503 }];
  sync.updateProgress(42, 300);
  await wait(30_000);
  sync.updateProgress(43, 300);
  await wait(60_000);
  expect(w.sidecar.posts.map(({ body }) => body.length), "the first is refused, and sent again").toEqual([1, 1, 1]);
  // From the first to the third are 5 s and the interval.
  expect(numbers()).toEqual(["4.0", "1.0", "66.6%", "0.50", "33.4%"]);
  expect(JSON.stringify(attempts)).not.toContain("currentTime");
});

test("requests are shown with what went wrong, the latest first", async () => {
  open();
  attempts.push({ at: Date.now(), method: "GET", url: "/progress/v1/progress?userId=ada", status: 200, milliseconds: 12 });
  attempts.push({ at: Date.now(), method: "POST", url: "/progress/v1/progress", status: 503, milliseconds: 3, error: { kind: "server", status: 503, message: "busy" } });
  await wait(1000);
  const rows = [...root().querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent).slice(-4));
  expect(rows).toEqual([
    ["POST", "/progress/v1/progress", "503", "3 ms"],
    ["server, 503, busy"],
    ["GET", "/progress/v1/progress", "200", "12 ms"],
  ]);
  const first = root().querySelector("tbody tr");
  await wait(5000);
  expect(root().querySelector("tbody tr"), "what is selected stays selected").toBe(first);
});

test("force sync tells what came of it", async () => {
  open();
  sync.updateProgress(42, 300);
  button("Force sync").click();
  await wait(0);
  expect(said()).toMatch(/^\d\d:\d\d:\d\d All of it is in the database\.$/);
  w.sidecar.down = true;
  sync.updateProgress(43, 300);
  button("Force sync").click();
  await wait(0);
  expect(said()).toMatch(/Not accepted yet: this browser keeps it\. network/);
});

test("discarding asks first, and once more after a second thought", () => {
  const client = still({ isDirty: true, pendingUpdates: 3 });
  window.progressSync = { channels: client };
  open();
  button("Discard pending").click();
  expect(client.discardPending).not.toHaveBeenCalled();
  button("Really discard up to 3 updates?").dispatchEvent(new Event("blur"));
  button("Discard pending").click();
  button("Really discard").dispatchEvent(new MouseEvent("click", { detail: 2 }));
  expect(client.discardPending, "a double click is one").not.toHaveBeenCalled();
  button("Really discard").click();
  expect(client.discardPending).toHaveBeenCalledTimes(1);
  expect(said()).toBe("Discarded. What the sidecar has accepted stays.");
  button("Discard pending");
});

test("with nothing to discard it says so", () => {
  open();
  button("Discard pending").click();
  expect(said()).toBe("Nothing is held by this browser alone.");
});

test("there is no button that erases what is saved", () => {
  open();
  expect([...root().querySelectorAll("button")].map((node) => node.textContent)).toEqual(["Force sync", "Discard pending", "Copy state", "Close"]);
});

test("the state is copied, or shown where there is no clipboard", async () => {
  const writeText = vi.fn(async (_: string) => {});
  vi.spyOn(navigator, "clipboard", "get").mockReturnValue({ writeText } as unknown as Clipboard);
  open();
  button("Copy state").click();
  await wait(0);
  expect(said()).toBe("Copied.");
  expect(JSON.parse(writeText.mock.calls[0]![0])).toMatchObject({ lesson: "channels", state: { status: "idle" } });
  writeText.mockRejectedValue(new Error("not allowed"));
  button("Copy state").click();
  await wait(0);
  const text = root().querySelector("textarea")!;
  expect(text.hidden).toBe(false);
  expect(JSON.parse(text.value)).toMatchObject({ lesson: "channels" });
});

test("it is a region with a name, says nothing unasked, and axe finds nothing in it", async () => {
  vi.useRealTimers();
  document.documentElement.lang = "en";
  document.title = "Lesson";
  document.body.innerHTML = "<main><h1>Lesson</h1></main>";
  open();
  const region = root().querySelector("[role=region]")!;
  expect(region.getAttribute("aria-label")).toBe("progress-sync debug");
  expect(region.getAttribute("aria-live")).toBe("off");
  expect(root().querySelector("output, [role=status], [role=alert]")).toBeNull();
  // Contrast needs a layout, which only a browser has.
  const { violations } = await axe.run(document, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map((violation) => violation.id)).toEqual([]);
});

test("the style sheet is one that no content security policy forbids", () => {
  open();
  expect(root().querySelector("style")).toBeNull();
  expect(root().adoptedStyleSheets).toHaveLength(1);
});
