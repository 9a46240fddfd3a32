import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Disk } from "../lib/disk.js";
import { Killable } from "../lib/killable.js";
import { lacks } from "../lib/lack.js";
import { Device, newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";
import { LOST } from "./killed.js";

export function define(shared) {
  scenario("a computer that loses power while a film plays has kept where it was, to a second or so", async (t) => {
    const { disk, reason } = Disk.make();
    if (lacks(t, reason)) return;
    const name = newName("power");
    const browser = new Killable(join(disk.volume, "profile"));
    try {
      const before = new Device(await browser.start(), shared.stack, "a", name);
      await before.login(name);
      const first = await before.lesson("element");
      await first.seek(30);
      await first.play();
      await first.reach(34);
      const unsynced = join(disk.volume, "unsynced");
      writeFileSync(unsynced, "is not on the disk");
      // At any time between two writes, and before half a minute is over: then the lesson would be sent.
      await first.reach(35 + Math.random());
      const stood = await first.time();
      browser.freeze();
      disk.copy();
      await browser.kill();
      assert.deepEqual(await shared.stack.rows(name), [], "the server has not heard of it");

      await disk.mountCopy();
      assert.equal(existsSync(unsynced) ? readFileSync(unsynced, "utf8") : "", "", "what was not synced is lost");
      const after = new Device(await browser.start(), shared.stack, "a", name);
      await after.login(name);
      await after.lesson("element");
      const row = await eventually("the row to be there", () => shared.stack.row(name));
      t.diagnostic(`the film was at ${stood.toFixed(2)} s, and ${(stood - row.position_seconds).toFixed(2)} s of it are lost`);
      assert.ok(Math.abs(stood - row.position_seconds) < LOST, `${row.position_seconds} of ${stood} s`);
    } finally {
      await browser.end();
      disk.end();
    }
  });
}
