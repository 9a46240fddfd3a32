import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.js";
import { near, settled } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { eventually } from "../lib/wait.js";

/** Stops what all learners share, so it runs alone. */
export function define(shared) {
  scenario("both pages: while Postgres is down progress is accepted, the developer is told that it is not saved, and then it is", async () => {
    const tabs = await Promise.all(
      ["react", "element"].map(async (kind) => {
        const device = await Device.open(shared, "a", newName("outage"));
        const tab = await device.lesson(kind);
        await tab.watch(20);
        await tab.says("saved");
        return tab;
      }),
    );
    await shared.stack.postgres("stop");
    const course = await tabs[0].device.context.newPage();
    const percentage = course.locator("[data-lesson=lesson-1] .percentage");
    let stands;
    try {
      stands = await Promise.all(tabs.map((tab) => tab.watch(60)));
      for (const tab of tabs) {
        await tab.says("accepted, not saved yet");
        assert.deepEqual(await tab.forceSync(), { saved: false, told: "kept" });
        await tab.says("accepted, not saved yet");
        assert.equal(await tab.state(), "saved", "accepted is kept, which is all that a learner has to know");
      }
      // What the sidecar holds may be less than what is saved.
      await course.goto(tabs[0].device.web + "/course");
      assert.equal(await percentage.textContent(), "Can't be shown right now");
    } finally {
      await shared.stack.postgres("start");
    }
    await eventually("the course page to heal by itself", async () => /^5\d %$/.test(await percentage.textContent()));
    for (const [i, tab] of tabs.entries()) {
      await tab.says("saved");
      await tab.shows("saved");
      const row = await settled(shared.stack, tab.device.name, [tab]);
      near(row.position_seconds, stands[i], "position");
      await tab.device.close();
    }
  });
}
