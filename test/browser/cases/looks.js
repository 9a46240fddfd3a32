import assert from "node:assert/strict";
import { accessible } from "../lib/axe.js";
import { Device, newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually } from "../lib/wait.js";

/** Runs in the page: the drawing of the indicator and how it looks. */
function drawing(indicator) {
  const svg = (indicator.shadowRoot ?? indicator).querySelector("svg");
  const style = getComputedStyle(svg);
  return { animation: style.animationName, stroke: style.stroke, color: style.color, shape: svg.querySelector("path").getAttribute("d") };
}

/** Runs in the page: boxes of drawing, words and button, from the left. */
function places(indicator) {
  const root = indicator.shadowRoot ?? indicator;
  const words = [...root.querySelectorAll("span")].find((span) => span.textContent && !span.getAttribute("role"));
  return [root.querySelector("svg"), words, root.querySelector("button")].map((part) => part.getBoundingClientRect().x);
}

export function define(shared) {
  for (const colorScheme of ["light", "dark"]) {
    scenario(`axe-core finds nothing on the LMS's pages in ${colorScheme} colours`, async () => {
      const device = await Device.open(shared, "a", undefined, { colorScheme });
      const login = await device.context.newPage();
      await login.goto(device.web + "/login");
      await accessible(login, "the login page");
      await login.evaluate(() => (document.querySelector("form").noValidate = true));
      await login.getByRole("button", { name: "Sign in" }).click();
      await login.waitForSelector("[role=alert]");
      await accessible(login, "the login page with a problem");
      const name = newName("axe");
      await device.login(name);
      for (const [kind, lesson] of [["react", "lesson-1"], ["element", "lesson-2"]]) {
        const tab = await device.lesson(kind, lesson);
        await accessible(tab.page, `the ${kind} page`);
        await tab.watch(60);
        await tab.says("saved");
        await tab.shows("saved");
        await accessible(tab.page, `the ${kind} page when all is saved`);
        await device.context.setOffline(true);
        await tab.shows("offline");
        await accessible(tab.page, `the ${kind} page when it is offline`);
        await device.context.setOffline(false);
        await tab.page.getByTestId("complete").click();
        await tab.page.getByTestId("reset").click();
        await accessible(tab.page, `the ${kind} page when it asks whether to start over`);
        await tab.page.keyboard.press("Escape");
      }
      const course = await device.context.newPage();
      await course.goto(device.web + "/course");
      await accessible(course, "the course page");
      await shared.stack.fault("a", { kind: "answer", user: name, method: "GET", path: "/v1/progress", status: 503 });
      await course.goto(device.web + "/course");
      await accessible(course, "the course page when it can't tell");
      await shared.stack.lift("a", name);
      await device.close();
    });
  }

  for (const kind of ["react", "element"]) {
    scenario(`${kind}: a screen reader is told of trouble and its end, and of nothing else`, async () => {
      const device = await Device.open(shared, "a", newName("said"));
      const tab = await device.lesson(kind);
      const status = tab.indicator.getByRole("status");
      assert.equal(await status.textContent(), "", "the place for what is read out is there before anything is");
      const said = () => tab.page.evaluate(() => globalThis.said);
      await tab.indicator.evaluate((indicator) => {
        const root = indicator.shadowRoot ?? indicator;
        globalThis.said = [];
        for (const role of ["status", "alert"]) {
          const place = root.querySelector(`[role=${role}]`);
          new MutationObserver(() => globalThis.said.push(place.textContent)).observe(place, { childList: true, characterData: true, subtree: true });
        }
      });
      await tab.watch(20);
      await tab.shows("saved");
      assert.deepEqual(await said(), [], "a routine save is not read out");

      await device.context.setOffline(true);
      await tab.shows("offline");
      await eventually("being offline to be read out", async () => (await said()).length > 0);
      await tab.watch(60);
      await device.context.setOffline(false);
      await tab.shows("saved");
      await eventually("the end of it to be read out", async () => (await said()).length > 1);
      assert.deepEqual(await said(), ["Offline: progress is saved when you are back", "Progress is saved again"]);
      await device.close();
    });

    scenario(`${kind}: the keyboard reaches the button, which says what it does and saves`, async () => {
      const name = newName("keys");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await tab.watch(20);
      await eventually("the button to have the focus", async () => {
        await tab.page.keyboard.press("Tab");
        return tab.force.evaluate((button) => button.getRootNode().activeElement === button && button.matches(":focus-visible"));
      });
      const outline = await tab.force.evaluate((button) => parseFloat(getComputedStyle(button).outlineWidth));
      assert.ok(outline >= 1, "the focus can be seen");
      const { height, width } = await tab.force.boundingBox();
      assert.ok(height >= 24 && width >= 24, `the button is ${width} × ${height}`);
      await tab.page.keyboard.press("Enter");
      await tab.says("saved");
      assert.ok((await shared.stack.row(name)).max_position_seconds > 20);
      await device.close();
    });

    scenario(`${kind}: the indicator follows the direction of writing, forced colours and the wish for less motion`, async () => {
      const device = await Device.open(shared, "a", newName("looks"));
      const tab = await device.lesson(kind);
      const shown = () => tab.indicator.evaluate(drawing);
      const ordered = (list) => [...list].sort((a, b) => a - b);
      const left = await tab.indicator.evaluate(places);
      assert.deepEqual(left, ordered(left), "from left to right: drawing, words, button");
      await tab.page.evaluate(() => (document.documentElement.dir = "rtl"));
      const right = await tab.indicator.evaluate(places);
      assert.deepEqual(right, ordered(right).reverse(), "from right to left: drawing, words, button");
      await tab.page.evaluate(() => (document.documentElement.dir = "ltr"));

      // States differ by shape.
      const idle = (await shown()).shape;
      await tab.watch(20);
      await tab.shows("saved");
      const saved = (await shown()).shape;
      await shared.stack.fault("a", { kind: "answer", user: device.name, method: "POST", status: 503 });
      await tab.watch(30);
      await tab.shows("retrying");
      const retrying = await shown();
      assert.equal(new Set([idle, saved, retrying.shape]).size, 3);

      await tab.page.emulateMedia({ reducedMotion: "reduce" });
      assert.equal((await shown()).animation, "none");
      await tab.page.emulateMedia({ forcedColors: "active" });
      const text = await tab.page.evaluate(() => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = "CanvasText";
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      });
      assert.equal((await shown()).stroke, text, "the drawing has the colour that the learner chose for text");
      const border = await tab.force.evaluate((button) => getComputedStyle(button).borderTopWidth);
      assert.ok(parseFloat(border) >= 1, "the button has an outline without its colours");
      await shared.stack.lift("a", device.name);
      await device.close();
    });
  }
}
