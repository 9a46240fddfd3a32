import assert from "node:assert/strict";
import { settled } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { clientScenario, kinds } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

const words = (tab) => tab.indicator.evaluate((indicator) => (indicator.shadowRoot ?? indicator).querySelector("svg + span").textContent);

export function define(shared) {
  /** A tab that is told to sign in sends all when that is over and it is looked at again. */
  async function healsFrom(tab, end, name) {
    await tab.watch(40);
    await tab.shows("auth");
    await end();
    await tab.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    await tab.says("saved");
    const row = await settled(shared.stack, name, [tab]);
    assert.equal(row.pause_events, 1);
  }

  for (const kind of kinds) {
    clientScenario(kind, "a learner whose session ended is told to sign in, and the tab heals when they have, without a reload", async () => {
      const name = newName("session");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await tab.watch(20);
      await tab.says("saved");
      // The session ends, as when it is too old.
      const before = await device.context.cookies();
      await device.context.clearCookies();
      await tab.watch(40);
      await tab.shows("auth");
      assert.match(await words(tab), /Sign in again/);
      assert.equal(await tab.words(), "in this browser only");
      await device.login(name);
      const after = await device.context.cookies();
      assert.notDeepEqual(after, before, "it is another session");
      await tab.page.bringToFront();
      await tab.says("saved");
      await tab.shows("saved");
      const row = await settled(shared.stack, name, [tab]);
      assert.equal(row.pause_events, 2);
      await device.close();
    });

    for (const [what, answer] of Object.entries({
      "a login page in place of the answer": { status: 200, contentType: "text/html", body: "<!doctype html><title>Sign in</title>" },
      "a redirect to a login page of another site": { status: 302, headers: { Location: "http://login.example/" } },
    })) {
      clientScenario(kind, `${what} is taken for being signed out, and nothing is lost`, async () => {
        const name = newName("page");
        const device = await Device.open(shared, "a", name);
        const tab = await device.lesson(kind);
        const complaints = device.complaints.length;
        await tab.page.route("**/progress/v1/**", (route) => route.fulfill(answer));
        await healsFrom(tab, () => tab.page.unroute("**/progress/v1/**"), name);
        device.complaints.splice(complaints); // that the page may not go to another site is what was asked for
        await device.close();
      });
    }

    clientScenario(kind, "a redirect to a login page is taken for being signed out, and nothing is lost", async () => {
      const name = newName("redirect");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await shared.stack.fault("a", { kind: "answer", user: name, status: 302, location: "/login" });
      await healsFrom(tab, () => shared.stack.lift("a", name), name);
      await device.close();
    });

    for (const milliseconds of [150, 300, 1000]) {
      clientScenario(kind, `while the film plays and the way takes ${milliseconds} ms, each forced sync saves what was there`, async () => {
        const name = newName("force");
        const device = await Device.open(shared, "a", name);
        const tab = await device.lesson(kind);
        await tab.watch(5);
        await shared.stack.fault("a", { kind: "delay", user: name, milliseconds });
        await tab.play();
        for (let press = 0; press < (milliseconds < 500 ? 8 : 3); press++) {
          const there = await tab.time();
          assert.deepEqual(await tab.forceSync(), { saved: true, told: "saved" });
          const row = await shared.stack.row(name);
          // A film says four times a second where it is.
          assert.ok(row.max_position_seconds > there - 0.6, `the row is at ${row.max_position_seconds}, the film was at ${there}`);
        }
        await tab.pause();
        await shared.stack.lift("a", name);
        await settled(shared.stack, name, [tab]);
        await device.close();
      });
    }

    clientScenario(kind, "a learner who plays sees “Saved”, and no counter or button", async () => {
      const name = newName("calm");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await tab.watch(5);
      await tab.shows("saved");
      await tab.play();
      const seen = new Set();
      const end = (await tab.time()) + 15;
      await eventually("the film to play for a while", async () => {
        seen.add(`${await tab.state()}: ${await words(tab)}, ${await tab.indicator.locator("button:visible").count()} buttons`);
        return (await tab.time()) > end;
      });
      assert.deepEqual([...seen], ["saved: Saved, 0 buttons"]);
      await tab.pause();
      await device.close();
    });
  }
}
