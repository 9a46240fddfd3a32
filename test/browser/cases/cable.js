import assert from "node:assert/strict";
import { accepted, isHint, near } from "../lib/account.js";
import { Cabled, lacksNetworks } from "../lib/cable.js";
import { lacks } from "../lib/lack.js";
import { Device, newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";
import { observeSync, registerWorker } from "../lib/worker.js";

/** Longer than Chromium has told pages that there is no network before it keeps a sync until there is one: two seconds. */
const TOLD = 3000;

export function define(shared) {
  scenario("the cable is pulled, the tab closed, the cable plugged in: the browser wakes the worker, which sends it once", async (t) => {
    if (lacks(t, lacksNetworks())) return;
    const name = newName("cable");
    const browser = new Cabled(shared.stack.pairs.a.web);
    try {
      const device = new Device(await browser.start(), shared.stack, "a", name);
      const byWorker = new Set();
      device.context.on("request", (request) => {
        if (request.serviceWorker() && request.method() === "POST") JSON.parse(request.postData()).filter((update) => !isHint(update)).forEach(({ eventId }) => byWorker.add(eventId));
      });
      const syncs = await observeSync(device.context);
      await device.login(name);
      const tab = await device.lesson("element");
      await registerWorker(device, tab.page, name);

      browser.pull();
      await tab.shows("offline");
      const stands = await tab.watch(40);
      await eventually("a sync that waits for the network", () => syncs.at(-1)?.what === "Registered sync" && Date.now() - syncs.at(-1).at > TOLD);
      await tab.page.close();
      assert.deepEqual(await shared.stack.rows(name), []);
      const before = syncs.length;

      browser.plug();
      const told = () => syncs.slice(before).map(({ what }) => what);
      await eventually("the browser to run the sync", () => told().includes("Sync completed"));
      assert.deepEqual(told(), ["Dispatched sync event", "Sync completed"]);
      const row = await eventually("the row to be there", () => shared.stack.row(name));
      near(row.position_seconds, stands, "position");
      assert.equal(row.pause_events, 1);
      // What the page had asked before may have come through as well, once the cable was there.
      const all = await accepted(shared.stack, name);
      assert.equal(row.update_count, all.size);
      assert.deepEqual(byWorker, all, "all of it came from the worker");
    } finally {
      await browser.end();
    }
  });
}
