import axe from "axe-core";
import { beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import type { ProgressState } from "../src/index.js";
import { STRINGS } from "../src/indicator.js";
import type { ProgressSyncIndicatorElement } from "../src/element.js";
import "../src/element.js";

const INITIAL_STATE = createProgressSync({ endpoint: "/progress", courseId: "c", lessonId: "l", autoStart: false }).getState();

const STATES = ["idle", "pending", "saving", "saved", "offline", "retrying", "error"] as const;

let element: ProgressSyncIndicatorElement;

beforeEach(() => {
  document.documentElement.lang = "en";
  document.title = "Lesson";
  document.body.innerHTML = "<main><h1>Lesson</h1></main>";
  element = document.createElement("progress-sync-indicator");
  document.querySelector("main")!.append(element);
});

const part = (selector: string) => element.shadowRoot!.querySelector<HTMLElement>(selector)!;
const show = (state: Partial<ProgressState>) => (element.state = { ...INITIAL_STATE, ...state });
const heard = () => [part("[role=status]").textContent, part("[role=alert]").textContent];

test("the regions that are read out are there before there is anything to say", () => {
  expect(heard()).toEqual(["", ""]);
});

test("a learner who listens is not disturbed by routine saves", () => {
  for (const status of ["pending", "saving", "pending", "saved", "retrying", "saved"] as const) {
    show({ status });
    expect(heard()).toEqual(["", ""]);
  }
});

test("a learner who listens hears of going offline, of errors, and that all is saved again", () => {
  show({ status: "offline" });
  expect(heard()).toEqual([STRINGS.offline, ""]);
  show({ status: "error" });
  expect(heard()).toEqual(["", STRINGS.error]);
  show({ status: "saving" });
  show({ status: "saved" });
  expect(heard()).toEqual([STRINGS.again, ""]);
});

test("each state has words and a shape of its own, so that no colour is needed", () => {
  const seen = STATES.map((status) => {
    show({ status });
    return [part("[part=text]").textContent, part("path").getAttribute("d")];
  });
  expect(new Set(seen.map(([text]) => text)).size).toBe(STATES.length);
  expect(new Set(seen.map(([, shape]) => shape)).size).toBe(STATES.length);
});

test("the badge keeps its words for those who listen", () => {
  element.setAttribute("variant", "badge");
  show({ status: "pending", pendingUpdates: 3 });
  expect(part("[part=text]").className).toBe("hidden");
  expect(part("[part=text]").textContent).toBe(STRINGS.pending);
  expect(part("[part=count]").textContent).toBe("3");
  expect(part("button").hidden).toBe(true);
});

test("the button has a name, asks the client to save, and can be taken over by the page", () => {
  const forceSync = vi.fn();
  const end = vi.fn();
  element.progress = { getState: () => INITIAL_STATE, subscribe: () => end, forceSync };
  expect(part("button").textContent).toBe(STRINGS.force);
  part("button").click();
  expect(forceSync).toHaveBeenCalledTimes(1);
  element.addEventListener("force-sync", (event) => event.preventDefault());
  part("button").click();
  expect(forceSync).toHaveBeenCalledTimes(1);
  element.remove();
  expect(end).toHaveBeenCalled();
});

test("every text can be put in the learner's language", () => {
  element.strings = { saved: "נשמר", force: "שמור עכשיו" };
  show({ status: "saved", lastSyncedAt: Date.now() });
  expect(part("[part=text]").textContent).toBe("נשמר");
  expect(part("button").textContent).toBe("שמור עכשיו");
});

test("a state that was set before the element was known is not lost", () => {
  const early = new (customElements.get("progress-sync-indicator")!)() as ProgressSyncIndicatorElement;
  Object.defineProperty(early, "state", { value: { status: "saved" }, configurable: true, writable: true });
  document.body.append(early);
  expect(early.shadowRoot!.querySelector("[part=text]")!.textContent).toBe(STRINGS.saved);
});

test.each(STATES)("axe finds nothing in the state %s", async (status) => {
  show({ status, pendingUpdates: 2, lastSyncedAt: 1 });
  for (const variant of ["full", "compact", "badge"]) {
    element.setAttribute("variant", variant);
    // Contrast needs a layout, which only a browser has.
    const { violations } = await axe.run(document, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map((violation) => violation.id)).toEqual([]);
  }
});

test("the style sheet is one that no content security policy forbids, and shared", () => {
  const other = document.body.appendChild(document.createElement("progress-sync-indicator"));
  expect(element.shadowRoot!.querySelector("style")).toBeNull();
  expect(element.shadowRoot!.adoptedStyleSheets).toHaveLength(1);
  expect(other.shadowRoot!.adoptedStyleSheets[0]).toBe(element.shadowRoot!.adoptedStyleSheets[0]);
});

test("a browser without such style sheets has the same rules in a style element", () => {
  vi.spyOn(ShadowRoot.prototype, "adoptedStyleSheets", "set").mockImplementation(() => {
    throw new TypeError("not supported");
  });
  const old = document.body.appendChild(document.createElement("progress-sync-indicator"));
  expect(old.shadowRoot!.querySelector("style")!.textContent).toContain(":host");
});

test("a page that trusts no markup from scripts can use it", () => {
  const markup = vi.spyOn(ShadowRoot.prototype, "innerHTML", "set");
  document.body.append(document.createElement("progress-sync-indicator"));
  expect(markup).not.toHaveBeenCalled();
});
