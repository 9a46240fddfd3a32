import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.js";
import { Killable } from "../lib/killable.js";
import { Device, newName } from "../lib/learner.js";
import { eventually } from "../lib/wait.js";

/** A second until it is kept and a quarter until the film tells where it is, and as much again for a machine that is busy. */
export const LOST = 2.5;

export function define(shared) {
  scenario("a browser that is killed while a film plays has kept where it was, to a second or so", async (t) => {
    const name = newName("killed");
    const browser = new Killable();
    try {
      const before = new Device(await browser.start(), shared.stack, "a", name);
      await before.login(name);
      const first = await before.lesson("element");
      await first.seek(30);
      await first.play();
      // Before half a minute is over: then the lesson would be sent.
      await first.reach(35.5);
      const stood = await first.time();
      await browser.kill();
      assert.deepEqual(await shared.stack.rows(name), [], "the server has not heard of it");

      const after = new Device(await browser.start(), shared.stack, "a", name);
      await after.login(name);
      await after.lesson("element");
      const row = await eventually("the row to be there", () => shared.stack.row(name));
      t.diagnostic(`the film was at ${stood.toFixed(2)} s, and ${(stood - row.position_seconds).toFixed(2)} s of it are lost`);
      assert.ok(Math.abs(stood - row.position_seconds) < LOST, `${row.position_seconds} of ${stood} s`);
    } finally {
      await browser.end();
    }
  });
}
