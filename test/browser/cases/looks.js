import assert from "node:assert/strict";
import { accessible } from "../lib/axe.js";
import { Device, newName } from "../lib/learner.js";
import { kinds, scenario } from "../lib/scenario.js";
import { openSheet } from "../lib/sheet.js";
import { eventually } from "../lib/wait.js";

/** Runs in the page: the drawing of the indicator and how it looks. */
function drawing(indicator) {
  const svg = (indicator.shadowRoot ?? indicator).querySelector("svg");
  const style = getComputedStyle(svg);
  return { animation: style.animationName, color: style.color, shape: svg.querySelector("path").getAttribute("d") };
}

/** Runs in the page: left edges of drawing, words and button. */
function places(indicator) {
  const root = indicator.shadowRoot ?? indicator;
  return ["svg", "svg + span", "button"].map((part) => root.querySelector(part).getBoundingClientRect().x);
}

/** Runs in the page: each row of the sheet, with the heights of its indicators and what is cut off. */
function measure() {
  return [...document.querySelectorAll("tr:has(.phone)")].map((row) => {
    const indicators = [...row.querySelectorAll(".progress-sync, progress-sync-indicator")];
    const inside = (part) => indicators.map((indicator) => (indicator.shadowRoot ?? indicator).querySelector(part));
    return {
      name: row.dataset.name,
      heights: indicators.map((indicator) => indicator.getBoundingClientRect().height),
      cut: inside("svg + span").some((words) => words.scrollWidth > words.clientWidth),
      wide: indicators.some((indicator) => indicator.getBoundingClientRect().width > indicator.parentElement.clientWidth),
    };
  });
}

/** Runs in the page before anything else: adds up what moves, also what moves soon after a click. */
function watchShifts() {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      globalThis.shifts.push({ value, moved: sources.map(({ node, previousRect, currentRect }) => [node?.nodeName, node?.textContent?.trim().slice(0, 30), previousRect.y, currentRect.y].join(" ")) });
    }
  }).observe({ type: "layout-shift", buffered: true });
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

  for (const kind of kinds) {
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
          new MutationObserver(() => place.textContent && globalThis.said.push(place.textContent)).observe(place, { childList: true, characterData: true, subtree: true });
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
      assert.deepEqual(await said(), ["Offline: saved later", "Progress is saved again"]);
      await device.close();
    });

    scenario(`${kind}: the keyboard reaches the button, which says what it does, saves, and keeps the focus`, async () => {
      const name = newName("keys");
      const device = await Device.open(shared, "a", name);
      const tab = await device.lesson(kind);
      await shared.stack.fault("a", { kind: "answer", user: name, method: "POST", status: 503 });
      await tab.watch(20);
      await tab.shows("retrying");
      const focused = () =>
        tab.force.evaluate((button) => button.getRootNode().activeElement === button && button.matches(":focus-visible"));
      await eventually("the button to have the focus", async () => {
        await tab.page.keyboard.press("Tab");
        return focused();
      });
      const outline = await tab.force.evaluate((button) => parseFloat(getComputedStyle(button).outlineWidth));
      assert.ok(outline >= 1, "the focus can be seen");
      const { height, width } = await tab.force.boundingBox();
      assert.ok(height >= 24 && width >= 24, `the button is ${width} × ${height}`);
      await shared.stack.lift("a", name);
      await tab.page.keyboard.press("Enter");
      await tab.says("saved");
      await tab.shows("saved");
      assert.ok((await shared.stack.row(name)).max_position_seconds > 20);
      assert.ok(await focused(), "who pressed it is still there");
      await tab.page.keyboard.press("Tab");
      await eventually("the button to go", async () => !(await tab.force.isVisible()));
      await device.close();
    });

    scenario(`${kind}: the indicator follows the direction of writing and forced colours, and is still`, async () => {
      const device = await Device.open(shared, "a", newName("looks"));
      const tab = await device.lesson(kind);
      const shown = () => tab.indicator.evaluate(drawing);
      await tab.watch(20);
      await tab.shows("saved");
      const saved = await shown();
      assert.equal(await tab.force.isVisible(), false, "there is no button where none is needed");
      await shared.stack.fault("a", { kind: "answer", user: device.name, method: "POST", status: 503 });
      await tab.watch(30);
      await tab.shows("retrying");
      const retrying = await shown();
      assert.notEqual(saved.shape, retrying.shape);
      assert.deepEqual([saved.animation, retrying.animation], ["none", "none"]);

      const ordered = (list) => [...list].sort((a, b) => a - b);
      const left = await tab.indicator.evaluate(places);
      assert.deepEqual(left, ordered(left), "from left to right: drawing, words, button");
      await tab.page.evaluate(() => (document.documentElement.dir = "rtl"));
      const right = await tab.indicator.evaluate(places);
      assert.deepEqual(right, ordered(right).reverse(), "from right to left: drawing, words, button");
      await tab.page.evaluate(() => (document.documentElement.dir = "ltr"));

      await tab.page.emulateMedia({ forcedColors: "active" });
      const text = await tab.page.evaluate(() => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = "CanvasText";
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      });
      assert.equal((await shown()).color, text, "the drawing has the colour that the learner chose for text");
      const border = await tab.force.evaluate((button) => getComputedStyle(button).borderTopWidth);
      assert.ok(parseFloat(border) >= 1, "the button has an outline without its colours");
      await shared.stack.lift("a", device.name);
      await device.close();
    });

    scenario(`${kind}: nothing moves on a phone while the network goes and comes back`, async () => {
      const device = await Device.open(shared, "a", newName("still"), { viewport: { width: 390, height: 844 } });
      await device.context.addInitScript(watchShifts);
      const tab = await device.lesson(kind);
      await tab.watch(20);
      await tab.shows("saved");
      await device.context.setOffline(true);
      await tab.shows("offline");
      await tab.watch(40);
      await device.context.setOffline(false);
      await tab.shows("saved");
      await tab.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const shifts = await tab.page.evaluate(() => globalThis.shifts);
      const sum = shifts.reduce((total, { value }) => total + value, 0);
      assert.ok(sum < 0.02, `moved by ${sum}: ${JSON.stringify(shifts)}`);
      await device.close();
    });
  }

  scenario("each state of the indicator fits a phone's line, keeps its height, and can be read", async () => {
    const { page, complaints, show } = await openSheet(shared.browser);
    for (const part of ["sheet", "rtl"]) {
      await show(part);
      await accessible(page, `the indicator's states, ${part}`);
      const rows = await page.evaluate(measure);
      assert.ok(rows.length > 5);
      assert.equal(new Set(rows.flatMap(({ heights }) => heights)).size, 1, "one height: " + JSON.stringify(rows));
      assert.deepEqual(rows.filter(({ wide }) => wide), []);
      // A button where it does not help, and words that somebody else wrote, may cost the end of the line.
      const short = rows.filter(({ name }) => !/always|1:05:01|too long/.test(name));
      assert.deepEqual(short.filter(({ cut }) => cut).map(({ name }) => name), []);
    }
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  scenario("what a page makes of its own buttons and drawings does not let the indicator move", async () => {
    const { page, complaints, show } = await openSheet(
      shared.browser,
      "* { margin: 0; padding: 0; box-sizing: border-box } button { display: inline-flex; padding: 12px; min-width: 9em } svg { display: block; height: auto }",
    );
    await show("sheet");
    const rows = await page.evaluate(measure);
    assert.equal(new Set(rows.flatMap(({ heights }) => heights)).size, 1, "one height: " + JSON.stringify(rows));
    assert.deepEqual(rows.filter(({ wide }) => wide), []);
    assert.deepEqual(complaints, []);
    await page.context().close();
  });
}
