// What is said of one learner's updates, made from the answers of the local API alone.
import { plural, timeText } from "./format.js";
import { setAside, waits, when } from "./words.js";

/**
 * Says where the updates are, at a moment (milliseconds): a summary, and each
 * lesson with its place. `read` is the answer of GET /v1/progress, `sync` that of
 * GET /v1/sync, `letters` are the dead letters, `more` whether there are others
 * that were not looked at, `interval` is the policy's.
 */
export function found({ read, sync, letters, more, interval }, now) {
  const lessons = new Map();
  const lesson = ({ courseId, lessonId }) => {
    const key = JSON.stringify([courseId, lessonId]);
    if (!lessons.has(key)) lessons.set(key, { courseId, lessonId, record: null, letters: [] });
    return lessons.get(key);
  };
  for (const record of read.progress) lesson(record).record = record;
  for (const letter of letters) lesson(letter).letters.push(letter);
  const list = [...lessons.values()].map((one) => ({ ...one, places: places(one, read.stale, next(sync, interval, now)) }));
  return { summary: summary(list, { read, sync, letters, more }), lessons: list };
}

function summary(lessons, { read, sync, letters, more }) {
  const list = [];
  const waiting = read.progress.reduce((sum, { saved, pendingUpdates }) => sum + (saved ? 0 : pendingUpdates), 0);
  if (waiting > 0) list.push(`${waits(waiting)} on this sidecar's disk.`);
  if (letters.length > 0) list.push(setAside(letters.length));
  if (waiting > 0 && sync.error !== null && sync.error.kind !== "validation") list.push(sync.error.message);
  if (more) list.push("There are more dead letters than were looked at: the learner may be in one of them.");
  if (read.stale) {
    list.push(lessons.length > 0
      ? "Postgres could not be asked just now: what is shown is what this sidecar holds, and what is saved may be missing or older."
      : "This sidecar holds nothing of it, and Postgres could not be asked just now, so whether it has a row is not known. Look again when it is reachable.");
  } else if (lessons.length === 0) {
    list.push("This sidecar holds nothing of it, and Postgres has no row. Check the ids: capital letters count. "
      + "An update that another pod accepted waits with that pod's sidecar: look there, too.");
  } else if (list.length === 0) {
    list.push(sync.pendingUpdates > 0
      ? "It changed while it was looked at. Look again."
      : "Nothing of it waits here or is set aside: Postgres has what is shown.");
  }
  return list.join(" ");
}

/** The sentences on one lesson. */
function places({ record, letters }, stale, next) {
  const list = letters.map(({ sqlState, constraint }) => sqlState
    ? `In the quarantine, not saved: Postgres refused it, SQLSTATE ${sqlState}${constraint ? `, constraint ${constraint}` : ""}.`
    : "In the quarantine, not saved: a trigger or a rule of the table dropped it.");
  if (record === null) return list;
  if (!record.saved) {
    list.push(`${waits(record.pendingUpdates)} on this sidecar's disk: ${next}.`);
    const before = record.updateCount - record.unsaved.updateCount;
    if (before > 0) list.push(`${plural(before, "update")} from before ${before === 1 ? "is" : "are"} saved in Postgres.`);
  } else {
    const row = record.lastWatchedAt ? `the row as of ${timeText(record.lastWatchedAt)}` : "it reset, and nothing since";
    list.push(`${letters.length > 0 ? "Apart from that" : stale ? "When last seen" : "Saved:"} Postgres has ${row}.`);
  }
  return list;
}

/** When what waits is written. The sync state of a learner tells of the sidecar's next write, which may be another one's. */
function next(sync, interval, now) {
  const { status, error } = sync;
  const soon = when(sync, now);
  const planned = `the next write is ${soon}, and an update is in one at the latest ${interval} after it came`;
  if (error?.kind === "validation") return planned; // the status tells of what is set aside
  return {
    pending: planned,
    syncing: "a write to Postgres is under way",
    retrying: `the last attempt to write failed, the next is ${soon}`,
    parked: `the retries are used up, and Postgres is probed ${soon}`,
    offline: "it is written when Postgres can be reached again",
    error: "it is written once a person has acted",
  }[status] ?? "a write has ended since, look again";
}
