import assert from "node:assert/strict";
import { accessible } from "../lib/axe.js";
import { newName } from "../lib/learner.js";
import { open, refuse, sync, write } from "../lib/panel.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";
import * as looks from "./panellooks.js";

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

  scenario("panel: it shows what happened before it was opened", async () => {
    const name = newName("before");
    await write(shared, name);
    await write(shared, name, { currentTime: 20 });
    await sync(shared);
    const panel = await open(shared);
    const shown = async (id) => Number((await panel.page.locator(id).textContent()).replaceAll(",", ""));
    await eventually("the updates to be in the chart", async () => (await shown("#chart-accepted")) >= 2);
    await eventually("the row to be in the chart", async () => (await shown("#chart-written")) >= 1);
    assert.match(await panel.fact("Write reduction"), /^\d+\.\d% [\d,]+ rows? written for [\d,]+ updates, since the start$/);
    assert.match(await panel.fact("Accepted → saved"), /^[\d.]+ (ms|s|min)( [\d.]+ s)? half of the last \d+ records? within this, 95% within/);
    await panel.page.getByText("The chart as a table").click();
    await panel.page.getByLabel("30 minutes").check();
    await eventually("the table to have it", async () => /Now/.test(await panel.page.locator("#chart-rows").textContent()));
    await panel.device.close();
  });

  scenario("panel: a look-up says where a learner's update is, and is gone when the page is", async () => {
    const name = newName("ада");
    const panel = await open(shared);
    const { page } = panel;
    await panel.lookUp(name);
    await panel.finds(/holds nothing of it, and Postgres has no row.*Check the ids/);
    await write(shared, name);
    await sync(shared);
    await panel.lookUp(name);
    await panel.finds(/Nothing of it waits here or is set aside/);
    assert.match(await panel.found(), /lesson-1film-courseSaved: Postgres has the row as of [\d:]+\.10 s of 2 min 0 s, 8%1/);

    // While its row is locked, the update is kept from being saved.
    await shared.stack.lock(name);
    try {
      await write(shared, name, { currentTime: 30 });
      await panel.lookUp(name, "lesson-1");
      await panel.finds(/1 update waits on this sidecar's disk/);
      assert.match(await panel.found(), /1 update from before is saved in Postgres/);
    } finally {
      await shared.stack.unlock(name);
    }
    assert.equal(page.url(), `${shared.stack.pairs.d.sidecar}/ui/`);
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""]);

    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    assert.equal(await page.getByLabel("Learner id", { exact: true }).inputValue(), "");
    assert.doesNotMatch(await page.content(), new RegExp(`${name}|lesson-1`), "what was found is gone, too");
    await panel.device.close();
  });

  scenario("panel: a look-up finds what is set aside, and does not say that it is saved", async () => {
    const name = newName("aside");
    const allow = await refuse(shared, name);
    const panel = await open(shared);
    await write(shared, name);
    await panel.rows.filter({ hasText: name.replaceAll("-", "_") }).waitFor();
    await panel.lookUp(name);
    await panel.finds(/1 record is set aside and not saved; see Quarantine\.$/);
    assert.match(await panel.found(), /In the quarantine, not saved: Postgres refused it, SQLSTATE 23514/);
    await panel.page.getByRole("link", { name: /^Dead letter \d+$/ }).click();
    assert.equal(await panel.page.evaluate(() => document.activeElement.id), "quarantine-heading");
    await panel.page.getByRole("button", { name: "Force sync" }).click();
    await eventually("force-sync to tell", async () => /set aside and not saved; see Quarantine\. All else/.test(await panel.result()));
    await allow();
    await panel.page.getByRole("button", { name: /Replay dead letter/ }).click();
    await eventually("the row", () => shared.stack.row(name));
    await panel.device.close();
  });

  scenario("panel: equal batches are one row until it is unfolded, and lanes are shown when asked for", async () => {
    const name = newName("folded");
    const panel = await open(shared);
    const { page } = panel;
    for (const currentTime of [10, 20, 30]) {
      await write(shared, name, { currentTime });
      await sync(shared);
    }
    const fold = page.locator("#batches tr:first-child .fold");
    await fold.waitFor();
    assert.doesNotMatch(await page.locator("#batches-table thead").innerText(), /Lane/);
    const rows = () => page.locator("#batches tr").count();
    const folded = await rows();
    await panel.tabTo(fold);
    await page.keyboard.press("Enter");
    assert.equal(await fold.getAttribute("aria-expanded"), "true");
    assert.ok((await rows()) >= folded + 3, "each batch has a row");
    await write(shared, name, { currentTime: 40 });
    const before = await fold.textContent();
    await sync(shared);
    await eventually("the next batch to come in", async () => (await fold.textContent()) !== before);
    assert.equal(await fold.evaluate((button) => button === document.activeElement), true, "the focus stays on it");
    assert.equal(await fold.getAttribute("aria-expanded"), "true", "it stays unfolded");
    await page.getByRole("switch", { name: "Show lanes and numbers" }).check();
    assert.match(await page.locator("#batches-table thead").innerText(), /Lane\s+Batch/);
    assert.equal(await fold.count(), 0);
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
    await panel.tabTo(page.getByRole("switch", { name: "Reveal learner ids" }));
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

  looks.define(shared);
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
      await panel.lookUp(name);
      await panel.finds(/1 update waits on this sidecar's disk\. .*Postgres could not be asked just now/);
      await panel.lookUp(newName("nobody"));
      await panel.finds(/holds nothing of it, and Postgres could not be asked just now/);
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
