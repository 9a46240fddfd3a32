import assert from "node:assert/strict";
import { near, settled } from "../lib/account.js";
import { accessible } from "../lib/axe.js";
import { Bench } from "../lib/bench.js";
import { Device, newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

export function define(shared) {
  async function begin(hint, options) {
    const name = newName(hint);
    const device = await Device.open(shared, "a", name, options);
    return { name, device, bench: await Bench.open(device) };
  }

  scenario("a drag of the slider is one seek, of the browser's own and of a page's, and only what is played is watched", async () => {
    const { name, device, bench } = await begin("drag");
    await bench.show("lesson-1");
    // As useCourseProgress does, beside the lesson of the same page.
    await bench.page.evaluate(() => globalThis.bench.followCourse());
    await bench.video.evaluate((video) => {
      globalThis.seeked = 0;
      video.addEventListener("seeked", () => globalThis.seeked++);
    });
    const began = Date.now();
    await bench.play();
    await bench.reach(1.5);
    const box = await bench.video.boundingBox();
    // The timeline is at the bottom, some pixels above the edge.
    await bench.drag({ ...box, y: box.y + box.height - 23 }, 0.1, 0.6);
    const first = await bench.time();
    assert.ok(first > 30, `the controls were dragged to ${first}`);
    await bench.reach(first + 1.5);
    const slider = await bench.page.getByLabel("Position").boundingBox();
    await bench.drag({ ...slider, y: slider.y + slider.height / 2 }, 0.6, 0.2);
    const second = await bench.time();
    assert.ok(second < 40, `the page's slider was dragged to ${second}`);
    await bench.reach(second + 1.5);
    const stands = await bench.pause();
    assert.ok((await bench.page.evaluate(() => globalThis.seeked)) > 20, "the browser told of many seeks");
    const row = await settled(shared.stack, name, [bench]);
    assert.equal(row.seek_events, 2);
    assert.equal(row.pause_events, 1);
    near(row.position_seconds, stands, "position");
    await eventually("the course to show what was watched", async () => {
      const { percent, lessonsStarted } = await bench.page.evaluate(() => globalThis.bench.course.read());
      return lessonsStarted === 1 && Math.abs(percent - row.percentage) < 0.001;
    });
    const wall = (Date.now() - began) / 1e3;
    assert.ok(row.time_spent_seconds > 3 && row.time_spent_seconds < wall, `time spent is ${row.time_spent_seconds} of ${wall} s`);
    await device.close();
  });

  scenario("a film that starts anew by itself, or by the learner, counts no seek and goes on counting time", async () => {
    const { name, device, bench } = await begin("loop");
    await bench.show("lesson-1");
    const length = await bench.duration();
    /** Resolves when the film has begun anew and played for a second. */
    const again = () =>
      bench.video.evaluate(
        (video) => new Promise((done) => {
          const look = () => {
            if (video.currentTime > 60 || video.currentTime < 1) return;
            video.removeEventListener("timeupdate", look);
            done();
          };
          video.addEventListener("timeupdate", look);
        }),
      );
    await bench.video.evaluate((video) => (video.loop = true));
    await bench.seek(length - 2);
    await bench.play();
    await again();
    await bench.pause();
    let row = await settled(shared.stack, name, [bench]);
    assert.equal(row.seek_events, 1, "the learner's own");
    assert.ok(row.time_spent_seconds > 2.4, `time spent is ${row.time_spent_seconds}`);

    await bench.video.evaluate((video) => (video.loop = false));
    await bench.seek(length - 2);
    await bench.play();
    await bench.video.evaluate((video) => video.ended || new Promise((done) => video.addEventListener("ended", done, { once: true })));
    await bench.play();
    await again();
    await bench.pause();
    row = await settled(shared.stack, name, [bench]);
    assert.equal(row.seek_events, 2);
    assert.ok(row.time_spent_seconds > 4.8, `time spent is ${row.time_spent_seconds}`);
    await device.close();
  });

  scenario("in a playlist the lesson changes before the film does, and gets nothing from it", async () => {
    const { name, device, bench } = await begin("playlist");
    await bench.show("lesson-1");
    await bench.watch(0.89 * (await bench.duration()));
    await settled(shared.stack, name, [bench]);
    await bench.play();
    // The page knows the next film's address only after the one before has played on for a while.
    await bench.page.evaluate(() => {
      globalThis.bench.end();
      globalThis.bench.end = globalThis.bench.begin("lesson-2").attachVideo(globalThis.bench.video);
    });
    await bench.reach((await bench.time()) + 1);
    await bench.video.evaluate((video) => {
      video.src = "/film.webm?next";
      return video.play();
    });
    await bench.reach(1.5);
    const stands = await bench.pause();
    await eventually("the second lesson to be sent", async () => (await bench.words("lesson-2")) === "accepted");
    const row = await settled(shared.stack, name, [bench], "lesson-2");
    near(row.max_position_seconds, stands, "furthest position of the second lesson");
    assert.ok(row.percentage < 10 && !row.completed, `the second lesson is at ${row.percentage} %`);
    assert.ok((await shared.stack.row(name, "lesson-1")).percentage > 88);
    await device.close();
  });

  scenario("a player that takes no position before it can play, as Safari, goes on where the learner was and overwrites nothing", async () => {
    const { name, device, bench } = await begin("safari");
    await bench.show("lesson-1");
    const was = await bench.watch(60);
    await settled(shared.stack, name, [bench]);
    const second = await Bench.open(device);
    await second.video.evaluate((video) => {
      const real = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "currentTime");
      globalThis.refused = 0;
      Object.defineProperty(video, "currentTime", {
        configurable: true,
        get: real.get,
        set: () => void globalThis.refused++,
      });
      video.addEventListener("canplay", () => delete video.currentTime, { once: true });
    });
    await second.page.evaluate(async () => {
      const { video, begin } = globalThis.bench;
      const sync = begin("lesson-1");
      await new Promise((done) => {
        const look = () => !sync.getState().isLoading && done();
        sync.subscribe(look);
        look();
      });
      globalThis.bench.end = sync.attachVideo(video);
      await new Promise((done) => {
        video.addEventListener("canplay", () => setTimeout(done), { once: true });
        video.src = "/film.webm";
      });
    });
    assert.ok((await second.page.evaluate(() => globalThis.refused)) > 0, "the player refused");
    near(await second.time(), was, "where the film stands");
    await second.play();
    await second.reach(was + 1.5);
    const stands = await second.pause();
    const row = await settled(shared.stack, name, [bench, second]);
    near(row.position_seconds, stands, "position");
    assert.equal(row.seek_events, 1, "that of the first visit");
    const told = second.sent.map((update) => update.currentTime);
    assert.ok(told.length > 0 && told.every((at) => at >= was), `told were ${told}`);
    await device.close();
  });

  for (const colorScheme of ["light", "dark"]) {
    scenario(`the debug panel keeps within a phone's page and its policy, in ${colorScheme} colours`, async () => {
      const { device, bench } = await begin("debug", { colorScheme, viewport: { width: 390, height: 844 } });
      const { page } = bench;
      await bench.show("lesson-1");
      const panel = page.locator("progress-sync-debug");
      const place = () => page.evaluate(() => JSON.stringify([...document.querySelectorAll("body *:not(progress-sync-debug)")].map((node) => node.getBoundingClientRect())));
      const before = await place();
      await page.evaluate(() => globalThis.bench.debug.open());
      const box = await panel.boundingBox();
      assert.equal(await place(), before, "the page does not move");
      assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y >= 0 && box.y + box.height <= 844, JSON.stringify(box));
      await bench.watch(20);
      const requests = panel.locator("tbody tr");
      await eventually("the request to be told", async () => (await requests.allTextContents()).some((row) => /POST\/progress\/v1\/progress200/.test(row)));
      await panel.getByRole("button", { name: "Force sync" }).click();
      await panel.getByText(/All of it is in the database/).waitFor();
      await accessible(page, "the debug panel");
      const close = panel.getByRole("button", { name: "Close" });
      await eventually("the keyboard to reach the close button", async () => {
        await page.keyboard.press("Tab");
        return close.evaluate((button) => button.matches(":focus-visible"));
      });
      await page.keyboard.press("Enter");
      await panel.waitFor({ state: "detached" });
      assert.equal(await page.evaluate(() => localStorage["debug-progress"]), "false");
      await device.close();
    });
  }
}
