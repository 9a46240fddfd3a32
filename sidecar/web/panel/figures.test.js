// The figures of the page. Run by hack/client.sh; nothing of it is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures, reduction } from "./static/figures.js";
import { lag, lags } from "./static/format.js";

// The operator's column REDUCTION has the same cases (controllers/sidecarstatus).
for (const [what, received, pending, rows, want] of [
  ["nothing was received", 0, 0, 0, undefined],
  ["nothing was saved", 100, 100, 0, undefined],
  ["one row for 36 updates", 36, 0, 1, "97.2%"],
  ["a row for each update", 10, 0, 10, "0.0%"],
  ["what waits is not counted as saved", 150, 50, 50, "50.0%"],
  ["never quite all", 1_000_000, 0, 1, "99.9%"],
  ["all discarded", 10, 0, 0, "100.0%"],
  ["more rows than updates, after a restart", 1, 0, 10, "0.0%"],
]) {
  test(`write reduction: ${what}`, () => {
    const status = { counters: { updatesAccepted: received, rowsWritten: rows }, sync: { pendingUpdates: pending } };
    assert.equal(reduction(status)?.share, want);
  });
}

for (const [seconds, want] of [[0, "0 ms"], [0.0012345, "1.23 ms"], [0.25, "250 ms"], [0.9994, "999 ms"], [0.99999, "1.0 s"], [3.14159, "3.1 s"],
  [9.96, "10 s"], [59.4, "59 s"], [181.2, "3 min 1 s"]]) {
  test(`a lag of ${seconds} s`, () => assert.equal(lag(seconds), want));
}

for (const [what, least, most, want] of [["of one", 0.002, 0.002, "2 ms"], ["within milliseconds", 0.00126, 0.0223, "1.26–22.3 ms"], ["across units", 0.8, 1.5, "800 ms–1.5 s"]]) {
  test(`round trips ${what}`, () => assert.equal(lags(least, most), want));
}

const now = Date.parse("2026-03-01T10:00:30Z");
const data = (saveLag, sync = {}) => ({
  now: "2026-03-01T10:00:20Z", saveLag,
  status: {
    startedAt: "2026-03-01T09:58:30Z",
    sync: { pendingUpdates: 0, pendingRecords: 0, inFlightRecords: 0, oldestPendingSeconds: 0, retryCount: 0, ...sync },
    counters: { updatesAccepted: 78253, updatesRejected: 0, rowsWritten: 2129, batchesApplied: 3, batchesReplayed: 0, retries: 1, attempts: 400, failedAttempts: 1, recordsSaved: 2200 },
    database: { reachable: true }, spool: { bytes: 2048, limitBytes: 1 << 30 }, deadLetters: { count: 0 },
  },
});
const figure = (name, ...input) => figures(data(...input), now).find(([found]) => found === name).slice(1);

test("the first two figures are what the sidecar is for", () => {
  assert.deepEqual(figures(data({ records: 0 }), now).slice(0, 2).map(([name]) => name), ["Write reduction", "Accepted → saved"]);
});
test("the write reduction says what it is of", () => {
  assert.deepEqual(figure("Write reduction", { records: 0 }), ["97.2%", "2,129 rows written for 78,253 updates, since the start"]);
});
test("the save lag says of how many records it is", () => {
  assert.deepEqual(figure("Accepted → saved", { records: 1, medianSeconds: 1.12, p95Seconds: 183 }),
    ["1.1 s", "half of the last 1 record within this, 95% within 3 min 3 s"]);
});
test("there is no save lag before something was saved", () => {
  assert.deepEqual(figure("Accepted → saved", { records: 0, medianSeconds: 0, p95Seconds: 0 }), ["–", "nothing was saved yet"]);
});
test("what waits grows older between two readings", () => {
  assert.equal(figure("Oldest waiting", { records: 0 }, { pendingUpdates: 1, oldestPendingSeconds: 5 })[0], "15 s");
});
test("what is late says so", () => {
  assert.equal(figure("Oldest waiting", { records: 0 }, { pendingUpdates: 1, oldestPendingSeconds: 200, overdueSeconds: 9 })[1], "9 s late");
});
for (const [name, want] of [
  ["Sync frequency", ["1.5/min", "batches saved, since the start"]],
  ["Average batch size", ["733 records", ""]],
  ["Success rate", ["99.7%", "of 400 attempts to write"]], // 99.75 of a hundred
  ["Error rate", ["0.3%", "1 failed attempt"]],
  ["Average retries", ["0.333", "a saved batch"]],
]) {
  test(`the number ${name}`, () => assert.deepEqual(figure(name, { records: 0 }), want));
}
test("of a sidecar that has written nothing no number is told", () => {
  const idle = data({ records: 0 });
  Object.assign(idle.status.counters, { batchesApplied: 0, recordsSaved: 0, retries: 0, attempts: 0, failedAttempts: 0 });
  const texts = figures(idle, now).slice(-5).map(([, value]) => value);
  assert.deepEqual(texts, ["–", "–", "–", "–", "–"]);
});
