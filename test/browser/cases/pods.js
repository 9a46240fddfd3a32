import assert from "node:assert/strict";
import { near, settled } from "../lib/account.js";
import { Device, newName } from "../lib/learner.js";
import { PODS, acquainted, learnerAt } from "../lib/pods.js";
import { scenario } from "../lib/scenario.js";
import { PATIENCE, eventually } from "../lib/wait.js";

/** A learner's requests come to two pods, and what they do is kept by the third. */
const [ONE, OTHER, HOME] = PODS;

/** How the home is away: what ends it, and what brings it back. A case for each, with another of the two pages. */
const absences = [["is killed", "react", ["kill", "start"]], ["hangs", "element", ["freeze", "thaw"]]];

/** What the indicator tells. */
const told = (tab) => tab.indicator.evaluate((element) => (element.shadowRoot ?? element).textContent);

/** Listens to the learner's state as the page's pod tells it. Resolves with a function that resolves with all that was heard. */
async function listening(tab) {
  await tab.page.evaluate((user) => {
    window.heard = [];
    new EventSource("/progress/v1/sync/events?userId=" + user).addEventListener("state", (event) => window.heard.push(JSON.parse(event.data)));
  }, tab.device.name);
  const heard = () => tab.page.evaluate(() => window.heard);
  await eventually("the stream to begin", async () => (await heard()).length > 0);
  return heard;
}

/** Looks at the page again, so that it asks at once where the learner is, which it would do by itself later. */
const looks = (tab) => tab.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));

/**
 * Waits until the film stands at `second`, where the page goes by itself or offers to go. A sidecar asks another one that
 * was away again after half a minute at most.
 */
const arrives = (tab, second) =>
  eventually(`the film to stand at ${second}`, async () => {
    await looks(tab);
    const offer = tab.indicator.getByRole("button", { name: /^Continue at/ });
    if (await offer.count()) await offer.click();
    const time = await tab.time();
    if (Math.abs(time - second) >= 0.01) throw new Error(`it stands at ${time}, and the page says ${await told(tab)}`);
    return true;
  }, 2 * PATIENCE);

/** Saves all, over two sidecars. On a busy machine that may take longer than a page waits for it. */
const saves = (tab) => eventually("all to be saved", async () => (await tab.forceSync()).saved);

/** Ends what is stopped or killed, so that the cases after a failed one have all pods. */
async function away(stack, [out, back], work) {
  await stack.sidecar(HOME, out);
  try {
    await work();
  } finally {
    await stack.sidecar(HOME, back);
  }
}

export function define(shared) {
  for (const [kind, otherKind] of [["react", "element"], ["element", "react"]]) {
    scenario(`${kind}: a learner goes on at another pod at the second they have come to, and is told that it is saved when it is`, async () => {
      const name = await learnerAt(shared.stack, HOME, "pods");
      const [desk, phone] = await Promise.all([Device.open(shared, ONE, name), Device.open(shared, OTHER, name)]);
      const first = await desk.lesson(kind);
      const stands = await first.watch(60);
      await first.says("accepted, not saved yet");

      const second = await phone.lesson(otherKind);
      await arrives(second, stands);
      assert.match(await second.furthest(), /^5\d %/);
      await second.says("accepted, not saved yet");
      await second.shows("saved"); // in a learner's sense: it is kept
      assert.equal(await shared.stack.row(name), undefined, "the database, which could have told the second pod");

      const newest = await second.watch(80);
      await saves(second);
      await second.says("saved");
      await first.says("saved");
      const row = await settled(shared.stack, name, [first, second]);
      near(row.position_seconds, newest, "position");
      await Promise.all([desk.close(), phone.close()]);
    });
  }

  scenario("a page hears from its own pod at once what the learner does through another", async () => {
    await acquainted(shared.stack);
    const name = newName("heard");
    const [desk, phone] = await Promise.all([Device.open(shared, ONE, name), Device.open(shared, OTHER, name)]);
    const first = await desk.lesson("react");
    await first.watch(20);
    await first.says("accepted, not saved yet");
    const heard = await listening(first);
    const before = (await heard()).at(-1);
    assert.equal(before.pendingUpdates, first.events().size);

    const second = await phone.lesson("element");
    await second.watch(40);
    await second.says("accepted, not saved yet");
    await eventually("the first pod to tell of the second's updates", async () =>
      (await heard()).at(-1).pendingUpdates === first.events().size + second.events().size);
    await saves(second);
    await eventually("the first pod to tell that all is saved", async () => (await heard()).at(-1).status === "synced");
    await first.says("saved");
    await Promise.all([desk.close(), phone.close()]);
  });

  for (const [how, kind, means] of absences) {
    const otherKind = kind === "react" ? "element" : "react";
    scenario(`${kind}: while the pod that keeps the progress ${how}, another one says that it can't be shown, and then goes to the right second`, async () => {
      const name = await learnerAt(shared.stack, HOME, "home");
      const [desk, phone] = await Promise.all([Device.open(shared, ONE, name), Device.open(shared, OTHER, name)]);
      const first = await desk.lesson(kind);
      await first.watch(30);
      await saves(first);
      const stands = await first.watch(60);
      await first.says("accepted, not saved yet");
      let second;
      await away(shared.stack, means, async () => {
        second = await phone.lesson(otherKind);
        await second.shows("stale");
        assert.match(await told(second), /safe/);
        assert.doesNotMatch(await told(second), /saved/i);
        assert.equal((await second.forceSync()).saved, false, "whether all is saved, which nobody knows");
        // What is watched from an old place on must not become the learner's newest, however often that place is told.
        await Promise.all([second.page.waitForResponse(/\/v1\/progress\?/), looks(second)]);
        await second.play();
        await second.reach(1.5);
        await second.pause();
      });
      await arrives(second, stands);
      await second.shows("saved");
      await saves(second);
      await second.says("saved");
      const row = await settled(shared.stack, name, [first, second]);
      near(row.position_seconds, stands, "position");
      await Promise.all([desk.close(), phone.close()]);
    });
  }
}
