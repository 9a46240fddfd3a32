// The tables of classes and variants. Run by hack/client.sh; nothing of it is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { classRows, stretch, variantRows, within } from "./static/breakdown.js";

const bounds = [0.15, 5, 60];
for (const [what, counts, want] of [
  ["no record", undefined, "–"],
  ["no record, counted", [0, 0, 0, 0], "–"],
  ["all within the first bound", [3, 0, 0, 0], "≤ 150 ms"],
  ["one of twenty beyond", [0, 19, 0, 1], "≤ 5.0 s"],
  ["two of twenty beyond", [0, 18, 2, 0], "≤ 1 min 0 s"],
  ["beyond all bounds", [0, 0, 0, 1], "> 1 min 0 s"],
]) {
  test(`95 of a hundred records, ${what}`, () => assert.equal(within({ counts }, 0.95, bounds), want));
}

const now = Date.parse("2026-03-01T10:00:30Z");
const data = (status) => ({ now: "2026-03-01T10:00:20Z", lagBounds: bounds, status });

test("a class says what waits in it, and how long what was saved took", () => {
  const classes = [
    { name: "exam", intervalSeconds: 30, pendingRecords: 2, oldestPendingSeconds: 5, nextSyncAt: "2026-03-01T10:00:45Z", recordsSaved: 1200,
      saveLag: { counts: [0, 0, 9, 0] }, finalLag: { counts: [0, 1, 0, 0] } },
    { name: "default", intervalSeconds: 180, pendingRecords: 0, oldestPendingSeconds: 0, recordsSaved: 0, saveLag: {}, finalLag: {} },
  ];
  assert.deepEqual(classRows(data({ classes }), now), [
    ["exam", "30 s", "2", "15 s", "in 15 s", "1,200", "≤ 1 min 0 s", "≤ 5.0 s"],
    ["default", "3 min 0 s", "0", "–", "–", "0", "–", "–"],
  ]);
});

test("an arm's reduction is of what it saved, not of what still waits", () => {
  const arm = { name: "long", weight: 1, learners: 250_000, moreLearners: true, updatesAccepted: 500, updatesSaved: 100, rowsWritten: 10,
    saveLag: {}, finalLag: {} };
  assert.deepEqual(variantRows(data({ variants: [arm] })), [["long", "1", "250,000 or more", "500", "10", "90.0%", "–", "–"]]);
});
test("without variants there are no rows", () => assert.deepEqual(variantRows(data({})), []));

test("what is only observed is not told to be in use", () => {
  const adaptive = { mode: "Observe", factor: 1.5, latencySeconds: 0.25, reversals: 2 };
  assert.match(stretch(adaptive), /would be 1\.50 times .* at most 250 ms/);
  assert.match(stretch({ ...adaptive, mode: "On" }), /are 1\.50 times/);
  assert.equal(stretch(undefined), "");
});
