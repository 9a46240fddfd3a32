import assert from "node:assert/strict";
import { clientScenario, kinds } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";
import { settled } from "../lib/account.js";
import { heldBytes } from "../lib/heap.js";
import { Device, newName } from "../lib/learner.js";

const MINUTES = 10;
const FAST = 16;

/** Runs in the page before its scripts: time goes by `fast` times as fast. */
function hurry(fast) {
  const begin = Date.now();
  const Real = Date;
  const now = () => begin + (Real.now() - begin) * fast;
  globalThis.Date = class extends Real {
    constructor(...given) {
      super(...(given.length ? given : [now()]));
    }
    static now = now;
  };
  for (const timer of ["setTimeout", "setInterval"]) {
    const real = globalThis[timer];
    globalThis[timer] = (work, delay, ...rest) => real(work, delay / fast, ...rest);
  }
  // The film runs as fast, and says that it does not.
  const rate = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "playbackRate");
  Object.defineProperty(HTMLMediaElement.prototype, "playbackRate", { get: () => 1 });
  addEventListener("play", ({ target }) => rate.set.call(target, fast), true);
}

export function define(shared) {
  for (const kind of kinds) {
    clientScenario(kind, "ten minutes of playback send a request each half a minute and leak nothing", async () => {
      const name = newName("long");
      const device = await Device.open(shared, "b", name);
      await device.context.addInitScript(hurry, FAST);
      const tab = await device.lesson(kind);
      const devtools = await device.context.newCDPSession(tab.page);
      const measure = async () => {
        const held = await heldBytes(tab.page, devtools);
        const { documents, nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
        return { held, documents, nodes, jsEventListeners };
      };
      /** Resolves when the film, which starts anew at its end, has gone on for so long. */
      const watch = (seconds) =>
        tab.video.evaluate(
          (video, seconds) =>
            new Promise((done) => {
              let [last, played] = [video.currentTime, 0];
              const look = () => {
                played += video.currentTime - last + (video.currentTime < last ? video.duration : 0);
                last = video.currentTime;
                if (played < seconds) return;
                video.removeEventListener("timeupdate", look);
                done(played);
              };
              video.addEventListener("timeupdate", look);
            }),
          seconds,
        );
      await tab.video.evaluate((video) => (video.loop = true));
      const clock = () => tab.page.evaluate(() => Date.now() / 1e3);
      const started = await clock();
      await tab.play();
      const begun = await watch(120);
      const before = await measure();
      const requests = tab.sent.length;
      const played = begun + (await watch(MINUTES * 60 - 120));
      await tab.pause();
      const took = (await clock()) - started;
      const row = await settled(shared.stack, name, [tab]);
      const posts = (await shared.stack.requests("b", name)).filter((entry) => entry.method === "POST" && entry.path === "/v1/progress");
      // A window begins with the first change after a request, and the fast film tells of one in four seconds or so.
      // Beside the windows there are the completion and the pause. On a busy machine the film is slower than the clock.
      const [least, most] = [(MINUTES * 60) / (30 + 2 * 5), took / 30 + 2];
      assert.ok(posts.length >= least && posts.length <= most, `${posts.length} requests in ${took} s`);
      assert.ok(tab.sent.length - requests > 0.7 * least, `${tab.sent.length - requests} updates after the second minute`);
      assert.equal(row.completed, true);
      // Where the film starts anew nothing is counted.
      assert.ok(row.time_spent_seconds > 0.85 * played && row.time_spent_seconds < 1.1 * played, `time spent is ${row.time_spent_seconds} of ${played} s`);
      // What a request or a stream of events under way holds is gone soon; what each request left behind would stay.
      await eventually("the page to be about as small as after two minutes", async () => {
        const after = await measure();
        assert.ok(after.held - before.held < 30_000, `the page holds ${after.held - before.held} bytes more`);
        assert.ok(after.nodes - before.nodes < 50, `${after.nodes - before.nodes} more nodes`);
        assert.ok(after.jsEventListeners - before.jsEventListeners < 30, `${after.jsEventListeners - before.jsEventListeners} more listeners`);
        return after.documents === before.documents;
      });
      await device.close();
    });
  }
}
