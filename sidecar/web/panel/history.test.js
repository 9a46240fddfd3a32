// What the chart draws. Run by hack/client.sh; nothing of it is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buckets, points } from "./static/history.js";

const start = Date.parse("2026-03-01T10:00:00Z");
const at = (seconds) => start + seconds * 1000;
const sample = (seconds, updatesAccepted, rowsWritten, saveLagSeconds = null) =>
  ({ at: new Date(at(seconds)).toISOString(), updatesAccepted, rowsWritten, saveLagSeconds });
const data = (history, updatesAccepted, rowsWritten) => ({ history, status: { counters: { updatesAccepted, rowsWritten } } });
const seconds = (list) => list.map(({ at: then, accepted, written, lag }) => [(then - start) / 1000, accepted, written, lag]);

for (const [what, want, history, now, window] of [
  ["a sidecar that has just started", [[0, 0, 0, null], [3, 60, 9, null]], [sample(0, 0, 0)], 3, 300],
  ["what happened before the page was opened", [[0, 0, 0, null], [10, 36, 0, null], [20, 36, 1, 3], [25, 60, 9, null]],
    [sample(0, 0, 0), sample(10, 36, 0), sample(20, 36, 1, 3)], 25, 300],
  ["sums count from the begin of the window", [[15, 0, 0, null], [20, 24, 1, 2], [25, 50, 8, null]],
    [sample(0, 0, 0), sample(10, 10, 1, 9), sample(20, 34, 2, 2)], 25, 10],
  ["samples that stopped, as on a laptop that slept", [[90, 0, 0, null], [100, 50, 8, null]], [sample(0, 0, 0), sample(10, 10, 1)], 100, 10],
]) {
  test(`points: ${what}`, () => assert.deepEqual(seconds(points(data(history, 60, 9), at(now), window * 1000)), want));
}

test("points are in the window, and never fall", () => {
  const history = Array.from({ length: 181 }, (_, i) => sample(i * 10, i * 7, i));
  for (const window of [300, 1800]) {
    const list = points(data(history, 2000, 200), at(1805), window * 1000);
    for (const [i, point] of list.entries()) {
      assert.ok(point.at >= at(1805 - window) && point.at <= at(1805));
      assert.ok(i === 0 || (point.at >= list[i - 1].at && point.accepted >= list[i - 1].accepted && point.written >= list[i - 1].written));
    }
  }
});

test("the table has the sums of whole half minutes, the newest first, with the longest lag of each", () => {
  const list = points(data([sample(5, 0, 0), sample(15, 5, 1, 2), sample(25, 6, 2, 4), sample(35, 9, 3, 1), sample(65, 20, 4)], 30, 5), at(70), 300_000);
  assert.deepEqual(seconds(buckets(list, 30_000)), [[70, 30, 5, null], [60, 9, 3, 1], [30, 6, 2, 4]]);
});

test("the table of a moment has one row", () => {
  assert.deepEqual(seconds(buckets(points(data([sample(1, 0, 0)], 4, 2), at(2), 300_000), 30_000)), [[2, 4, 2, null]]);
});
