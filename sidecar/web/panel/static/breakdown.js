// How the classes of lessons and the variants fare, made from /ui/data alone.
import { count, lag, plural, span } from "./format.js";
import { reduction } from "./figures.js";
import { when } from "./words.js";

/** What a share of the records took at most, as one of the bounds that they are counted by. */
export function within({ counts = [] }, share, bounds) {
  const all = counts.reduce((sum, n) => sum + n, 0);
  let passed = 0;
  const place = counts.findIndex((n) => (passed += n) > 0 && passed >= share * all);
  if (place < 0) return "–";
  return place < bounds.length ? `≤ ${lag(bounds[place])}` : `> ${lag(bounds.at(-1))}`;
}

const lags = ({ saveLag, finalLag }, bounds) => [saveLag, finalLag].map((of) => within(of, 0.95, bounds));

/** The texts of a row for each class, at a moment (milliseconds). */
export function classRows({ status: { classes }, lagBounds, now: readAt }, now) {
  const passed = (now - Date.parse(readAt)) / 1000;
  return classes.map((of) => [
    of.name, span(of.intervalSeconds), count(of.pendingRecords), of.pendingRecords > 0 ? span(of.oldestPendingSeconds + passed) : "–",
    of.nextSyncAt ? when(of, now) : "–", count(of.recordsSaved), ...lags(of, lagBounds),
  ]);
}

/** The same for each variant. */
export function variantRows({ status: { variants = [] }, lagBounds }) {
  return variants.map((of) => [
    of.name, count(of.weight), `${count(of.learners)}${of.moreLearners ? " or more" : ""}`, count(of.updatesAccepted), count(of.rowsWritten),
    reduction({ counters: { ...of, updatesAccepted: of.updatesSaved }, sync: { pendingUpdates: 0 } })?.share ?? "–", ...lags(of, lagBounds),
  ]);
}

/** What adaptive intervals come to, nothing without them. */
export function stretch(adaptive) {
  if (!adaptive) return "";
  const { mode, factor, latencySeconds, reversals } = adaptive;
  return `Adaptive: all intervals ${mode === "On" ? "are" : "would be"} ${factor.toFixed(2)} times as long as configured; `
    + `90% of the writes took at most ${lag(latencySeconds)}. ${plural(reversals, "reversal")}.`;
}
