import { expect, test } from "vitest";
import type { Attempt } from "../src/http.js";
import { createProgressSync } from "../src/index.js";
import type { ProgressState } from "../src/index.js";
import { clock, copy, facts, line, outcome, rates } from "../src/report.js";
import { LESSON } from "./server.js";

const STATE = createProgressSync({ ...LESSON, autoStart: false, storage: null }).getState();
const state = (change: Partial<ProgressState>): ProgressState => ({ ...STATE, ...change });
const AT = Date.parse("2026-03-01T12:30:05");

test("every member of the state is shown under its own name, the status first", () => {
  const names = facts(STATE).map(([name]) => name);
  expect(names[0]).toBe("status");
  expect(names.toSorted()).toEqual(Object.keys(STATE).toSorted());
});

test.each<[keyof ProgressState, Partial<ProgressState>, string]>([
  ["status", { status: "retrying" }, "retrying"],
  ["progressSeconds", { progressSeconds: 301.25 }, "301.3"],
  ["isDirty", { isDirty: true }, "true"],
  ["resumeAt", { resumeAt: null }, "–"],
  ["resumeAt", { resumeAt: 301 }, "301"],
  ["lastSyncedAt", { lastSyncedAt: AT }, "12:30:05"],
  ["lastSyncedAt", { lastSyncedAt: null }, "–"],
  ["error", { error: { kind: "server", status: 503, message: "busy" } }, "server, 503, busy"],
  ["error", { error: { kind: "network", message: "TypeError: failed" } }, "network, TypeError: failed"],
])("%s is told as it is", (name, change, told) => {
  expect(Object.fromEntries(facts(state(change)))[name]).toBe(told);
});

test.each<[string, Partial<Attempt>, string[]]>([
  ["done", { status: 200, milliseconds: 41.6 }, ["200", "42 ms", ""]],
  ["under way", {}, ["–", "…", ""]],
  ["refused", { status: 503, milliseconds: 9, error: { kind: "server", status: 503, message: "busy" } }, ["503", "9 ms", "server, 503, busy"]],
  ["without an answer", { milliseconds: 40_000, error: { kind: "network", message: "TimeoutError" } }, ["–", "40000 ms", "network, TimeoutError"]],
])("a request that is %s", (_, change, told) => {
  expect(line({ at: AT, method: "GET", url: "/progress/v1/sync?userId=ada", ...change })).toEqual(["12:30:05", "GET", "/progress/v1/sync", ...told]);
});

/** A request with so many updates after so many seconds. */
const sent = (seconds: number, updates: number, change: Partial<Attempt> = {}): Attempt =>
  ({ at: AT + seconds * 1000, method: "POST", url: "/progress/v1/progress", milliseconds: 9, status: 200, updates, retryCount: 0, ...change });
const refused: Partial<Attempt> = { status: 503, error: { kind: "server", status: 503, message: "busy" } };
const question: Attempt = { at: AT, method: "GET", url: "/progress/v1/sync", milliseconds: 9, status: 200 };

test.each<[string, Attempt[], string[]]>([
  ["nothing", [], ["–", "–", "–", "–", "–"]],
  ["a question", [question], ["–", "–", "–", "–", "–"]],
  ["one that is under way", [sent(0, 1, { milliseconds: undefined, status: undefined })], ["–", "–", "–", "–", "–"]],
  ["one", [sent(0, 2)], ["–", "2.0", "100.0%", "0.00", "0.0%"]],
  ["two at once", [sent(0, 1), sent(0, 1)], ["–", "1.0", "100.0%", "0.00", "0.0%"]],
  ["three in a minute", [sent(0, 1), question, sent(30, 1), sent(60, 2)], ["2.0", "1.3", "100.0%", "0.00", "0.0%"]],
  ["one that is refused", [sent(0, 3, refused)], ["–", "–", "0.0%", "–", "100.0%"]],
  ["one that is refused twice", [sent(0, 3, refused), sent(5, 3, { ...refused, retryCount: 1 }), sent(15, 3, { retryCount: 2 })],
    ["8.0", "3.0", "33.3%", "2.00", "66.7%"]],
  ["one of many that has no answer", [...Array.from({ length: 19 }, (_, i) => sent(i * 30, 1)), sent(570, 1, { error: { kind: "network", message: "" } })],
    ["2.0", "1.0", "95.0%", "0.00", "5.0%"]],
])("of %s the rates are told as far as they are known", (_, requests, told) => {
  expect(rates(requests).map(([, value]) => value)).toEqual(told);
});

test("the rates have the names of the policy's status", () => {
  expect(rates([]).map(([name]) => name)).toEqual(["syncFrequency", "averageBatchSize", "successRate", "averageRetries", "errorRate"]);
});

test.each<[string, boolean, Partial<ProgressState>, string]>([
  ["all saved", true, {}, "All of it is in the database."],
  ["accepted", false, { isPendingSync: true }, "Accepted, and not in the database yet."],
  ["accepted, with the database away", false, { error: { kind: "server", message: "no database" } }, "Accepted, and not in the database yet. server, no database"],
  ["not accepted", false, { isDirty: true, error: { kind: "network", message: "no network" } }, "Not accepted yet: this browser keeps it. network, no network"],
])("a force sync that ended with %s", (_, saved, change, told) => {
  expect(outcome(saved, state(change))).toBe(told);
});

test.each([
  ["ada.l@example.org", "ada.l@example.org was erased", "*** was erased"],
  ["ada lovelace", "no ada lovelace, no ada+lovelace", "no ***, no ***"],
  ["1", "learner 1 of 10 at /v1/x", "learner *** of 10 at /v1/x"],
  ["$&", "who is $&?", "who is ***?"],
])("a copied state does not tell that the learner is %s", (userId, message, masked) => {
  const url = "/progress/v1/progress?" + new URLSearchParams({ userId, courseId: "go-101" });
  const error = { kind: "validation", status: 410, message } as const;
  const json = copy("channels", state({ error, progressSeconds: 1 }), [{ at: AT, method: "GET", url, status: 410, milliseconds: 1, error }]);
  expect(JSON.parse(json)).toMatchObject({
    lesson: "channels",
    state: { error: { message: masked }, progressSeconds: 1 },
    requests: [{ url: "/progress/v1/progress?userId=***&courseId=go-101", milliseconds: 1, error: { message: masked } }],
  });
});

test("the time of day is the device's", () => {
  expect(clock(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe("03:04:05");
});
