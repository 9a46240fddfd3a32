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
async function write(shared, userId, update = {}) {
  const answer = await fetch(shared.stack.pairs.d.sidecar + "/v1/progress", {
    method: "POST",
    // fetch takes the bytes of a header as characters
    headers: { "Content-Type": "application/json", "X-Progress-User": Buffer.from(userId).toString("latin1") },
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

  scenario("panel: it shows what happened before it was opened", async () => {
    const name = newName("before");
    await write(shared, name);
    await write(shared, name, { currentTime: 20 });
    await sync(shared);
    const panel = await open(shared);
    const shown = async (id) => Number((await panel.page.locator(id).textContent()).replaceAll(",", ""));
    assert.ok((await shown("#chart-accepted")) >= 2, "the updates are in the chart");
    assert.ok((await shown("#chart-written")) >= 1, "the row is in the chart");
    assert.match(await panel.fact("Write reduction"), /^\d+\.\d% [\d,]+ rows? written for [\d,]+ updates, since the start$/);
    assert.match(await panel.fact("Accepted → saved"), /^[\d.]+ (ms|s) half of the last \d+ records? within this, 95% within/);
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

  scenario("panel: nothing is off-screen at any width, in either direction", async () => {
    const name = newName("narrow");
    const panel = await open(shared);
    const { page } = panel;
    const outside = () => page.evaluate(() => {
      const found = [];
      for (const element of document.querySelectorAll("body *")) {
        if (element.closest(".unseen, [hidden], dialog, .cards thead, svg") || element.tagName === "NOSCRIPT") continue;
        const { left, right, width } = element.getBoundingClientRect();
        if (width > 0 && (left < 0 || right > innerWidth || element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)) {
          found.push(`${element.tagName} ${element.id} ${element.textContent.slice(0, 40)}`);
        }
      }
      return { page: document.documentElement.scrollWidth - innerWidth, found };
    });
    const look = async (what) => {
      for (const width of [320, 390, 640, 800, 1000, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        for (const direction of ["ltr", "rtl"]) {
          await page.evaluate((direction) => (document.documentElement.dir = direction), direction);
          assert.deepEqual(await outside(), { page: 0, found: [] }, `${what}, ${width} px, ${direction}`);
        }
      }
    };
    for (const summary of await page.locator("summary").all()) await summary.click();
    await look("without dead letters");
    const long = "a-lesson-with-quite-a-long-name-and-then-more".repeat(3);
    const allow = await refuse(shared, name);
    await write(shared, name, { lessonId: long });
    const letter = panel.rows.filter({ hasText: name.replaceAll("-", "_") });
    await letter.waitFor();
    await page.getByRole("switch", { name: "Reveal learner ids" }).check();
    await letter.filter({ hasText: name }).waitFor();
    await panel.lookUp(name);
    await panel.finds(/set aside/);
    await look("with dead letters");
    await allow();
    await letter.getByRole("button", { name: /Replay/ }).click();
    await letter.waitFor({ state: "detached" });
    await panel.device.close();
  });

  scenario("panel: forced colours and the wish for less motion are followed", async () => {
    const panel = await open(shared, { forcedColors: "active", reducedMotion: "reduce" });
    const { page } = panel;
    const style = (target, name) => target.evaluate((element, name) => getComputedStyle(element)[name], name);
    const force = page.getByRole("button", { name: "Force sync" });
    assert.equal(await style(force, "transitionDuration"), "0s");
    await panel.tabTo(force);
    assert.notEqual(await style(force, "outlineStyle"), "none", "the focus can be seen");
    const [accepted, written] = [page.locator("#chart path.accepted"), page.locator("#chart path.written")];
    assert.notEqual(await style(accepted, "strokeDasharray"), await style(written, "strokeDasharray"), "the lines differ in more than colour");
    assert.notEqual(await style(accepted, "stroke"), "none");
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

  for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
    scenario(`panel: axe-core finds nothing in ${colorScheme} colours at ${width} px, with dead letters and all opened`, async () => {
      const name = newName("axe");
      const allow = await refuse(shared, name);
      const panel = await open(shared, { colorScheme, viewport: { width, height: 900 } });
      await accessible(panel.page, "the panel");
      await write(shared, name);
      const letter = panel.rows.filter({ hasText: name.replaceAll("-", "_") });
      await letter.waitFor();
      for (const summary of await panel.page.locator("summary").all()) await summary.click();
      await panel.lookUp(name);
      await panel.finds(/set aside/);
      const folds = panel.page.locator(".fold");
      if ((await folds.count()) > 0) await folds.first().click();
      await accessible(panel.page, "the panel with a dead letter");
      await panel.page.getByRole("switch", { name: "Show lanes and numbers" }).check();
      await accessible(panel.page, "the panel with each batch");
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
