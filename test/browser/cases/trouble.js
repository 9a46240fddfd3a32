import assert from "node:assert/strict";
import { clientScenario, kinds } from "../lib/scenario.js";
import { accepted, near, settled } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { eventually } from "../lib/wait.js";

export function define(shared) {
  const posts = async (name, pair = "a") =>
    (await shared.stack.requests(pair, name)).filter((entry) => entry.method === "POST" && entry.path === "/v1/progress");

  for (const kind of kinds) {
    for (const status of [503, 429]) {
      clientScenario(kind, `${status} with Retry-After is obeyed and shown, and nothing is lost`, async () => {
        const name = newName(`busy-${status}`);
        const device = await Device.open(shared, "a", name);
        const tab = await device.lesson(kind, "lesson-1", { clock: true });
        await shared.stack.fault("a", { kind: "answer", user: name, method: "POST", path: "/v1/progress", status, retryAfter: "60", times: 2 });
        await tab.watch(60);
        await tab.shows("retrying");
        assert.equal(await tab.words(), "in this browser only");
        await tab.page.clock.runFor(40_000);
        // What is nearly the film's end asks for a request at once, which has to wait as well.
        await tab.watch(0.96 * (await tab.duration()));
        await tab.page.clock.runFor(500);
        assert.equal((await posts(name)).length, 1, "requests before the time that Retry-After gave");
        await tab.tick("the request that is taken", async () => (await posts(name)).at(-1).status === 200);
        assert.deepEqual((await posts(name)).slice(0, 3).map((entry) => entry.status), [status, status, 200]);
        const row = await settled(shared.stack, name, [tab]);
        assert.equal(row.completed, true);
        assert.equal(row.pause_events, 2);
        await device.close();
      });
    }

    clientScenario(kind, "an update whose answer was lost is sent again and counted once", async () => {
      const name = newName("unheard");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind, "lesson-1", { clock: true });
      await shared.stack.fault("a", { kind: "swallow", user: name, method: "POST", times: 1 });
      await tab.watch(30);
      await tab.tick("the second request to be taken", async () => (await posts(name)).at(-1).status === 200 && (await posts(name)).length === 2);
      const [first, second] = await posts(name);
      assert.equal(first.fault, "swallow");
      assert.equal(first.status, 200);
      assert.ok(first.events.every((id) => second.events.includes(id)), "the second request has the first one's events");
      const row = await settled(shared.stack, name, [tab]);
      assert.equal(row.pause_events, 1);
      await device.close();
    });

    clientScenario(kind, "a beacon and a fetch with the same event are counted once", async () => {
      const name = newName("beacon");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await tab.watch(30);
      await tab.says("saved");
      const before = await settled(shared.stack, name, [tab]);
      const csrfToken = await tab.page.locator("#lesson-page").getAttribute("data-csrf-token");
      const repeated = { ...tab.sent.at(-1), csrfToken };
      const body = JSON.stringify([repeated, { ...repeated, eventId: name, watchedDelta: 1 }]);
      const sent = await tab.page.evaluate(async (body) => {
        const url = "/progress/v1/progress";
        const headers = { "Content-Type": "application/json", "X-CSRF-Token": JSON.parse(body)[0].csrfToken };
        const beacon = navigator.sendBeacon(url, body);
        const answers = await Promise.all([1, 2].map(() => fetch(url, { method: "POST", body, headers })));
        return [beacon, ...answers.map((answer) => answer.status)];
      }, body);
      assert.deepEqual(sent, [true, 200, 200]);
      const beacon = await eventually("the beacon to be taken", async () =>
        (await posts(name)).find((entry) => entry.contentType.startsWith("text/plain") && entry.status === 200),
      );
      assert.deepEqual(beacon.events, JSON.parse(body).map((update) => update.eventId));
      const row = await eventually("the row to have the new event", async () => {
        const found = await shared.stack.row(name);
        return found.update_count > before.update_count && found;
      });
      assert.equal(row.update_count, before.update_count + 1);
      assert.equal(row.pause_events, before.pause_events + (JSON.parse(body)[1].pauseEvents ?? 0));
      near(row.time_spent_seconds, before.time_spent_seconds + 1, "time spent", 1e-5);
      await device.close();
    });
  }
}

/** These hold up or end the sidecar of pair c, one after the other. */
export function defineOwn(shared) {
  for (const kind of kinds) {
    clientScenario(kind, "a reset during a flush leaves nothing of what was before", async () => {
      const name = newName("reset");
      const device = await Device.open(shared, "c", name);
      const tab = await device.lesson(kind);
      await tab.watch(70);
      await tab.says("saved");
      await shared.stack.lock(name);
      await tab.watch(90);
      await eventually("a write to wait for the row", async () => (await shared.stack.waiting()) > 0);
      await tab.says("accepted, not saved yet");
      const before = tab.sent.length;
      await tab.startOver();
      await eventually("the reset to be accepted", async () =>
        (await shared.stack.requests("c", name)).some((entry) => entry.method === "DELETE" && entry.status === 200),
      );
      await shared.stack.unlock(name);
      const gone = await eventually("the row to be empty", async () => {
        const found = await shared.stack.row(name);
        return found.generation > 0 && found;
      });
      assert.equal(gone.update_count, 0);
      assert.equal(gone.max_position_seconds, 0);
      assert.equal(gone.completed, false);
      assert.match(await tab.furthest(), /^0 %/);

      const stands = await tab.watch(10);
      await tab.says("saved");
      const after = tab.sent.slice(before);
      const row = await settled(shared.stack, name, [{ sent: after, page: tab.page, words: () => tab.words() }]);
      near(row.position_seconds, stands, "position");
      near(row.max_position_seconds, stands, "furthest position");
      await device.close();
    });

    clientScenario(kind, "a sidecar that is killed during a write and comes back loses nothing and doubles nothing", async () => {
      const name = newName("killed");
      const device = await Device.open(shared, "c", name);
      // Its clock has to go as the sidecar's does: what waits is as old as it says.
      const tab = await device.lesson(kind);
      await tab.watch(20);
      await settled(shared.stack, name, [tab]);
      await shared.stack.lock(name);
      await tab.watch(40);
      await eventually("a write to wait for the row", async () => (await shared.stack.waiting()) > 0);
      await shared.stack.sidecar("c", "kill");
      const stands = await tab.watch(60);
      await tab.shows("retrying");
      await shared.stack.unlock(name);
      await shared.stack.sidecar("c", "start");
      await eventually("the page to have sent all", async () => (await tab.words()) !== "in this browser only");
      const row = await settled(shared.stack, name, [tab]);
      near(row.position_seconds, stands, "position");
      assert.equal(row.pause_events, 3);
      assert.equal(row.update_count, (await accepted(shared.stack, name)).size);
      await device.close();
    });
  }
}
