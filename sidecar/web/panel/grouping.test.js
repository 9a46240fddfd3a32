// Which batches are told in one row. Run by hack/client.sh; nothing of it is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grouped, nameOf, named, summed } from "./static/grouping.js";

let number = 0;
const batch = (outcome, rest = {}) => ({
  lane: 0, number: ++number, outcome, finishedAt: `2026-03-01T10:00:${String(number % 60).padStart(2, "0")}Z`,
  updates: 10, records: 2, rows: 1, roundTripSeconds: 0.002, ...rest,
});
const saved = () => batch("saved");
const refused = (sqlState) => batch("quarantined", { sqlState });
const sizes = (batches) => grouped(batches).map((group) => group.length);

for (const [what, want, batches] of [
  ["there are none", [], []],
  ["one is alone", [1], [saved()]],
  ["equal ones that follow each other are one row", [3], [saved(), saved(), saved()]],
  ["one of another outcome stands between", [1, 1, 2], [saved(), batch("split"), saved(), saved()]],
  ["refused for different reasons", [2, 1], [refused("23514"), refused("23514"), refused("22003")]],
]) {
  test(`grouping: ${what}`, () => assert.deepEqual(sizes(batches), want));
}

test("a group has the sums, and its fastest and slowest round trip", () => {
  const group = [batch("saved", { roundTripSeconds: 0.008 }), saved(), batch("saved", { roundTripSeconds: 0 })];
  assert.deepEqual(summed(group), { updates: 30, records: 6, rows: 3, fastest: 0.002, slowest: 0.008 });
});

test("a group without a known round trip tells none", () => {
  const { fastest, slowest } = summed([batch("replayed", { roundTripSeconds: 0 })]);
  assert.deepEqual([fastest, slowest], [null, null]);
});

test("an unfolded group stays the same one while batches come and go", () => {
  let batches = [saved(), saved(), refused("23514")];
  let names = named(grouped(batches), new Map());
  const [first, second] = grouped(batches).map((group) => nameOf(group, names));
  assert.notEqual(first, second);
  for (let i = 0; i < 5; i++) {
    batches = [saved(), ...batches.slice(0, -1)];
    names = named(grouped(batches), names);
    assert.equal(nameOf(grouped(batches)[0], names), first);
  }
  batches = [refused("22003"), ...batches];
  names = named(grouped(batches), names);
  assert.equal(nameOf(grouped(batches)[1], names), first);
  assert.ok(![first, second].includes(nameOf(grouped(batches)[0], names)), "a group that begins has a name of its own");
  assert.equal(names.size, batches.length, "what is gone is forgotten");
});
