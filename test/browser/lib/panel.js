import assert from "node:assert/strict";
import { Device } from "./learner.js";
import { eventually } from "./wait.js";

/** The debug panel of pair d's sidecar, as through a forwarded port. */
export async function open(shared, options) {
  const device = await Device.open(shared, "d", undefined, { viewport: { width: 1000, height: 1000 }, ...options });
  const page = await device.context.newPage();
  const { sidecar } = shared.stack.pairs.d;
  await page.goto(sidecar + "/ui/");
  const panel = {
    device,
    page,
    state: () => page.locator("#state").textContent(),
    is: (state) => eventually(`the panel to say ${state}`, async () => (await panel.state()) === state),
    fact: (name) => page.locator("#figures > div", { has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd").textContent(),
    result: () => page.locator("#force-sync-result").textContent(),
    lookUp: async (userId, lessonId = "") => {
      await page.getByLabel("Learner id", { exact: true }).fill(userId);
      await page.getByLabel("Lesson id (optional)").fill(lessonId);
      await page.getByRole("button", { name: "Look up" }).click();
    },
    /** Waits for the answer to a look-up to match. */
    finds: (what) => eventually(`the look-up to say ${what}`, async () => what.test(await page.locator("#look-result").textContent())),
    found: () => page.locator("#look-rows").textContent(),
    rows: page.locator("#dead-letters tr"),
    /** Goes on with the keyboard until something has the focus. */
    tabTo: (target) =>
      eventually("the keyboard to get there", async () => {
        if (await target.evaluate((element) => element === document.activeElement)) return true;
        await page.keyboard.press("Tab");
      }),
  };
  await eventually("the panel to be live", async () => (await page.locator("#link").textContent()) === "Live");
  return panel;
}

/** Writes as the LMS's backend does. */
export async function write(shared, userId, update = {}) {
  const answer = await fetch(shared.stack.pairs.d.sidecar + "/v1/progress", {
    method: "POST",
    // fetch takes the bytes of a header as characters
    headers: { "Content-Type": "application/json", "X-Progress-User": Buffer.from(userId).toString("latin1") },
    body: JSON.stringify({ courseId: "film-course", lessonId: "lesson-1", currentTime: 10, duration: 120, ...update }),
  });
  assert.equal(answer.status, 200);
}

/** Writes all that was accepted. */
export const sync = (shared) => fetch(shared.stack.pairs.d.sidecar + "/v1/sync", { method: "POST" });

/** Makes the database refuse this learner; returns what ends that. */
export async function refuse(shared, name) {
  const constraint = name.replaceAll("-", "_");
  const table = "ALTER TABLE progress_sync.lesson_progress";
  await sync(shared); // so that the table is there
  await shared.stack.sql(`${table} ADD CONSTRAINT ${constraint} CHECK (user_id <> '${name}') NOT VALID`);
  return () => shared.stack.sql(`${table} DROP CONSTRAINT ${constraint}`);
}
