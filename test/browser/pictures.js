// Makes the pictures in docs/images: hack/browser.sh with PICTURES=1.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch } from "./lib/browser.js";
import { Device } from "./lib/learner.js";
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

try {
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
  await panel.goto(api + "/ui/");
  const say = (state) => eventually(`the panel to say ${state}`, async () => (await panel.locator("#state").textContent()) === state);
  await say("synced");
  for (let i = 0; i < 20; i++) await write(`learner-${i}`, 10 + i);
  await write("learner-x", 119);
  await panel.locator("#dead-letters tr").waitFor();
  await say("error");
  await stack.postgres("stop");
  for (let i = 0; i < 5; i++) await write(`learner-${i}`, 60 + i);
  await say("parked");
  await panel.setViewportSize({ width: 960, height: 1390 });
  await shoot(panel, "panel");
  await stack.postgres("start");
} finally {
  await browser.close();
  await stack.stop();
}
