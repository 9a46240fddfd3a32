import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.js";
import { settled } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";

const MINUTES = 10;
const FAST = 16;

export function define(shared) {
  for (const kind of ["react", "element"]) {
    scenario(`${kind}: ten minutes of playback send a request each ten seconds and leak nothing`, async () => {
      const name = newName("long");
      const device = await Device.open(shared, "b", name);
      const tab = await device.lesson(kind, "lesson-1", { clock: true });
      const devtools = await device.context.newCDPSession(tab.page);
      const measure = async () => {
        await devtools.send("HeapProfiler.collectGarbage");
        const { usedSize } = await devtools.send("Runtime.getHeapUsage");
        const { documents, nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
        return { usedSize, documents, nodes, jsEventListeners };
      };
      // The film runs fast and says that it does not; the page's clock follows the film.
      await tab.video.evaluate((video, rate) => {
        video.playbackRate = rate;
        Object.defineProperty(video, "playbackRate", { get: () => 1 });
        video.loop = true;
      }, FAST);
      await tab.page.clock.pauseAt((await tab.page.evaluate(() => Date.now())) + 1000);
      await tab.play();
      let played = 0;
      let last = await tab.time();
      const until = async (seconds) => {
        while (played < seconds) {
          // An event of the film's: the page's animation frames follow the page's clock.
          const now = await tab.video.evaluate(
            (video) => new Promise((done) => video.addEventListener("timeupdate", () => done(video.currentTime), { once: true })),
          );
          // At its end the film starts anew.
          const step = now > last ? now - last : now;
          last = now;
          played += step;
          await tab.page.clock.runFor(Math.round(step * 1000));
        }
      };
      await until(120);
      const before = await measure();
      const requests = tab.sent.length;
      await until(MINUTES * 60);
      const after = await measure();
      await tab.pause();
      await tab.page.clock.resume();
      const row = await settled(shared.stack, name, [tab]);
      const posts = (await shared.stack.requests("b", name)).filter((entry) => entry.method === "POST" && entry.path === "/v1/progress");
      // A window begins with the first change after a request, and the fast film tells of one in four seconds.
      // Beside the windows there are the completion and the pause.
      const [least, most] = [(MINUTES * 60) / (10 + 2 * 4), (MINUTES * 60) / 10 + 2];
      assert.ok(posts.length >= least && posts.length <= most, `${posts.length} requests in ${MINUTES} minutes`);
      assert.ok(tab.sent.length - requests > 0.7 * least, `${tab.sent.length - requests} updates after the second minute`);
      assert.equal(row.completed, true);
      assert.ok(Math.abs(row.time_spent_seconds - played) < 0.1 * played, `time spent is ${row.time_spent_seconds} of ${played} s`);
      const grown = after.usedSize - before.usedSize;
      assert.ok(grown < 300_000, `the heap grew by ${grown} bytes in 8 minutes`);
      assert.ok(after.nodes - before.nodes < 50, `${after.nodes - before.nodes} more nodes`);
      assert.ok(after.jsEventListeners - before.jsEventListeners < 10, `${after.jsEventListeners - before.jsEventListeners} more listeners`);
      assert.equal(after.documents, before.documents);
      if (process.env.DBG) console.log(posts.length, tab.sent.length, row.time_spent_seconds, played, before, after);
      await device.close();
    });
  }
}
