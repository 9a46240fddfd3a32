// What the page says of a state. Run by hack/client.sh; nothing of it is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { advice, news, origin, sentence, setAside, trouble, written } from "./static/words.js";

const now = Date.parse("2026-03-01T10:00:00Z");
const refused = { kind: "validation", message: "The database refused 1 record for its data." };
const away = { kind: "network", message: "Look at the network." };

const status = (state, deadLetters = 0, sync = {}, rest = {}) =>
  ({ sync: { state, pendingUpdates: 0, ...sync }, deadLetters: { count: deadLetters }, unknownSettings: [], ...rest });

const table = (name, cases, got) => {
  for (const [what, want, ...input] of cases) {
    test(`${name}: ${what}`, () => assert.deepEqual(got(...input), want));
  }
};

table("the sentence", [
  ["all is saved", "All that was accepted is saved in Postgres.", status("synced")],
  ["one waits", "1 update waits on the sidecar's disk for the window to end. Next write in 1 min 0 s.",
    status("pending", 0, { pendingUpdates: 1, nextSyncAt: "2026-03-01T10:01:00Z" })],
  ["a write is under way", "A write to Postgres is under way.", status("syncing", 0, { pendingUpdates: 2 })],
  ["a person has to mend the database", "A person has to act. 2 updates wait on the sidecar's disk.", status("error", 0, { pendingUpdates: 2 })],
  ["one is set aside and nothing else waits", "A person has to act. No other update waits. 1 record is set aside and not saved; see Quarantine.",
    status("error", 1)],
  ["some are set aside and others wait", "2 updates wait on the sidecar's disk for the window to end. Next write soon. 3 records are set aside and not saved; see Quarantine.",
    status("pending", 3, { pendingUpdates: 2 })],
  ["some are set aside during a write", "A write to Postgres is under way. 3 records are set aside and not saved; see Quarantine.", status("syncing", 3)],
  ["some are set aside and Postgres is away", "Postgres cannot be reached. No write has suffered from it yet. 3 records are set aside and not saved; see Quarantine.",
    status("offline", 3)],
], (s) => sentence(s, now));

test("the sentence: while records are set aside, no state is told as all saved", () => {
  for (const state of ["synced", "pending", "syncing", "retrying", "parked", "offline", "error"]) {
    assert.match(sentence(status(state, 2), now), /2 records are set aside and not saved/);
    assert.doesNotMatch(sentence(status(state, 2), now), /all (that was accepted )?is saved/i);
  }
});

test("what is announced: while records are set aside, never that all is saved", () => {
  for (const state of ["synced", "pending", "syncing", "retrying", "parked", "offline", "error"]) {
    for (const before of [null, "parked", "error"]) {
      assert.doesNotMatch(news(before, status(state, 1, { error: refused })) ?? "", /saved again|nothing is set aside/i);
    }
  }
});

table("trouble", [
  ["none", null, status("synced")],
  ["none while something waits", null, status("pending")],
  ["an outage", "parked", status("parked")],
  ["records are set aside", "error", status("error", 1)],
  ["records are set aside while others wait", "error", status("pending", 1)],
  ["records are set aside in an outage", "offline", status("offline", 1)],
], trouble);

table("what is announced", [
  ["nothing, of routine", null, null, status("pending")],
  ["a record that is set aside", "State: error. The database refused 1 record for its data.", null, status("error", 1, { error: refused })],
  ["nothing, when others wait beside it", null, "error", status("pending", 1, { error: refused })],
  ["that it is set aside, also while others wait", "State: pending. The database refused 1 record for its data.", null, status("pending", 1, { error: refused })],
  ["an outage", "State: retrying. Look at the network.", null, status("retrying", 0, { error: away })],
  ["the end of an outage with a record set aside", "State: error. The database refused 1 record for its data.", "parked", status("error", 1, { error: refused })],
  ["the end of an outage", "Postgres takes writes again.", "parked", status("syncing")],
  ["the end of an outage with all saved", "Saved again: nothing waits, and nothing is set aside.", "parked", status("synced")],
  ["a replay", "Nobody has to act any more.", "error", status("pending")],
], news);

table("a forced sync", [
  ["all is saved", "all that was accepted before is saved.", { pendingUpdates: 0 }, 0],
  ["more came", "all that was accepted before is saved. 2 updates came since.", { pendingUpdates: 2 }, 0],
  ["one was refused", "1 record is set aside and not saved; see Quarantine. All else that was accepted before is saved.", { pendingUpdates: 0, quarantined: 1 }, 0],
  ["others had been refused", "2 records are set aside and not saved; see Quarantine. All else that was accepted before is saved.", { pendingUpdates: 0 }, 2],
], written);

const policy = { namespace: "campus", name: "lms", generation: 7 };
table("where the configuration comes from", [
  ["the file of a policy", "Written from the policy campus/lms, generation 7.", policy, "file"],
  ["a file of one's own", "No policy: the file of the command line.", {}, "file"],
  ["nowhere", "No policy: the defaults, since there is no file that can be used.", {}, "defaults"],
  ["the spool", "Written from the policy campus/lms, generation 7, as the sidecar last had it: its file is gone, older or can't be used.", policy, "kept"],
  ["the spool, without a policy", "Of no policy, as the sidecar last had it: its file is gone, older or can't be used.", {}, "kept"],
  ["the pod", "Written from the policy campus/lms, generation 7, as the pod was given it when it was injected: its file is not there yet, gone, older or can't be used.", policy, "injected"],
], origin);

table("advice", [
  ["none", [], status("synced")],
  ["none beside the error that tells of the quarantine", [], status("error", 1, { error: refused })],
  ["the quarantine, behind a worse error", [setAside(1)], status("offline", 1, { error: away })],
  ["the configuration", ["The configuration of the file is not in use: sync.batchSize is 0"], status("synced", 0, {}, { configError: "sync.batchSize is 0" })],
  ["an old sidecar", ["This sidecar does not know, and does not obey: sync.a, web. Use the sidecar image of the operator's version, and create the pod anew."],
    status("synced", 0, {}, { unknownSettings: ["sync.a", "web"] })],
], advice);
