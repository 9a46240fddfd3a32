import { expect, test } from "vitest";
import { unite, watched, type Segments } from "../src/segments.js";
import { gather, rounded, stamped } from "../src/update.js";
import type { StoredUpdate, Update } from "../src/index.js";

let ids = 0;
const item = (currentTime: number): StoredUpdate => {
  const id = String(++ids);
  const update: Update = { eventId: id, courseId: "c", lessonId: "l", currentTime, percentage: currentTime, watchedDelta: 1, seekEvents: 1, pauseEvents: 0, occurredAt: ids };
  return { id, scope: "s", owner: "o", sent: false, update };
};

test("however a learner jumps about, two updates hold the furthest point, the last position and every count", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) % 100;
  for (let round = 0; round < 500; round++) {
    const positions = Array.from({ length: 1 + (random() % 12) }, random);
    const waiting = positions.map(item).reduce(gather, [] as StoredUpdate[]);
    expect(waiting.length).toBeLessThanOrEqual(2);
    expect(waiting.at(-1)!.update.currentTime).toBe(positions.at(-1));
    expect(Math.max(...waiting.map((w) => w.update.currentTime!))).toBe(Math.max(...positions));
    expect(Math.max(...waiting.map((w) => w.update.percentage!))).toBe(Math.max(...positions));
    for (const sum of ["watchedDelta", "seekEvents"] as const) {
      expect(waiting.reduce((total, w) => total + w.update[sum]!, 0)).toBe(positions.length);
    }
    expect(waiting.every((w) => w.update.eventId === w.id)).toBe(true);
  }
});

test.each<[string, Segments, number]>([
  ["apart", [[0, 10], [20, 30]], 20],
  ["overlapping", [[0, 10], [5, 15]], 15],
  ["touching", [[0, 10], [10, 20]], 20],
  ["inside each other", [[0, 100], [10, 20]], 100],
  ["bridged by a third", [[0, 10], [20, 30], [5, 25]], 30],
])("segments %s are counted once", (_, segments, seconds) => {
  expect(watched(unite([], segments))).toBe(seconds);
});

test("updates that become one have seen what either has, however many stretches these are", () => {
  const seen = (...watchedSegments: Segments): StoredUpdate => ({ ...item(1), update: { ...item(1).update, watchedSegments } });
  const merged = (...items: StoredUpdate[]) => items.reduce(gather, [] as StoredUpdate[])[0]!.update.watchedSegments;
  expect(merged(seen([0, 10]), item(1), seen([10, 12.5]), seen([40, 41]))).toEqual([[0, 12.5], [40, 41]]);
  expect(merged(item(1), seen([0, 10]))).toEqual([[0, 10]]);
  const many = Array.from({ length: 600 }, (_, i): Segments[0] => [10 * i, 10 * i + 1]);
  expect(merged(...many.map((segment) => seen(segment)))).toEqual(many);
});

test("compression is rounding to milliseconds, and keeps the start of a lesson and a percentage of zero", () => {
  const update = { ...item(0).update, currentTime: 0, percentage: 0, watchedDelta: 0.12345 };
  const sent = (replacer?: typeof rounded) => JSON.parse(JSON.stringify(stamped([{ ...item(0), update }]), replacer))[0];
  expect(sent(rounded)).toMatchObject({ currentTime: 0, percentage: 0, watchedDelta: 0.123 });
  expect(sent()).toMatchObject({ currentTime: 0, watchedDelta: 0.12345 });
});
