import assert from "node:assert/strict";
import { clientScenario, kinds } from "../lib/scenario.js";
import { accepted, near, settled } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { eventually } from "../lib/wait.js";

const ended = (tab) =>
  tab.video.evaluate((video) => video.ended || new Promise((done) => video.addEventListener("ended", done, { once: true })));

export function define(shared) {
  for (const kind of kinds) {
    clientScenario(kind, "a tab that is closed right after the end has completed the lesson", async () => {
      const name = newName("closed");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await tab.seek((await tab.duration()) - 0.5);
      await tab.play();
      await ended(tab);
      await tab.page.close();
      await eventually("the row to be at the end", async () => (await shared.stack.row(name))?.percentage > 99.9);
      assert.equal((await shared.stack.row(name)).completed, true);
      await device.close();
    });

    clientScenario(kind, "a tab that is closed in the middle of the film has told how far it was", async () => {
      const name = newName("middle");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await tab.watch(30);
      await tab.says("saved");
      await tab.play();
      await tab.reach(33);
      await tab.page.close();
      await eventually("the row to be there", async () => (await shared.stack.row(name)).position_seconds > 32.5);
      await device.close();
    });

    clientScenario(kind, "a tab that is closed while its request is under way loses nothing and doubles nothing", async () => {
      const name = newName("flight");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await shared.stack.fault("a", { kind: "hold", user: name, method: "POST" });
      const stands = await tab.watch(30);
      await eventually("the request to be held", async () => (await shared.stack.requests("a", name)).some((entry) => entry.fault === "hold"));
      await tab.page.close();
      await shared.stack.lift("a", name);
      const again = await device.lesson(kind);
      await eventually("the film to stand where it was", async () => Math.abs((await again.time()) - stands) < 0.01);
      const row = await eventually("the row to have it", async () => {
        const found = await shared.stack.row(name);
        return found?.pause_events && found;
      });
      near(row.position_seconds, stands, "position");
      assert.equal(row.pause_events, 1);
      assert.equal(row.seek_events, 1);
      assert.equal(row.update_count, (await accepted(shared.stack, name)).size);
      await device.close();
    });

    clientScenario(kind, "another learner on the same computer never sends the first one's progress", async () => {
      const [ada, bob] = [newName("first"), newName("second")];
      const device = await Device.open(shared, "a", ada);
      let tab = await device.lesson(kind);
      await device.context.setOffline(true);
      const stands = await tab.watch(40);
      await eventually("the browser to keep it", async () =>
        (await tab.page.evaluate(stored)).some(({ update }) => Math.abs(update.currentTime - stands) < 0.01),
      );
      await tab.page.close();

      // The session ends, as when it is too old: the first learner has not signed out. It
      // does so before the network is back, with which the browser may still send what
      // the page gave it while it closed.
      await device.context.clearCookies();
      await device.context.setOffline(false);
      await device.login(bob);
      tab = await device.lesson(kind);
      await tab.watch(90);
      await tab.says("saved");
      const row = await settled(shared.stack, bob, [tab]);
      assert.ok(row.max_position_seconds > 90);
      assert.deepEqual([...new Set(tab.sent.map((update) => update.userId))], [bob]);
      assert.deepEqual(await shared.stack.rows(ada), []);
      await tab.page.close();

      await device.logout();
      await device.login(ada);
      tab = await device.lesson(kind);
      const own = await eventually("the first learner's progress to be sent", async () => {
        const found = await shared.stack.row(ada);
        return found?.pause_events && found;
      });
      near(own.position_seconds, stands, "position");
      assert.equal(own.pause_events, 1);
      await device.close();
    });
  }
}

/** Runs in the page. */
async function stored() {
  const database = await new Promise((done) => {
    const open = indexedDB.open("progress-sync");
    open.onsuccess = () => done(open.result);
  });
  const kept = await new Promise((done) => {
    const all = database.transaction("updates").objectStore("updates").getAll();
    all.onsuccess = () => done(all.result);
  });
  database.close();
  return kept;
}
