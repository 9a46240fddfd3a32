import axe from "axe-core";
import { beforeEach, expect, test, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import type { ProgressState } from "../src/index.js";
import { STRINGS } from "../src/indicator.js";
import type { ProgressSyncIndicatorElement } from "../src/element.js";
import "../src/element.js";

const INITIAL_STATE = createProgressSync({ endpoint: "/progress", courseId: "c", lessonId: "l", autoStart: false }).getState();

const STATES = ["idle", "saved", "saving", "stale", "pending", "retrying", "offline", "auth", "error"] as const;

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

test("a learner who listens hears of trouble and its end, and is not disturbed by routine saves", () => {
  for (const status of ["pending", "saved", "saving", "saved"] as const) {
    show({ status });
    expect(heard()).toEqual(["", ""]);
  }
  show({ status: "offline" });
  expect(heard()).toEqual([STRINGS.offline, ""]);
  show({ status: "auth" });
  expect(heard()).toEqual(["", STRINGS.auth]);
  show({ status: "saved" });
  expect(heard()).toEqual([STRINGS.again, ""]);
});

test("the words are there in full where the line is too short for them, and for those who can't see a badge", () => {
  for (const variant of ["full", "compact", "badge"]) {
    element.setAttribute("variant", variant);
    show({ status: "error" });
    expect(part("[part=text]").textContent).toBe(STRINGS.error);
    expect(part("[part=text]").title).toBe(STRINGS.error);
  }
});

test("no number of updates is shown to a learner", () => {
  for (const variant of ["full", "compact", "badge"]) {
    element.setAttribute("variant", variant);
    show({ status: "pending", pendingUpdates: 37, retryCount: 42 });
    expect(element.shadowRoot!.textContent).not.toMatch(/\d/);
  }
});

/** A client that shows one state; what the element asks of it is recorded. */
function client(state: Partial<ProgressState>) {
  return { getState: () => ({ ...INITIAL_STATE, ...state }), subscribe: vi.fn(() => end), forceSync: vi.fn(), resume: vi.fn() };
}
const end = vi.fn();

test("the button asks the client to save, and can be taken over by the page", () => {
  const source = (element.progress = client({ status: "retrying" }));
  expect(part("button").textContent).toBe(STRINGS.force);
  part("button").click();
  expect(source.forceSync).toHaveBeenCalledTimes(1);
  element.addEventListener("force-sync", (event) => event.preventDefault());
  part("button").click();
  expect(source.forceSync).toHaveBeenCalledTimes(1);
  element.remove();
  expect(end).toHaveBeenCalled();
});

test("the button goes on where the learner was, and can be taken over by the page", () => {
  const source = (element.progress = client({ status: "saved", resumeAt: 301 }));
  expect(part("button").textContent).toBe("Continue at 5:01");
  part("button").click();
  expect(source.resume).toHaveBeenCalledTimes(1);
  element.addEventListener("resume", (event) => event.preventDefault());
  part("button").click();
  expect(source.resume).toHaveBeenCalledTimes(1);
  expect(source.forceSync).not.toHaveBeenCalled();
});

test("a client of before that can't go on is not asked to", () => {
  const { resume: _, ...source } = client({ status: "saved", resumeAt: 301 });
  element.progress = source;
  expect(part("button").hidden).toBe(true);
});

test("there is no button while all is well, nor where a page wants none", () => {
  show({ status: "saved" });
  expect(part("button").hidden).toBe(true);
  show({ status: "retrying" });
  expect(part("button").hidden).toBe(false);
  element.setAttribute("button", "never");
  expect(part("button").hidden).toBe(true);
});

test("a button that can't help can be reached, says why, and does nothing", () => {
  const source = (element.progress = client({ status: "offline" }));
  element.setAttribute("button", "always");
  const button = part("button") as HTMLButtonElement;
  expect(button.hidden || button.disabled).toBe(false);
  expect(button.getAttribute("aria-disabled")).toBe("true");
  expect(button.title).toBe(STRINGS.forceOffline);
  const asked = vi.fn();
  element.addEventListener("force-sync", asked);
  button.click();
  expect(asked).not.toHaveBeenCalled();
  expect(source.forceSync).not.toHaveBeenCalled();
  element.progress = client({ status: "saved" });
  expect(button.getAttribute("aria-disabled")).toBe("false");
});

test("who uses the keyboard keeps the focus when the button has done its work, and the button goes when they do", () => {
  show({ status: "retrying" });
  part("button").focus();
  part("button").dispatchEvent(new KeyboardEvent("keyup", { key: "Tab" }));
  show({ status: "saved" });
  expect(element.shadowRoot!.activeElement).toBe(part("button"));
  expect(part("button").hidden).toBe(false);
  part("button").blur();
  expect(part("button").hidden).toBe(true);
});

test("who uses a mouse is left without a button that does not help", () => {
  show({ status: "retrying" });
  part("button").focus();
  part("button").click();
  show({ status: "saved" });
  expect(part("button").hidden).toBe(true);
});

test("every text can be put in the learner's language", () => {
  element.strings = { saved: "נשמר", force: "שמור עכשיו" };
  show({ status: "saved" });
  expect(part("[part=text]").textContent).toBe("נשמר");
  show({ status: "retrying" });
  expect(part("button").textContent).toBe("שמור עכשיו");
});

test("a state that was set before the element was known is not lost", () => {
  const early = new (customElements.get("progress-sync-indicator")!)() as ProgressSyncIndicatorElement;
  Object.defineProperty(early, "state", { value: { status: "saved" }, configurable: true, writable: true });
  document.body.append(early);
  expect(early.shadowRoot!.querySelector("[part=text]")!.textContent).toBe(STRINGS.saved);
});

test.each(STATES)("axe finds nothing in the state %s", async (status) => {
  show({ status });
  for (const [variant, button] of [["full", "auto"], ["full", "always"], ["compact", "auto"], ["badge", "auto"]] as const) {
    element.setAttribute("variant", variant);
    element.setAttribute("button", button);
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
