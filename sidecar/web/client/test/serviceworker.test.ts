import "fake-indexeddb/auto";
import { beforeEach, expect, test, vi } from "vitest";
import { handleSync, sendLeftovers } from "../src/serviceworker.js";
import { browserStorage, scopeOf } from "../src/storage.js";
import type { StoredUpdate } from "../src/types.js";
import { Locks, Sidecar } from "./server.js";

let sidecar: Sidecar;
let locks: Locks;

beforeEach(async () => {
  sidecar = new Sidecar();
  locks = new Locks();
  vi.stubGlobal("fetch", sidecar.fetch);
  Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
  await browserStorage.write([], (await browserStorage.list()).map((item) => item.id));
});

/** What a tab of the learner has left. */
const left = (id: string, userId = "ada", owner = "closed"): StoredUpdate => ({
  id, owner, sent: true, scope: scopeOf("/progress", userId),
  update: { eventId: id, userId, courseId: "go-101", lessonId: "channels", currentTime: 10, duration: 300, occurredAt: Date.now() },
});

const kept = async () => (await browserStorage.list()).map((item) => item.id);
const ada = { userId: () => "ada" };

test("what a closed tab has left is sent under its ids, with the session's token, and is gone after the answer", async () => {
  await browserStorage.write([left("a"), left("b")], []);
  await sendLeftovers({ ...ada, headers: () => ({ "X-CSRF-Token": "t" }) });
  expect(sidecar.updates.map((update) => update.eventId).sort()).toEqual(["a", "b"]);
  expect(new Headers(sidecar.posts[0].headers).get("X-CSRF-Token")).toBe("t");
  expect(await kept()).toEqual([]);
});

test("it is not removed before the answer", async () => {
  await browserStorage.write([left("a")], []);
  let answer = () => {};
  sidecar.gate = new Promise((done) => (answer = done));
  const sending = sendLeftovers(ada);
  await vi.waitFor(() => expect(sidecar.posts).toHaveLength(1));
  expect(await kept()).toEqual(["a"]);
  answer();
  await sending;
  expect(await kept()).toEqual([]);
});

test("what an open tab has is left to it", async () => {
  await browserStorage.write([left("a", "ada", "open")], []);
  void locks.request("open", () => new Promise(() => {}));
  await sendLeftovers(ada);
  expect(sidecar.posts).toEqual([]);
  expect(await kept()).toEqual(["a"]);
});

test.each([["another learner", "bob"], ["nobody", undefined]])("nothing is sent in the session of %s", async (_, userId) => {
  await browserStorage.write([left("a")], []);
  await sendLeftovers({ userId: () => userId });
  expect(sidecar.posts).toEqual([]);
  expect(await kept()).toEqual(["a"]);
});

test("a session that has ended loses nothing, and is not tried until the learner is back", async () => {
  await browserStorage.write([left("a")], []);
  sidecar.replies = [{ status: 401 }];
  await sendLeftovers(ada);
  expect(await kept()).toEqual(["a"]);
  await sendLeftovers(ada);
  expect(sidecar.updates.map((update) => update.eventId)).toEqual(["a", "a"]);
  expect(await kept()).toEqual([]);
});

test.each<[string, "network" | { status: number }]>([["no network", "network"], ["a server in trouble", { status: 503 }]])(
  "%s loses nothing, and makes the browser try again", async (_, reply) => {
    await browserStorage.write([left("a")], []);
    sidecar.replies = [reply];
    await expect(sendLeftovers(ada)).rejects.toThrow("not all that closed tabs have left is accepted");
    expect(await kept()).toEqual(["a"]);
  });

test("what is too much for one request is sent in several", async () => {
  await browserStorage.write(["a", "b", "c", "d"].map((id) => left(id)), []);
  sidecar.replies = [{ status: 413 }];
  await sendLeftovers(ada);
  expect(sidecar.posts.map((post) => post.body.length)).toEqual([4, 2, 2]);
  expect(await kept()).toEqual([]);
});

test("the browser keeps the worker alive until all is sent, and other syncs are the application's", async () => {
  handleSync(ada);
  await browserStorage.write([left("a")], []);
  const waitUntil = vi.fn();
  dispatchEvent(Object.assign(new Event("sync"), { tag: "other", waitUntil }));
  expect(waitUntil).not.toHaveBeenCalled();
  dispatchEvent(Object.assign(new Event("sync"), { tag: "progress-sync", waitUntil }));
  await waitUntil.mock.calls[0]![0];
  expect(await kept()).toEqual([]);
});
