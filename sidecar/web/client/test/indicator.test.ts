import { expect, test, vi } from "vitest";
import { announce, offer, saysOf, SHAPES, statusOf, STRINGS } from "../src/indicator.js";
import type { IndicatorState, IndicatorStrings, Told, Wishes } from "../src/indicator.js";
import type { SyncStatus } from "../src/types.js";

const STATES = Object.keys(SHAPES) as SyncStatus[];

/** The members that the seed's page passed on. */
const five = { isPendingSync: false, lastSyncedAt: null, pendingUpdates: 0, retryCount: 0, error: null };
const failed = (kind: "network" | "server" | "validation" | "rate_limit" | "auth") => ({ kind, message: "…" });

test.each<[string, IndicatorState, SyncStatus]>([
  ["nothing was asked yet", five, "idle"],
  ["all was saved once", { ...five, lastSyncedAt: 1 }, "saved"],
  ["something is on its way, since they don't tell whether it is accepted", { ...five, isPendingSync: true, pendingUpdates: 1 }, "saving"],
  ["there is no network", { ...five, isPendingSync: true, retryCount: 1, error: failed("network") }, "offline"],
  ["the learner is signed out", { ...five, isPendingSync: true, error: failed("auth") }, "auth"],
  ["an update was refused for good", { ...five, lastSyncedAt: 1, error: failed("validation") }, "error"],
  ["the server failed, which passes", { ...five, isPendingSync: true, retryCount: 1, error: failed("server") }, "retrying"],
  ["the server was asked too often, which passes", { ...five, isPendingSync: true, error: failed("rate_limit") }, "retrying"],
  ["an attempt failed, of which no more is known", { ...five, isPendingSync: true, retryCount: 2 }, "retrying"],
  ["an error is of the page's own making", { ...five, isPendingSync: true, error: new Error("no luck") }, "retrying"],
  ["an error is a word", { ...five, lastSyncedAt: "2026-01-01T00:00:00Z", error: "no luck" }, "retrying"],
])("a page that passes the seed's five members is told the truth when %s", (_, state, status) => {
  expect(statusOf(state)).toBe(status);
});

test("a client's own word counts more than what can be guessed", () => {
  expect(statusOf({ ...five, status: "saved", isPendingSync: true, error: failed("server") })).toBe("saved");
});

test("no text says that what is kept and sent later could not be saved", () => {
  expect(Object.values(STRINGS).filter((text) => /could not|fail|lost/i.test(text))).toEqual([]);
});

const nothing = () => {};
const button = (state: IndicatorState, wishes: Wishes = {}) => {
  const offered = offer(state, STRINGS, { onForceSync: nothing, onResume: nothing, ...wishes });
  return offered ? offered.label + (offered.reason ? `: ${offered.reason}` : "") : "";
};

test.each<[string, IndicatorState, string]>([
  ["nothing was done", { status: "idle" }, ""],
  ["all is saved", { status: "saved" }, ""],
  ["it is saved already", { status: "saving" }, ""],
  ["something waits in the browser", { status: "pending" }, "Save progress now"],
  ["an attempt failed", { status: "retrying" }, "Save progress now"],
  ["it was pressed just now", { status: "retrying", forceResult: "failed" }, ""],
  ["there is no network", { status: "offline" }, ""],
  ["the learner has to sign in", { status: "auth" }, ""],
  ["something was refused", { status: "error" }, ""],
  ["the database can't be asked", { status: "stale" }, ""],
  ["the learner could go on elsewhere", { status: "saved", resumeAt: 301 }, "Continue at 5:01"],
  ["going on is all there is to offer", { status: "offline", resumeAt: 301 }, "Continue at 5:01"],
  ["going on matters more than to save", { status: "retrying", resumeAt: 301 }, "Continue at 5:01"],
  ["what the learner has to do needs the line", { status: "auth", resumeAt: 301 }, ""],
])("the one button is there only where it helps: %s", (_, state, label) => {
  expect(button(state)).toBe(label);
});

test.each<[string, IndicatorState, Wishes, string]>([
  ["wants it always", { status: "saved" }, { button: "always" }, "Save progress now"],
  ["wants it always, and there is no network", { status: "offline" }, { button: "always" }, "Save progress now: " + STRINGS.forceOffline],
  ["wants it always, and the learner is signed out", { status: "auth" }, { button: "always" }, "Save progress now: " + STRINGS.forceAuth],
  ["wants none", { status: "retrying", resumeAt: 301 }, { button: "never" }, ""],
  ["has no room", { status: "retrying" }, { variant: "compact" }, ""],
  ["has room for a badge", { status: "retrying", resumeAt: 301 }, { variant: "badge", button: "always" }, ""],
  ["can't save", { status: "retrying" }, { onForceSync: undefined }, ""],
  ["can't go on", { status: "saved", resumeAt: 301 }, { onResume: undefined }, ""],
])("a page that %s has the button it asks for", (_, state, wishes, label) => {
  expect(button(state, wishes)).toBe(label);
});

test.each([[0, "0:00"], [59.9, "0:59"], [301, "5:01"], [600, "10:00"], [3599, "59:59"], [3600, "1:00:00"], [36_061, "10:01:01"]])(
  "%d seconds are read as a film's time is",
  (resumeAt, time) => expect(button({ status: "saved", resumeAt })).toBe("Continue at " + time),
);

test("a button that can't help saves nothing", () => {
  const force = vi.fn();
  const press = (status: SyncStatus) => offer({ status }, STRINGS, { button: "always", onForceSync: force })!.act();
  press("offline");
  press("auth");
  expect(force).not.toHaveBeenCalled();
  press("saved");
  expect(force).toHaveBeenCalledTimes(1);
});

test("a learner who pressed the button reads what came of it", () => {
  const read = (forceResult: IndicatorState["forceResult"]) => STRINGS[saysOf({ status: "saved", forceResult })];
  expect([read("saved"), read("kept"), read("failed"), read(null)]).toEqual([
    STRINGS.forceSaved, STRINGS.forceKept, STRINGS.forceFailed, STRINGS.saved,
  ]);
});

test("each state but the one before all others has words and a drawing of its own, so that no colour is needed", () => {
  expect(new Set(STATES.map((status) => STRINGS[status])).size).toBe(STATES.length);
  expect(new Set(STATES.map((status) => SHAPES[status])).size).toBe(STATES.length);
  expect(STATES.filter((status) => !STRINGS[status] || !SHAPES[status])).toEqual(["idle"]);
});

/** What is read out as these are shown one after another. */
function heard(...shown: (keyof IndicatorStrings)[]): string[] {
  const out: string[] = [];
  let before: Told = "";
  for (const says of shown) {
    const after = announce(before, says);
    if (after && after !== before) out.push(STRINGS[after]);
    before = after;
  }
  return out;
}

test.each<[string, (keyof IndicatorStrings)[], string[]]>([
  ["nothing of routine saves", ["idle", "saved", "pending", "saved", "saving", "saved"], []],
  ["going offline and its end", ["saved", "offline", "saved"], [STRINGS.offline, STRINGS.again]],
  ["a failed attempt once, however many follow", ["pending", "retrying", "pending", "retrying", "pending", "saved"], [STRINGS.retrying, STRINGS.again]],
  ["to sign in at once, and only once", ["saved", "auth", "pending", "auth", "saved"], [STRINGS.auth, STRINGS.again]],
  ["of what was refused at once", ["saved", "error"], [STRINGS.error]],
  ["that the database can't be asked, and not that this was trouble with saving", ["idle", "stale", "saved"], [STRINGS.stale]],
  ["at the end of trouble that it is safe, if the database can't be asked", ["offline", "stale", "saved"], [STRINGS.offline, STRINGS.stale]],
  ["what the button did", ["saved", "saving", "forceSaved", "saved"], [STRINGS.forceSaved]],
  ["what the button did each time", ["saved", "forceSaved", "saved", "forceSaved"], [STRINGS.forceSaved, STRINGS.forceSaved]],
  ["that the button ended the trouble", ["retrying", "saving", "forceKept", "saved"], [STRINGS.retrying, STRINGS.forceKept]],
  ["that the button did not help, twice", ["forceFailed", "retrying", "saving", "forceFailed"], [STRINGS.forceFailed, STRINGS.retrying, STRINGS.forceFailed]],
  ["that all is saved after the button did not help", ["forceFailed", "pending", "saved"], [STRINGS.forceFailed, STRINGS.again]],
])("a learner who listens hears %s", (_, shown, said) => {
  expect(heard(...shown)).toEqual(said);
});
