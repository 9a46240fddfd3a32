import assert from "node:assert/strict";
import { clientScenario, kinds } from "../lib/scenario.js";
import { accepted, near, settled, unique } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { eventually } from "../lib/wait.js";

export function define(shared) {
  for (const kind of kinds) {
    clientScenario(kind, "offline at 60 % while another device reaches 80 % ends at 80 %, with the newest position", async () => {
      const name = newName("offline");
      const [train, desk] = await Promise.all([Device.open(shared, "a", name), Device.open(shared, "b", name)]);
      const first = await train.lesson(kind);
      const length = await first.duration();
      await first.watch(0.3 * length);
      await first.says("saved");
      // A slow database's first answer tells nothing, and the page asks again.
      await eventually("the page to know how far the lesson was watched", async () => /^3\d %/.test(await first.furthest()));

      await train.context.setOffline(true);
      await first.shows("offline");
      await first.watch(0.6 * length);
      assert.equal(await first.words(), "in this browser only");
      assert.match(await first.furthest(), /^6\d %/);

      const second = await desk.lesson(kind);
      const newest = await second.watch(0.8 * length);
      await second.says("saved");
      near((await shared.stack.row(name)).position_seconds, newest, "position before the first device is back");

      await train.context.setOffline(false);
      await first.says("saved");
      const row = await settled(shared.stack, name, [first, second]);
      near(row.position_seconds, newest, "position, which the second device set last");
      near(row.max_position_seconds, newest, "furthest position");
      assert.equal(row.completed, false);
      await first.reload();
      assert.match(await first.furthest(), /^8\d %/);
      await eventually("the film to stand where the other device was", async () => Math.abs((await first.time()) - newest) < 0.01);
      await Promise.all([train.close(), desk.close()]);
    });

    clientScenario(kind, "going back on a second device survives, and the furthest position stays", async () => {
      const name = newName("rewind");
      const [tablet, phone] = await Promise.all([Device.open(shared, "a", name), Device.open(shared, "b", name)]);
      const first = await tablet.lesson(kind);
      const length = await first.duration();
      const far = await first.watch(0.8 * length);
      await first.says("saved");

      const second = await phone.lesson(kind);
      await eventually("the second device to go where the first was", async () => Math.abs((await second.time()) - far) < 0.01);
      const back = await second.watch(0.2 * length);
      await second.says("saved");
      const row = await settled(shared.stack, name, [first, second]);
      near(row.position_seconds, back, "position");
      near(row.max_position_seconds, far, "furthest position");
      await first.reload();
      await eventually("the first device to go back too", async () => Math.abs((await first.time()) - back) < 0.01);
      await Promise.all([tablet.close(), phone.close()]);
    });

    clientScenario(kind, "two tabs of one learner count nothing twice, when one of them is closed too", async () => {
      const name = newName("tabs");
      const device = await Device.open(shared, "a", name);
      const [first, second] = await Promise.all([device.lesson(kind), device.lesson(kind)]);
      const run = async (tab, from) => {
        await tab.watch(from);
        await tab.watch(from + 10);
      };
      await Promise.all([run(first, 20), run(second, 60)]);
      await device.context.setOffline(true);
      await Promise.all([first.watch(40), second.watch(80)]);
      await device.context.setOffline(false);
      await second.play();
      await second.reach(82);
      // A browser that is told to close a page may end it before the page can speak, as no
      // person's does; leaving it first gives the page its say.
      await second.page.goto("about:blank");
      await second.page.close();
      await first.says("saved");
      const sent = unique(first, second).map((update) => update.eventId);
      await eventually("all that was sent to be accepted", async () => {
        const got = await accepted(shared.stack, name);
        return sent.every((id) => got.has(id));
      });
      // The closed tab's last words may still be on their way, and heard by the LMS only.
      const row = await eventually("the row to count what was accepted, and to tell how far the closed tab was", async () => {
        const found = await shared.stack.row(name);
        return found?.max_position_seconds >= 82 && found.update_count === (await accepted(shared.stack, name)).size && found;
      });
      assert.equal(row.pause_events, 6);
      assert.equal(row.seek_events, 6);
      await device.close();
    });
  }
}
