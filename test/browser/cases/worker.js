import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.js";
import { accepted, isHint, near } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { eventually } from "../lib/wait.js";
import { registerWorker, syncWorker } from "../lib/worker.js";

export function define(shared) {
  scenario("offline, tab closed, online: the row arrives with no page open, once", async () => {
    const name = newName("worker");
    const device = await Device.open(shared, "a", name);
    const tab = await device.lesson("element");
    await registerWorker(device, tab.page, name);
    const byWorker = new Set();
    device.context.on("request", (request) => {
      if (request.serviceWorker() && request.method() === "POST") JSON.parse(request.postData()).filter((update) => !isHint(update)).forEach(({ eventId }) => byWorker.add(eventId));
    });
    await device.context.setOffline(true);
    const stands = await tab.watch(40);
    await tab.shows("offline");
    await tab.page.close();
    assert.deepEqual(await shared.stack.rows(name), []);
    await device.context.setOffline(false);
    await syncWorker(device);
    const row = await eventually("the row to be there", () => shared.stack.row(name));
    near(row.position_seconds, stands, "position");
    assert.equal(row.pause_events, 1);
    assert.equal(row.update_count, (await accepted(shared.stack, name)).size);
    assert.equal(byWorker.size, row.update_count, "all of it came from the worker");
    // Nobody sends it again: neither the worker nor the next page.
    await syncWorker(device);
    const posts = async () => (await shared.stack.requests("a", name)).filter((entry) => entry.method === "POST" && entry.path === "/v1/progress").length;
    const sent = await posts();
    const again = await device.lesson("element");
    await again.says("saved");
    assert.equal(await posts(), sent);
    await device.close();
  });
}
