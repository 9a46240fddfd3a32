import assert from "node:assert/strict";
import { kinds, scenario } from "../lib/scenario.js";
import { near, settled } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { eventually } from "../lib/wait.js";

export function define(shared) {
  for (const kind of kinds) {
    scenario(`${kind}: play, pause, seek, speed and completion are in the row as they were`, async () => {
      const name = newName("exact");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      const began = Date.now();
      await tab.play();
      await tab.reach(1.5);
      const first = await tab.pause();
      await tab.says("saved");
      let row = await settled(shared.stack, name, [tab]);
      near(row.position_seconds, first, "position");
      near(row.max_position_seconds, first, "furthest position");
      near(row.duration_seconds, await tab.duration(), "duration");
      assert.equal(row.seek_events, 0);
      assert.equal(row.pause_events, 1);
      assert.equal(row.playback_speed, 1);
      assert.equal(row.completed, false);
      assert.equal(row.completed_at, null);

      await tab.seek(60);
      await tab.speed(2);
      await tab.play();
      await tab.reach(62);
      await tab.seek(20);
      await tab.reach(21.5);
      const second = await tab.pause();
      row = await settled(shared.stack, name, [tab]);
      near(row.position_seconds, second, "position after going back");
      assert.ok(row.max_position_seconds >= 62 && row.max_position_seconds < 70, `furthest is ${row.max_position_seconds}`);
      assert.equal(row.seek_events, 2);
      assert.equal(row.pause_events, 2);
      assert.equal(row.playback_speed, 2);

      const duration = await tab.duration();
      await tab.seek(duration - 1);
      await tab.play();
      await tab.video.evaluate((video) => video.ended || new Promise((done) => video.addEventListener("ended", done, { once: true })));
      await tab.says("saved");
      row = await settled(shared.stack, name, [tab]);
      near(row.position_seconds, duration, "position at the end", 0.1);
      near(row.percentage, 100, "percentage", 0.1);
      assert.equal(row.completed, true);
      assert.ok(Date.parse(row.completed_at) >= began);
      assert.equal(row.seek_events, 3);
      assert.match(await tab.furthest(), /100 %, completed/);
      const wall = (Date.now() - began) / 1e3;
      assert.ok(row.time_spent_seconds > 2.5 && row.time_spent_seconds < wall, `time spent is ${row.time_spent_seconds} of ${wall} s`);

      const stretches = [...row.watched.matchAll(/1+/g)].map((ones) => ones.index);
      assert.deepEqual(stretches, [0, 20, 60, Math.round(duration - 1)], `the seconds that were seen are ${row.watched}`);
      assert.equal(row.watched_step, 1);
      const other = await Device.open(shared, "b", name);
      const { watchedSegments, watchedSeconds } = await (await other.lesson(kind)).snapshot();
      assert.deepEqual(watchedSegments.map(([from]) => from).sort((a, b) => a - b), stretches);
      near(watchedSeconds, row.watched.match(/1/g).length, "what another device holds to be seen", 1);
      await Promise.all([device.close(), other.close()]);
    });

    scenario(`${kind}: the page is told of a save as it happens`, async () => {
      const name = newName("told");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      const events = tab.page.waitForResponse((answer) => answer.url().includes("/progress/v1/sync/events"));
      const accepted = tab.page.waitForResponse((answer) => answer.url().endsWith("/progress/v1/progress"));
      await tab.watch(20);
      assert.equal((await accepted).headers()["preference-applied"], "return=receipt");
      const answer = await events;
      assert.equal(answer.status(), 200);
      assert.match(answer.headers()["content-type"], /^text\/event-stream/);
      await tab.says("saved");
      assert.ok((await shared.stack.row(name)).max_position_seconds > 20);
      await device.close();
    });

    scenario(`${kind}: a reload goes on where the learner was, and counts no seek for that`, async () => {
      const name = newName("reload");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      const stands = await tab.watch(50);
      await tab.says("saved");
      await tab.reload();
      await eventually("the film to stand where it was", async () => Math.abs((await tab.time()) - stands) < 0.01);
      await tab.video.evaluate(
        (video) => new Promise((done) => {
          const look = () => (video.seeking ? requestAnimationFrame(look) : requestAnimationFrame(() => requestAnimationFrame(done)));
          look();
        }),
      );
      assert.equal(await tab.words(), "saved", "that a page was opened is no progress");
      const row = await settled(shared.stack, name, [tab]);
      near(row.position_seconds, stands, "position");
      assert.equal(row.seek_events, 1);

      // What is not sent yet when the page goes away must not be forgotten either.
      await tab.play();
      await tab.reach(stands + 1);
      const before = await tab.time();
      await tab.reload();
      const kept = await eventually("the row to have where it was left", async () => {
        const { position_seconds: position } = await shared.stack.row(name);
        return position > before - 0.5 && position;
      });
      assert.ok(kept < before + 5, `the row has ${kept}, the film was left at ${before}`);
      await eventually("the film to stand about there", async () => (await tab.time()) >= stands - 0.01);
      await device.close();
    });
  }
}
