import assert from "node:assert/strict";
import { near } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { LessonPage } from "../lib/lesson.js";
import { clientScenario, kinds, scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

/** How the first question where the learner was can go wrong. */
const faults = {
  "is slow": { kind: "delay", milliseconds: 2500 },
  "answers 503 once": { kind: "answer", status: 503 },
  "loses its answer": { kind: "swallow" },
};

/** A tab of a learner whose lesson page does not wait for what the server knows. */
async function hasty(device, kind) {
  const tab = new LessonPage(device, await device.context.newPage(), kind, "lesson-1");
  await tab.page.goto(tab.url);
  await tab.video.evaluate((video) => video.readyState >= 3 || new Promise((done) => video.addEventListener("canplay", done, { once: true })));
  return tab;
}

export function define(shared) {
  for (const kind of kinds) {
    for (const [how, fault] of Object.entries(faults)) {
      clientScenario(kind, `the place of the last visit survives a first question that ${how}`, async () => {
        const name = newName("place");
        const device = await Device.open(shared, "a", name);
        const first = await device.lesson(kind);
        const stands = await first.watch(60);
        await first.says("saved");
        await first.page.close();

        await shared.stack.fault("a", { ...fault, user: name, method: "GET", path: "/v1/progress", times: 1 });
        const tab = await hasty(device, kind);
        await tab.play();
        await tab.reach(1.5);
        await tab.forceSync();
        const between = (await shared.stack.row(name)).position_seconds;
        assert.ok(between >= stands - 0.0015, `the saved position fell from ${stands} to ${between}`);
        // Nine seconds of film are not much to miss: the page goes there by itself or offers it.
        await eventually("the learner to be where they were, or to be offered it", async () => {
          const offer = tab.indicator.getByRole("button", { name: /^Continue at 1:0\d$/ });
          if (await offer.count()) await offer.click();
          return (await tab.time()) >= stands - 0.0015;
        });
        await tab.pause();
        await tab.says("saved");
        const row = await shared.stack.row(name);
        assert.ok(row.position_seconds >= stands - 0.0015, `the row says ${row.position_seconds}, before it was ${stands}`);
        assert.equal(row.seek_events, 1, "going on is no seek of the learner's");
        await device.close();
      });
    }

    clientScenario(kind, "a tab that is looked at again after another device was used tells so, and does not overwrite it", async () => {
      const name = newName("again");
      const [desk, phone] = await Promise.all([Device.open(shared, "a", name), Device.open(shared, "b", name)]);
      const tab = await desk.lesson(kind, "lesson-1", { clock: true });
      await tab.watch(30);
      await tab.tick("the page to have sent all", async () => (await tab.words()) === "saved");
      const other = await phone.lesson(kind);
      // Devices' clocks that are less than 5 s apart are as good as equal.
      const began = Date.now();
      await eventually("some seconds to pass", () => Date.now() > began + 6_000);
      const newest = await other.watch(96);
      await other.says("saved");
      await tab.page.clock.runFor(20_000);
      await tab.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
      await eventually("the tab to show what the other device did", async () => /^8\d %/.test(await tab.furthest()));
      await tab.tick("the offer to go on there", async () => (await tab.indicator.getByRole("button", { name: /^Continue at 1:3\d$/ }).count()) > 0);
      await tab.indicator.getByRole("button", { name: /^Continue at/ }).click();
      await eventually("the film to go there", async () => Math.abs((await tab.time()) - newest) < 1);
      near((await shared.stack.row(name)).position_seconds, newest, "the saved position");
      await Promise.all([desk.close(), phone.close()]);
    });

    clientScenario(kind, "two tabs of a lesson agree", async () => {
      const device = await Device.open(shared, "a", newName("agree"));
      const [one, two] = [await device.lesson(kind), await device.lesson(kind)];
      await one.watch(60);
      await eventually("the other tab to show it", async () => /^5\d %/.test(await two.furthest()));
      await device.close();
    });
  }
}

/** Stops what all learners share. */
export function defineOutage(shared) {
  scenario("both pages: in an outage a completed lesson is not shown as begun, and is right again without a reload", async () => {
    const name = newName("stale");
    const device = await Device.open(shared, "a", name);
    const first = await device.lesson("react");
    await first.page.getByTestId("complete").click();
    await first.says("saved");
    await first.page.close();
    await eventually("the row", () => shared.stack.row(name));
    await shared.stack.postgres("stop");
    let tabs;
    let course;
    try {
      tabs = await Promise.all(["react", "element"].map((kind) => hasty(device, kind)));
      course = await device.context.newPage();
      await course.goto(device.web + "/course");
      for (const tab of tabs) {
        await tab.shows("stale");
        assert.match(await tab.indicator.textContent().then((text) => text || tab.indicator.evaluate((i) => i.shadowRoot.textContent)), /safe/);
        assert.doesNotMatch(await tab.page.locator("main").textContent(), /\b0 %/);
      }
      assert.doesNotMatch(await course.locator("main").textContent(), /\b0 %/);
      assert.match(await course.locator("main").textContent(), /safe/);
    } finally {
      await shared.stack.postgres("start");
    }
    for (const tab of tabs) {
      await tab.page.bringToFront();
      await tab.shows("saved");
      assert.match(await tab.page.locator("main").textContent(), /Completed/);
    }
    await course.bringToFront();
    await eventually("the course page to show it", async () => /Completed/.test(await course.locator("main").textContent()));
    await device.close();
  });
}
