// What is said of one learner's updates. Run by hack/client.sh; nothing of it is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { timeText } from "./static/format.js";
import { found } from "./static/found.js";

const now = Date.parse("2026-03-01T10:00:00Z");
const watched = "2026-03-01T09:59:00Z";
const clock = timeText(watched);
const nothing = { status: "synced", pendingUpdates: 0, nextSyncAt: null, error: null };
const pending = { status: "pending", pendingUpdates: 2, nextSyncAt: "2026-03-01T10:00:12Z", error: null };
const away = { ...pending, status: "retrying", error: { kind: "network", message: "Look at the network." } };
const aside = { status: "error", pendingUpdates: 1, nextSyncAt: null, error: { kind: "validation", message: "Refused." } };
const row = (rest = {}) => ({ userId: "ada", courseId: "c", lessonId: "l", saved: true, pendingUpdates: 0, updateCount: 5, lastWatchedAt: watched, ...rest });
const held = (updates, before) => row({ saved: false, pendingUpdates: updates, updateCount: updates + before, unsaved: { updateCount: updates } });
const letter = { id: "7", sqlState: "23514", constraint: "plausible", courseId: "c", lessonId: "l" };

const ask = ({ progress = [], stale = false, sync = nothing, letters = [], more = false }) =>
  found({ read: { progress, stale }, sync, letters, more, interval: "3m0s" }, now);

for (const [what, want, input] of [
  ["nobody knows the learner", /^This sidecar holds nothing of it, and Postgres has no row\. Check the ids.*another pod/, {}],
  ["nobody knows the learner, and Postgres is away", /holds nothing of it, and Postgres could not be asked just now, so whether it has a row is not known/, { stale: true, sync: away }],
  ["all is saved", /^Nothing of it waits here or is set aside: Postgres has what is shown\.$/, { progress: [row()] }],
  ["some wait", /^2 updates wait on this sidecar's disk\.$/, { progress: [held(2, 0)], sync: pending }],
  ["some wait for Postgres", /^2 updates wait on this sidecar's disk\. Look at the network\. Postgres could not be asked just now/,
    { progress: [held(2, 0)], sync: away, stale: true }],
  ["one is set aside", /^1 record is set aside and not saved; see Quarantine\.$/, { sync: aside, letters: [letter] }],
  ["not all dead letters were looked at", /^There are more dead letters than were looked at/, { progress: [row()], more: true }],
  ["it was saved between two answers", /^It changed while it was looked at\. Look again\.$/, { progress: [row()], sync: pending }],
]) {
  test(`the summary: ${what}`, () => assert.match(ask(input).summary, want));
}

for (const [what, want, input] of [
  ["it is saved", [`Saved: Postgres has the row as of ${clock}.`], { progress: [row()] }],
  ["it was reset", ["Saved: Postgres has it reset, and nothing since."], { progress: [row({ lastWatchedAt: undefined })] }],
  ["it waits for its window", ["2 updates wait on this sidecar's disk: the next write is in 12 s, and an update is in one at the latest 3m0s after it came."],
    { progress: [held(2, 0)], sync: pending }],
  ["it waits, and Postgres has what was before", [/1 update waits/, "4 updates from before are saved in Postgres."], { progress: [held(1, 4)], sync: pending }],
  ["it is being written", ["1 update waits on this sidecar's disk: a write to Postgres is under way."], { progress: [held(1, 0)], sync: { ...pending, status: "syncing", nextSyncAt: null } }],
  ["it waits for Postgres", ["1 update waits on this sidecar's disk: the last attempt to write failed, the next is in 12 s."], { progress: [held(1, 0)], sync: away }],
  ["the retries are used up", [/the retries are used up, and Postgres is probed in 12 s/], { progress: [held(1, 0)], sync: { ...away, status: "parked" } }],
  ["it waits, and another lesson is set aside", [/the next write is in 12 s/, /In the quarantine/],
    { progress: [held(1, 0)], sync: { ...aside, pendingUpdates: 2, nextSyncAt: pending.nextSyncAt }, letters: [{ ...letter, lessonId: "other" }] }],
  ["it is set aside", ["In the quarantine, not saved: Postgres refused it, SQLSTATE 23514, constraint plausible."], { sync: aside, letters: [letter] }],
  ["a trigger swallowed it", ["In the quarantine, not saved: a trigger or a rule of the table dropped it."], { sync: aside, letters: [{ ...letter, sqlState: undefined }] }],
  ["it is set aside, and Postgres has a row", [/In the quarantine, not saved/, `Apart from that Postgres has the row as of ${clock}.`], { progress: [row()], sync: aside, letters: [letter] }],
]) {
  test(`a lesson: ${what}`, () => {
    const got = ask(input).lessons.flatMap(({ places }) => places);
    assert.equal(got.length, want.length, got.join(" "));
    want.forEach((text, i) => (text instanceof RegExp ? assert.match(got[i], text) : assert.equal(got[i], text)));
  });
}

test("while anything is set aside or waits, nothing says that all is saved", () => {
  for (const letters of [[], [letter]]) {
    for (const progress of [[], [row()], [held(1, 2)]]) {
      for (const stale of [false, true]) {
        if (letters.length === 0 && (progress.length === 0 || progress[0].saved) && !stale) continue;
        const { summary } = ask({ progress, letters, stale, sync: letters.length > 0 ? aside : pending });
        assert.doesNotMatch(summary, /nothing of it waits|all .*saved/i);
      }
    }
  }
});

test("each lesson is there once, with its record and its dead letters", () => {
  const { lessons } = ask({ progress: [row(), row({ lessonId: "m" })], letters: [letter, { ...letter, id: "8" }], sync: aside });
  assert.deepEqual(lessons.map(({ lessonId, letters }) => [lessonId, letters.map(({ id }) => id)]), [["l", ["7", "8"]], ["m", []]]);
});
