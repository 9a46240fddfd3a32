import assert from "node:assert/strict";
import { accessible } from "../lib/axe.js";
import { Device, newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

/** The debug panel of pair d's sidecar, as through a forwarded port. */
async function open(shared, options) {
  const device = await Device.open(shared, "d", undefined, { viewport: { width: 1000, height: 1000 }, ...options });
  const page = await device.context.newPage();
  const { sidecar } = shared.stack.pairs.d;
  await page.goto(sidecar + "/ui/");
  const panel = {
    device,
    page,
    state: () => page.locator("#state").textContent(),
    is: (state) => eventually(`the panel to say ${state}`, async () => (await panel.state()) === state),
    fact: (name) => page.locator("#facts > div", { has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd").textContent(),
    result: () => page.locator("#force-sync-result").textContent(),
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
async function write(shared, userId, update = {}) {
  const answer = await fetch(shared.stack.pairs.d.sidecar + "/v1/progress", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Progress-User": userId },
    body: JSON.stringify({ courseId: "film-course", lessonId: "lesson-1", currentTime: 10, duration: 120, ...update }),
  });
  assert.equal(answer.status, 200);
}

const sync = (shared) => fetch(shared.stack.pairs.d.sidecar + "/v1/sync", { method: "POST" });

/** Makes the database refuse this learner; returns what ends that. */
async function refuse(shared, name) {
  const constraint = name.replaceAll("-", "_");
  const table = "ALTER TABLE progress_sync.lesson_progress";
  await sync(shared); // so that the table is there
  await shared.stack.sql(`${table} ADD CONSTRAINT ${constraint} CHECK (user_id <> '${name}') NOT VALID`);
  return () => shared.stack.sql(`${table} DROP CONSTRAINT ${constraint}`);
}

/** One after the other, since they share a sidecar. */
export function define(shared) {
  scenario("panel: it shows at once what the sidecar does, and force-sync writes", async () => {
    const name = newName("live");
    const panel = await open(shared);
    await panel.is("synced");
    const accepted = async () => parseInt(await panel.fact("Accepted"));
    const before = await accepted();
    await write(shared, name);
    await eventually("the update to be counted", async () => (await accepted()) === before + 1);
    await write(shared, name, { currentTime: 20 });
    await panel.page.getByRole("button", { name: "Force sync" }).click();
    await eventually("force-sync to tell", async () => /all that was accepted before is saved/.test(await panel.result()));
    assert.equal((await shared.stack.row(name)).position_seconds, 20);
    await panel.is("synced");
    await eventually("the batch to be listed", async () => (await panel.page.locator("#batches .outcome").count()) > 0);
    await panel.page.getByText("All settings").click();
    assert.match(await panel.page.locator("#config").textContent(), /userHeaderX-Progress-User/);
    assert.doesNotMatch(await panel.page.content(), new RegExp(`postgres://|${name}`), "neither a connection string nor a learner is shown");
    await panel.device.close();
  });

  scenario("panel: a dead letter's learner is hidden until revealed, and its replay writes the row", async () => {
    const name = newName("refused");
    const allow = await refuse(shared, name);
    const panel = await open(shared);
    await write(shared, name, { currentTime: 33, seekEvents: 2 });
    const letter = panel.rows.filter({ hasText: name.replaceAll("-", "_") });
    await letter.waitFor();
    assert.match(await letter.textContent(), /hidden.*23514/);
    await panel.is("error");
    assert.match(await panel.page.locator("#state-sentence").textContent(), /1 record is set aside and not saved/);
    assert.match(await panel.page.locator("#advice").textContent(), /refused 1 record for its data/);
    assert.doesNotMatch(await panel.page.content(), new RegExp(name), "the learner is not in the page");
    await panel.page.getByRole("switch", { name: "Reveal learner ids" }).check();
    await letter.filter({ hasText: name }).waitFor();
    await panel.page.getByRole("switch", { name: "Reveal learner ids" }).uncheck();
    await eventually("the learner to be hidden again", async () => !(await panel.page.content()).includes(name));
    assert.deepEqual(await shared.stack.rows(name), []);

    await allow();
    await letter.getByRole("button", { name: /Replay/ }).click();
    await letter.waitFor({ state: "detached" });
    const row = await eventually("the row", () => shared.stack.row(name));
    assert.equal(row.position_seconds, 33);
    assert.equal(row.seek_events, 2);
    assert.equal(row.update_count, 1);
    await panel.device.close();
  });

  scenario("panel: the keyboard alone is enough", async () => {
    const name = newName("typed");
    const allow = await refuse(shared, name);
    const panel = await open(shared);
    const { page } = panel;
    await write(shared, name);
    const letter = panel.rows.filter({ hasText: name.replaceAll("-", "_") });
    await letter.waitFor();
    await panel.tabTo(page.getByRole("button", { name: "Force sync" }));
    await page.keyboard.press("Enter");
    await eventually("force-sync to tell", async () => (await panel.result()).startsWith("At "));
    await panel.tabTo(page.getByRole("switch"));
    await page.keyboard.press("Space");
    await letter.filter({ hasText: name }).waitFor();

    await panel.tabTo(letter.getByRole("button", { name: /Delete/ }));
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(await letter.count(), 1, "Escape keeps it");
    await panel.tabTo(letter.getByRole("button", { name: /Delete/ }));
    await page.keyboard.press("Enter");
    await panel.tabTo(page.getByRole("button", { name: "Delete for good" }));
    await page.keyboard.press("Enter");
    await letter.waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement !== document.body), true, "the focus is somewhere");
    await allow();
    assert.deepEqual(await shared.stack.rows(name), []);
    await panel.device.close();
  });

  for (const colorScheme of ["light", "dark"]) {
    scenario(`panel: axe-core finds nothing in ${colorScheme} colours, with dead letters and all opened`, async () => {
      const name = newName("axe");
      const allow = await refuse(shared, name);
      const panel = await open(shared, { colorScheme });
      await accessible(panel.page, "the panel");
      await write(shared, name);
      const letter = panel.rows.filter({ hasText: name.replaceAll("-", "_") });
      await letter.waitFor();
      for (const summary of await panel.page.locator("summary").all()) await summary.click();
      await accessible(panel.page, "the panel with a dead letter");
      await letter.getByRole("button", { name: /Delete/ }).click();
      await accessible(panel.page, "the panel's question");
      await panel.page.getByRole("button", { name: "Delete for good" }).click();
      await letter.waitFor({ state: "detached" });
      await allow();
      await panel.device.close();
    });
  }
}

/** Stops Postgres, so it runs alone. */
export function defineOutage(shared) {
  scenario("panel: while Postgres is down it says what to do, and when all is saved again", async () => {
    const name = newName("down");
    const panel = await open(shared);
    await panel.is("synced");
    await shared.stack.postgres("stop");
    try {
      await write(shared, name);
      await eventually("the panel to tell of trouble", async () => ["retrying", "parked", "offline"].includes(await panel.state()));
      await panel.page.getByText("What to do").waitFor();
      assert.match(await panel.page.locator("#advice").textContent(), /Postgres/);
      assert.match(await panel.page.locator("#announcement").textContent(), /^State: /);
      await panel.page.getByRole("button", { name: "Force sync" }).click();
      await eventually("force-sync to tell", async () => /not saved/.test(await panel.result()));
      await accessible(panel.page, "the panel in trouble");
    } finally {
      await shared.stack.postgres("start");
    }
    await panel.is("synced");
    assert.match(await panel.page.locator("#announcement").textContent(), /Saved again|takes writes again/);
    assert.equal((await shared.stack.row(name)).position_seconds, 10);
    await panel.device.close();
  });
}
