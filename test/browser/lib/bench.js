import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { LessonPage } from "./lesson.js";

const sources = fileURLToPath(new URL("../../../sidecar/web/client/src", import.meta.url));
const exported = 'export { createProgressSync } from "./index.js"; export { createCourse } from "./course.js"; export * as debug from "./debug.js";';

let bundled;

/** The browser package as one module. */
function bundle() {
  return (bundled ??= new Promise((done, fail) => {
    const args = ["run", "github.com/evanw/esbuild/cmd/esbuild", "--bundle", "--format=esm", "--loader=ts", "--target=es2022", "--log-level=warning"];
    const esbuild = execFile("go", args, { cwd: sources, maxBuffer: 1 << 24 }, (error, out) => (error ? fail(error) : done(out)));
    esbuild.stdin.end(exported);
  }));
}

const html = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Players</title>
<link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/style.css"><script type="module" src="/bench.js"></script>
<main><h1>Players</h1><video id="lesson" controls playsinline preload="auto" width="640" height="360"></video>
<p><label>Position <input type="range" max="120" step="any"></label></p></main></html>`;

/** A page of the LMS's with a bare film, for what a lesson's page does not do with it. */
export class Bench extends LessonPage {
  /** A tab of its own, with no lesson yet. */
  static async open(device) {
    const { context, web } = device;
    const lesson = await context.request.get(web + "/lessons/lesson-1");
    const csrfToken = /data-csrf-token="([^"]*)"/.exec(await lesson.text())[1];
    const headers = { "Content-Security-Policy": lesson.headers()["content-security-policy"] };
    await context.route(web + "/bench", (route) => route.fulfill({ contentType: "text/html", headers, body: html }));
    await context.route(web + "/bench.js", async (route) => route.fulfill({ contentType: "text/javascript", headers, body: await bundle() }));
    const bench = new Bench(device, await context.newPage(), "bench", "lesson-1");
    await bench.page.goto(web + "/bench");
    await bench.page.evaluate(async (options) => {
      const { createProgressSync, createCourse, debug } = await import("/bench.js");
      const video = document.querySelector("video");
      const slider = document.querySelector("input");
      slider.addEventListener("input", () => (video.currentTime = slider.value));
      globalThis.bench = {
        video, debug,
        begin: (lessonId) => ((window.progressSync ??= {})[lessonId] = createProgressSync({ ...options, lessonId })),
        followCourse() {
          globalThis.bench.course = createCourse(options, () => options);
          globalThis.bench.course.follow(() => {});
        },
      };
    }, { endpoint: "/progress", userId: device.name, courseId: "film-course", csrfToken });
    return bench;
  }

  /** Shows a lesson, whose film it is, and waits until the film can be played. */
  show(lesson, source = "/film.webm") {
    return this.page.evaluate(
      ([lesson, source]) =>
        new Promise((done) => {
          const { video, begin } = globalThis.bench;
          video.addEventListener("canplay", () => done(), { once: true });
          globalThis.bench.end = begin(lesson).attachVideo(video);
          video.src = source;
        }),
      [lesson, source],
    );
  }

  words(lesson = this.lesson) {
    return this.page.evaluate((lesson) => {
      const { isLoading, isDirty } = window.progressSync[lesson].getState();
      return isLoading ? "being looked up" : isDirty ? "in this browser only" : "accepted";
    }, lesson);
  }

  /** Moves the mouse over a box, pressed, from one part of its width to another, in so many steps. */
  async drag({ x, y, width }, from, to, steps = 41) {
    const { mouse } = this.page;
    await mouse.move(x + from * width, y);
    await mouse.down();
    for (let i = 1; i <= steps; i++) {
      await mouse.move(x + (from + ((to - from) * i) / steps) * width, y);
      // A hand takes a second or so, in which the browser seeks again and again.
      await this.page.waitForTimeout(25);
    }
    await mouse.up();
  }
}
