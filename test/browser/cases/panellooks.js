import assert from "node:assert/strict";
import { accessible } from "../lib/axe.js";
import { newName } from "../lib/learner.js";
import { open, refuse, write } from "../lib/panel.js";
import { scenario } from "../lib/scenario.js";

/** How the debug panel looks, to the eye and to what reads it. */
export function define(shared) {
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
