import assert from "node:assert/strict";
import { Device, newName } from "../lib/learner.js";
import { kinds, scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

const phone = { viewport: { width: 390, height: 844 } };

/** Runs in each page, before its scripts: adds up how far things moved that the learner did not move. */
function watchShifts() {
  globalThis.shifted = 0;
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) globalThis.shifted += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
}

/** What the client keeps in the browser. */
const kept = (page) =>
  page.evaluate(async () => {
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise((done) => (indexedDB.open(name).onsuccess = (event) => done(event.target.result)));
      for (const store of db.objectStoreNames) {
        found.push(...(await new Promise((done) => (db.transaction(store).objectStore(store).getAll().onsuccess = (event) => done(event.target.result)))));
      }
      db.close();
    }
    return found;
  });

export function define(shared) {
  for (const kind of kinds) {
    scenario(`${kind}: starting over asks first, and then the film is at its start too`, async () => {
      const name = newName("anew");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await tab.watch(60);
      await tab.says("saved");
      await tab.play();
      await tab.page.getByTestId("reset").focus();
      await tab.page.keyboard.press("Enter");
      await tab.page.getByRole("dialog", { name: "Start over?" }).waitFor();
      assert.equal(await tab.page.evaluate(() => document.activeElement.textContent), "Cancel", "Enter again does no harm");
      await tab.page.keyboard.press("Enter");
      assert.equal(await tab.page.evaluate(() => document.activeElement.dataset.testid), "reset", "the focus is where it was");
      assert.match(await tab.furthest(), /^5\d %/);

      await tab.startOver();
      await eventually("the film to stop at its start", () => tab.video.evaluate((video) => video.paused && video.currentTime === 0));
      await tab.says("saved");
      const row = await shared.stack.row(name);
      assert.deepEqual([row.max_position_seconds, row.update_count, row.seek_events], [0, 0, 0], "the way back is no progress");
      assert.equal(await tab.position(), "0:00");
      assert.match(await tab.furthest(), /^0 %/);
      await device.close();
    });

    scenario(`${kind}: a completed lesson says so in the place of the button, which keeps the focus`, async () => {
      const device = await Device.open(shared, "a", newName("done"));
      const tab = await device.lesson(kind);
      const button = tab.page.getByTestId("complete");
      const before = await button.boundingBox();
      await button.focus();
      await tab.page.keyboard.press("Enter");
      await eventually("the page to say so", () => tab.page.getByRole("button", { name: "✓ Completed", disabled: true }).isVisible());
      assert.deepEqual(await button.boundingBox(), before);
      assert.ok(await button.evaluate((node) => node === document.activeElement));
      await tab.says("saved");
      const sent = tab.sent.length;
      await tab.page.keyboard.press("Enter");
      await tab.watch(1);
      assert.ok(tab.sent.slice(sent).every((update) => update.completed === undefined), "once is enough");
      await device.close();
    });

    scenario(`${kind}: nothing moves on a phone while the network goes and comes`, async () => {
      const device = await Device.open(shared, "a", newName("still"), phone);
      await device.context.addInitScript(watchShifts);
      const tab = await device.lesson(kind);
      await tab.watch(20);
      await tab.says("saved");
      await device.context.setOffline(true);
      await tab.shows("offline");
      await tab.watch(40);
      await device.context.setOffline(false);
      await tab.says("saved");
      await tab.shows("saved");
      const shifted = await tab.page.evaluate(() => globalThis.shifted);
      assert.ok(shifted < 0.02, `the page moved by ${shifted}`);
      await device.close();
    });

    scenario(`${kind}: a page whose session ended is right again after a login in another tab`, async () => {
      const name = newName("ended");
      const device = await Device.open(shared, "a", name, phone);
      await device.context.addInitScript(watchShifts);
      const tab = await device.lesson(kind);
      await tab.watch(20);
      await tab.says("saved");
      await device.context.clearCookies({ name: /^lms-/ });
      const stands = await tab.watch(50);
      await tab.shows("auth");
      const link = tab.page.getByRole("link", { name: "Sign in again" });
      const [login] = await Promise.all([device.context.waitForEvent("page"), link.click()]);
      await login.getByLabel("Learner").fill(name);
      await login.getByRole("button", { name: "Sign in" }).click();
      await login.waitForURL(tab.page.url());
      await login.close();
      await tab.says("saved");
      await tab.shows("saved");
      await link.waitFor({ state: "hidden" });
      assert.ok((await shared.stack.row(name)).max_position_seconds >= stands - 0.01);
      const shifted = await tab.page.evaluate(() => globalThis.shifted);
      assert.ok(shifted < 0.02, `the page moved by ${shifted}`);
      await device.close();
    });
  }

  scenario("signing out sends what waits and leaves nothing of the learner in the browser", async () => {
    const name = newName("leaves");
    const device = await Device.open(shared, "a", name);
    const tab = await device.lesson("element");
    await shared.stack.fault("a", { kind: "answer", user: name, method: "POST", path: "/v1/progress", status: 503 });
    const stands = await tab.watch(30);
    await eventually("the browser to keep it", async () => (await kept(tab.page)).length > 0);
    await tab.page.getByRole("button", { name: "Sign out" }).click();
    const question = tab.page.getByRole("dialog", { name: "Not all is sent yet" });
    await question.waitFor();
    await tab.page.keyboard.press("Escape");
    assert.ok((await kept(tab.page)).length > 0, "a learner who stays keeps it");

    await shared.stack.lift("a", name);
    await tab.page.getByRole("button", { name: "Sign out" }).click();
    await tab.page.waitForURL("**/login");
    assert.deepEqual(await kept(tab.page), []);
    assert.deepEqual(await device.context.cookies(), []);
    const row = await eventually("the row to have what waited", () => shared.stack.row(name));
    assert.ok(row.max_position_seconds >= stands - 0.01);
    await device.close();
  });

  scenario("signing out sends what a tab that is closed has left", async () => {
    const name = newName("left");
    const device = await Device.open(shared, "a", name);
    const tab = await device.lesson("react");
    await device.context.setOffline(true);
    const stands = await tab.watch(30);
    await eventually("the browser to keep it", async () => (await kept(tab.page)).some((item) => item.update));
    await tab.page.close();
    await device.context.setOffline(false);
    await device.logout();
    const row = await eventually("the row to have what was left", () => shared.stack.row(name));
    assert.ok(row.max_position_seconds >= stands - 0.01);
    await device.close();
  });

  scenario("the course page does not say that there is nothing where it can't tell, and heals without a reload", async () => {
    const name = newName("course");
    const device = await Device.open(shared, "a", name, phone);
    await device.context.addInitScript(watchShifts);
    const tab = await device.lesson("element");
    await tab.watch(64);
    await tab.says("saved");
    await shared.stack.fault("a", { kind: "answer", user: name, method: "GET", path: "/v1/progress", status: 503 });
    const course = await device.context.newPage();
    await course.goto(device.web + "/course");
    const percentage = course.locator("[data-lesson=lesson-1] .percentage");
    const bars = () => course.locator("progress:visible").count();
    assert.equal(await course.locator("#summary").textContent(), "Can't be shown right now; it is safe");
    assert.equal(await percentage.textContent(), "Can't be shown right now");
    assert.equal(await bars(), 0);
    await shared.stack.lift("a", name);
    await eventually("the page to tell", async () => assert.match(await percentage.textContent(), /^5\d %$/) ?? true);
    assert.equal(await bars(), 4);
    const shifted = await course.evaluate(() => globalThis.shifted);
    assert.ok(shifted < 0.02, `the page moved by ${shifted}`);
    const card = await course.locator("[data-lesson=lesson-1]").boundingBox();
    const bar = await course.locator("#lesson-1").boundingBox();
    assert.ok(bar.width > card.width - 40, `a bar of ${bar.width} in a card of ${card.width}`);

    const next = course.getByRole("link", { name: /^Continue at 1:0\d – A day by the sea$/ });
    await next.click();
    await course.waitForURL("**/lessons/lesson-1");
    await eventually("the film to stand there", async () => (await course.locator("video").evaluate((video) => video.currentTime)) > 64);
    await device.close();
  });

  scenario("no page is wider than a small phone", async () => {
    const device = await Device.open(shared, "a", newName("a-learner-whose-name-is-long"), { viewport: { width: 320, height: 640 } });
    const page = await device.context.newPage();
    for (const path of ["/login", "/course", "/lessons/lesson-2", "/lessons/lesson-2/element"]) {
      await page.goto(device.web + path);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, path);
    }
    await device.close();
  });
}
