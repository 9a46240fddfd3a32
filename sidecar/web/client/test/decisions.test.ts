import { expect, test } from "vitest";
import type { Answer } from "../src/http.js";
import type { StoredUpdate } from "../src/index.js";
import { createLesson } from "../src/lesson.js";
import { createPlace } from "../src/place.js";
import { maySend, outcomeOf, type Reason, type Waiter } from "../src/sender.js";
import { DEFAULTS, stateOf, type Facts } from "../src/state.js";

const o = { ...DEFAULTS, endpoint: "", courseId: "c", lessonId: "l" };

test.each<[string, Reason | undefined, Waiter | undefined, boolean]>([
  ["what is due goes where nobody wants to wait", undefined, undefined, true],
  ["what is due waits after a failure", undefined, "client", false],
  ["what is due waits as long as the server wants", undefined, "server", false],
  ["a page that is back does not wait as long as after a failure", "back", "client", true],
  ["a page that is back waits as long as the server wants", "back", "server", false],
  ["a learner who presses the button does not wait after a failure", "forced", "client", true],
  ["a learner who presses the button does not wait for the server either", "forced", "server", true],
])("%s", (_, reason, waiter, may) => {
  expect(maySend(reason, waiter)).toBe(may);
});

const [a, b] = ["a", "b"].map((id): StoredUpdate => (
  { id, scope: "s", owner: "o", sent: true, update: { eventId: id, courseId: "c", lessonId: "l", occurredAt: 1 } })) as [StoredUpdate, StoredUpdate];
const record = { positionSeconds: 1 };
const network = { kind: "network", message: "" } as const;
const wrong = { kind: "validation", message: "wrong", status: 422 } as const;
const full = { kind: "rate_limit", message: "full", status: 429 } as const;

test.each<[string, Partial<Answer>, StoredUpdate[], Answer["error"]]>([
  ["all that was accepted is done", { body: { progress: [record, record] } }, [a, b], undefined],
  ["without an answer all is sent again", { error: network }, [], network],
  ["JSON of somebody else accepts nothing", { body: {} }, [], undefined],
  ["what is missing in the answer is sent again", { body: { progress: [record, null] } }, [a], undefined],
  ["what is refused for good is done, and told", { body: { progress: [record, null], errors: [{ index: 1, status: 422, detail: "wrong" }] } }, [a, b], wrong],
  ["what is refused for now is sent again, and told", { body: { progress: [record, null], errors: [{ index: 1, status: 429, detail: "full" }] } }, [a], full],
  ["a request that failed as a whole accepts nothing but what it refuses by name", {
    error: { kind: "server", message: "" }, body: { progress: [record, null], errors: [{ index: 1, status: 422, detail: "wrong" }] },
  }, [b], wrong],
])("%s", (_, answer, finished, failure) => {
  expect(outcomeOf([a, b], { body: {}, retryAfter: 0, ...answer })).toEqual({ finished, failure });
});

const there = [300, 600] as const;
const nowhere = [0, undefined] as const;

test.each<[string, (place: ReturnType<typeof createPlace>) => unknown, number | null]>([
  ["a learner who has done nothing yet is offered nothing, since the film goes there", (place) => place.learn(...there, undefined), null],
  ["a learner who has begun is offered the place of the last visit", (place) => place.learn(...there, 5), 300],
  ["a learner who has begun beyond it is offered nothing", (place) => place.learn(...there, 400), null],
  ["a learner who went elsewhere themselves is offered nothing", (place) => (place.choose(), place.learn(...there, 5)), null],
  ["what this page did itself is no offer", (place) => (place.learn(...nowhere, undefined), place.learn(...there, 5, false)), null],
  ["where another device got later is offered", (place) => (place.learn(...nowhere, undefined), place.learn(...there, 5, true)), 300],
  ["where another device got later is the same place if it is near", (place) => (place.learn(...nowhere, undefined), place.learn(...there, 297, true)), null],
  ["an offer stands until the learner decides", (place) => (place.learn(...there, 5), place.learn(...there, 6)), 300],
  ["an offer ends with a seek", (place) => (place.learn(...there, 5), place.pass({ currentTime: 20, seekEvents: 1 })), null],
  ["an offer ends where the learner plays past it", (place) => (place.learn(...there, 5), place.pass({ currentTime: 301 })), null],
  ["a lesson that is as good as over is not offered", (place) => place.learn(590, 600, 5), null],
])("%s", (_, does, resumeAt) => {
  const place = createPlace();
  does(place);
  expect(place.resumeAt()).toBe(resumeAt);
});

test("the position that was not sent is sent when it is known that nothing is overwritten, and once", () => {
  const place = createPlace();
  expect(place.pass({ currentTime: 5, duration: 600, watchedDelta: 1 })).toEqual({ currentTime: undefined, duration: 600, watchedDelta: 1 });
  expect(place.learn(...nowhere, 5)).toMatchObject({ currentTime: 5, duration: 600 });
  expect(place.learn(...nowhere, 5)).toBeUndefined();
});

test("a snapshot has what the types say, and nothing of what the parts know besides", () => {
  const facts: Facts = {
    isLoading: false, isStale: false, resumeAt: null, lastSyncedAt: null, retryCount: 0, forceResult: null, waiting: 1, since: 1, isOffline: true,
    isOnServer: true, isForcing: true, resets: [], auth: network, server: { error: null }, error: network,
  };
  expect(Object.keys(stateOf(o, { ...facts, ...createLesson(o).shown() }, [])).sort()).toEqual([
    "completed", "error", "forceResult", "isDirty", "isLoading", "isPendingSync", "isStale", "lastSyncedAt", "pendingUpdates",
    "progressSeconds", "resumeAt", "retryCount", "status", "watchedPercentage", "watchedSeconds", "watchedSegments",
  ]);
});
