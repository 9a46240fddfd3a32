// Makes the pictures in docs/images: hack/browser.sh with PICTURES=1, or that of the statistics alone with PICTURES=statistics.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch } from "./lib/browser.js";
import { Device } from "./lib/learner.js";
import * as report from "./lib/report.js";
import { startStack } from "./lib/stack.js";
import { eventually } from "./lib/wait.js";
import { webp } from "./lib/webp.js";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const [stack, browser] = await Promise.all([startStack(), launch()]);
await mkdir(folder, { recursive: true });
const studio = await browser.newPage();

async function shoot(page, name) {
  const picture = await page.screenshot({ animations: "disabled" });
  await writeFile(`${folder}${name}.webp`, await webp(studio, [picture]));
  if (process.env.LOOK) await writeFile(`${process.env.LOOK}/${name}.png`, picture);
}

const size = { viewport: { width: 760, height: 780 } };

async function statistics() {
  const query = (sql) => stack.ask("POST", "/query", sql);
  await report.fill(stack.pairs.d.sidecar, "go-101");
  const panels = await report.read(query, "go-101");
  const page = await browser.newPage({ viewport: { width: 1200, height: 850 } });
  await page.setContent(report.html);
  await page.evaluate(report.draw, panels);
  await shoot(page, "statistics");
}

try {
  await statistics();
  if (process.env.PICTURES !== "statistics") await lessons();
} finally {
  await browser.close();
  await stack.stop();
}

async function lessons() {
  const ada = await Device.open({ stack, browser }, "a", "ada", size);
  const react = await ada.lesson("react");
  await react.watch(88);
  await react.says("saved");
  await shoot(react.page, "lesson");

  const element = await ada.lesson("element", "lesson-2");
  await element.watch(30);
  await element.says("saved");
  await ada.context.setOffline(true);
  await element.watch(48);
  await element.shows("offline");
  await shoot(element.page, "lesson-offline");
  await ada.context.setOffline(false);
  await element.says("saved");
  await element.page.getByTestId("complete").click();
  await element.says("saved");

  const course = await ada.context.newPage();
  await course.setViewportSize({ width: 760, height: 620 });
  await course.goto(ada.web + "/course");
  await shoot(course, "course");

  const desk = await Device.open({ stack, browser }, "d", undefined, { viewport: { width: 960, height: 1000 } });
  const panel = await desk.context.newPage();
  const api = stack.pairs.d.sidecar;
  const write = (userId, currentTime) =>
    fetch(api + "/v1/progress", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Progress-User": userId },
      body: JSON.stringify({ userId, courseId: "film-course", lessonId: "lesson-1", currentTime, duration: 120 }),
    });
  await fetch(api + "/v1/sync", { method: "POST" });
  await stack.sql("ALTER TABLE progress_sync.lesson_progress ADD CONSTRAINT plausible CHECK (max_position_seconds < 100) NOT VALID");
  const say = (state) => eventually(`the panel to say ${state}`, async () => (await panel.locator("#state").textContent()) === state);
  // A minute of twenty learners, ten heartbeats a second each; it is in the history before the page is opened.
  for (let tenth = 0; tenth < 600; tenth++) {
    const next = Date.now() + 100;
    await Promise.all(Array.from({ length: 20 }, (_, i) => write(`learner-${i}`, tenth / 10 + i)));
    if (tenth === 500) await write("learner-x", 119);
    if (tenth === 550) await stack.postgres("stop");
    await new Promise((done) => setTimeout(done, next - Date.now()));
  }
  await panel.goto(api + "/ui/");
  await panel.locator("#dead-letters tr").waitFor();
  await say("parked");
  await panel.getByLabel("Learner id", { exact: true }).fill("learner-7");
  await panel.getByRole("button", { name: "Look up" }).click();
  await panel.locator("#look-rows tr").waitFor();
  await panel.setViewportSize({ width: 960, height: 1660 });
  await panel.evaluate(() => scrollTo(0, 0));
  await shoot(panel, "panel");
  await stack.postgres("start");
}
