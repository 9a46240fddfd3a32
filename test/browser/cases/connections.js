import assert from "node:assert/strict";
import { Device, newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

/** A browser has six connections to an origin; more lessons than that are open. */
const TABS = 8;

/** Runs in a page: presses "save now", and tells the result and how long it took in milliseconds. */
async function press(lesson) {
  const began = performance.now();
  const saved = await window.progressSync[lesson].forceSync();
  return { saved, took: performance.now() - began };
}

async function opened(shared, name) {
  const device = await Device.open(shared, "a", name);
  const tabs = [];
  for (let i = 0; i < TABS; i++) tabs.push(await device.lesson(i % 2 ? "react" : "element", `lesson-${1 + (i % 3)}`));
  return { device, tabs };
}

/** Opens another page of the LMS as a learner would, in a tab of its own. */
async function course(device) {
  const page = await device.context.newPage();
  const began = performance.now();
  await page.goto(device.web + "/course");
  const took = performance.now() - began;
  await page.close();
  return took;
}

/** Each presses, and another page is opened meanwhile. The limit is the promise, and a lock-up lasts for ever. */
async function usable(device, tabs, saved, what) {
  for (const tab of tabs) {
    await tab.page.bringToFront();
    const result = await tab.page.evaluate(press, tab.lesson);
    assert.equal(result.saved, saved, `${what}: the forced sync told it`);
    assert.ok(result.took < 1000, `${what}: a forced sync took ${result.took} ms`);
  }
  const took = await course(device);
  assert.ok(took < 1000, `${what}: another page of the LMS took ${took} ms`);
}

const streams = async (shared, name) =>
  (await shared.stack.requests("a", name)).filter((entry) => entry.path === "/v1/sync/events").length;

export function define(shared) {
  scenario("eight lesson tabs leave connections for the rest of the LMS, and hear that all is saved", async () => {
    const name = newName("eight");
    const { device, tabs } = await opened(shared, name);
    // A write that waits keeps something to be saved in each of them.
    for (const [i, tab] of tabs.entries()) await tab.watch(10 + 10 * i);
    for (const tab of tabs) await tab.says("saved");
    await shared.stack.lock(name);
    try {
      for (const [i, tab] of tabs.entries()) await tab.watch(15 + 10 * i);
      const took = await course(device);
      assert.ok(took < 1000, `another page of the LMS took ${took} ms while all wait`);
    } finally {
      await shared.stack.unlock(name);
    }
    for (const tab of tabs) {
      await tab.page.bringToFront();
      await tab.says("saved");
      assert.equal(await tab.state(), "saved");
    }
    await usable(device, tabs, true, "when all is saved");
    assert.ok((await streams(shared, name)) > 0, "the browser listened to the sidecar");
    await device.close();
  });
}

/** Stops what all learners share. */
export function defineOutage(shared) {
  scenario("eight lesson tabs stay usable in an outage of Postgres, and heal after it", async () => {
    const name = newName("eight-outage");
    const { device, tabs } = await opened(shared, name);
    for (const [i, tab] of tabs.entries()) await tab.watch(10 + 10 * i);
    await shared.stack.postgres("stop");
    try {
      for (const [i, tab] of tabs.entries()) await tab.watch(15 + 10 * i);
      await usable(device, tabs, false, "in an outage");
      for (const tab of tabs) assert.equal(await tab.state(), "saved", "accepted is saved for a learner");
    } finally {
      await shared.stack.postgres("start");
    }
    for (const tab of tabs) {
      await tab.page.bringToFront();
      await tab.says("saved");
    }
    await usable(device, tabs, true, "after it");
    await device.close();
  });
}
