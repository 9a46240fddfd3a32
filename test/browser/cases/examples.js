import assert from "node:assert/strict";
import { Example } from "../lib/example.js";
import { ExamplePage } from "../lib/examplepage.js";
import { newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

const examples = ["vite", "html", "videojs", "plyr", "hls", "custom"];
/** Those whose module exports what ends the lesson. */
const closing = ["videojs", "plyr", "hls", "custom"];

export function define(shared) {
  for (const name of examples) {
    scenario(`example ${name}: resumes, counts a seek once, completes${closing.includes(name) ? ", and sends nothing after its end" : ""}`, async () => {
      const learner = newName(name);
      const example = await Example.start(name, shared.stack.pairs.a.sidecar, learner);
      const context = await shared.browser.newContext();
      context.setDefaultTimeout(20_000);
      const row = (what, holds) =>
        eventually(`the row to have ${what}`, async () => {
          const found = await shared.stack.row(learner, "channels");
          return found && holds(found) && found;
        });
      try {
        let page = await ExamplePage.open(context, example.url);
        const half = (await page.video.evaluate((video) => video.duration)) / 2;
        const first = await page.watch(half);
        // A player that is no media element has nobody to tell of its pauses: what it played is sent a little later.
        let found = await row("what was played", (r) => (name === "custom" ? r.position_seconds >= half + 0.5 : Math.abs(r.position_seconds - first) < 0.002));
        assert.equal(found.seek_events, 1, "seeks");
        assert.deepEqual(page.complaints, []);
        await page.page.close();

        page = await ExamplePage.open(context, example.url);
        await eventually("the player to go on where the learner was", async () => Math.abs((await page.time()) - found.position_seconds) < 1);
        await page.watch();
        await row("what was played after that", (r) => r.position_seconds > found.position_seconds);
        await page.finish();
        found = await row("the end", (r) => r.completed && r.position_seconds > 2 * half - 0.5);
        assert.equal(found.seek_events, 2, "seeks, none of them the page's own");

        if (closing.includes(name)) {
          await page.end();
          assert.deepEqual(page.sent, [], "sent after the end");
        }
        assert.deepEqual(page.complaints, []);
      } finally {
        await context.close();
        await example.stop();
      }
    });
  }
}
