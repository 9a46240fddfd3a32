// The figures of the page, made from /ui/data alone.
import { bytes, count, lag, plural, span, timeText } from "./format.js";

/**
 * The share of saved updates that cost no row of their own, as the operator counts
 * it for a policy; null while nothing was saved. 100% would say that nothing was
 * written, so it is rounded down.
 */
export function reduction({ counters: { updatesAccepted, rowsWritten }, sync: { pendingUpdates } }) {
  const updates = updatesAccepted - pendingUpdates;
  if (updates <= 0) return null;
  const tenths = Math.min(Math.max(1000 - (1000 * rowsWritten) / updates, 0), rowsWritten > 0 ? 999 : 1000);
  return { share: `${(Math.floor(tenths) / 10).toFixed(1)}%`, updates, rows: rowsWritten };
}

/** Numbers of this sidecar since its start, those of the chart's recording rules. */
function numbers({ counters, startedAt }, now) {
  const { attempts, failedAttempts: failures, batchesApplied: batches, recordsSaved, retries } = counters;
  const each = (n, of) => (of > 0 ? Number((n / of).toPrecision(3)) : null);
  const share = (n, round) => (attempts > 0 ? `${(round((1000 * n) / attempts) / 10).toFixed(1)}%` : "–");
  const minutes = (now - Date.parse(startedAt)) / 60_000;
  const size = each(recordsSaved, batches);
  return [
    ["Sync frequency", batches > 0 ? `${each(batches, minutes)}/min` : "–", "batches saved, since the start"],
    ["Average batch size", size === null ? "–" : plural(size, "record"), ""],
    ["Success rate", share(attempts - failures, Math.floor), `of ${plural(attempts, "attempt")} to write`],
    ["Error rate", share(failures, Math.ceil), plural(failures, "failed attempt")],
    ["Average retries", each(retries, batches)?.toString() ?? "–", "a saved batch"],
  ];
}

/** The figures at a moment (milliseconds): name, value and what to know about it. The first two are the sidecar's purpose. */
export function figures({ status, saveLag, now: readAt }, now) {
  const { sync, counters, database, spool, deadLetters } = status;
  const passed = (text) => (now - Date.parse(text)) / 1000;
  const left = sync.nextSyncAt ? -passed(sync.nextSyncAt) : 0;
  const reached = { true: "reachable", false: "not reachable" }[database.reachable] ?? "not tried yet";
  const less = reduction(status);
  return [
    ["Write reduction", less?.share ?? "–", less ? `${plural(less.rows, "row")} written for ${plural(less.updates, "update")}, since the start` : "nothing was saved yet"],
    ["Accepted → saved", saveLag.records > 0 ? lag(saveLag.medianSeconds) : "–",
      saveLag.records > 0 ? `half of the last ${plural(saveLag.records, "record")} within this, 95% within ${lag(saveLag.p95Seconds)}` : "nothing was saved yet"],
    ["Waiting", plural(sync.pendingUpdates, "update"),
      `in ${plural(sync.pendingRecords + sync.inFlightRecords, "record")}, ${count(sync.inFlightRecords)} in a batch`],
    ["Oldest waiting", sync.pendingUpdates > 0 ? span(sync.oldestPendingSeconds + passed(readAt)) : "–",
      sync.overdueSeconds > 0 ? `${span(sync.overdueSeconds)} late` : ""],
    ["Last saved", sync.lastSyncedAt ? timeText(sync.lastSyncedAt) : "–", sync.lastSyncedAt ? `${span(passed(sync.lastSyncedAt))} ago` : ""],
    ["Next write", sync.nextSyncAt ? timeText(sync.nextSyncAt) : "–", sync.nextSyncAt ? (left < 1 ? "now" : `in ${span(left)}`) : ""],
    ["Retries", count(counters.retries), `in all; ${sync.retryCount > 0 ? plural(sync.retryCount, "failure") : "no failure"} since the last success`],
    ["Postgres", reached, database.since ? `since ${timeText(database.since)}` : ""],
    ["Accepted", plural(counters.updatesAccepted, "update"), `${count(counters.updatesRejected)} rejected`],
    ["Written", plural(counters.rowsWritten, "row"),
      `in ${plural(counters.batchesApplied, "batch", "batches")}, ${count(counters.batchesReplayed)} replayed`],
    ["Quarantine", plural(deadLetters.count, "record"), "refused by Postgres"],
    ["Spool", bytes(spool.bytes), `of ${bytes(spool.limitBytes)}`],
    ...numbers(status, now),
  ];
}
