import { eventually } from "./wait.js";

/** A page of an example, and what it sends. */
export class ExamplePage {
  sent = [];
  complaints = [];

  static async open(context, url) {
    const page = new ExamplePage(await context.newPage());
    await page.page.goto(url);
    await page.ready();
    return page;
  }

  constructor(page) {
    this.page = page;
    this.video = page.locator("video");
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/v1/progress")) this.sent.push(...JSON.parse(request.postData()));
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  ready() {
    return eventually("the film to be there", () => this.video.evaluate((video) => video.readyState > 0 && Number.isFinite(video.duration)));
  }

  time() {
    return this.video.evaluate((video) => video.currentTime);
  }

  /** Plays a second from where it is, or from where the learner goes; resolves with where it is paused. */
  watch(from) {
    return this.video.evaluate(async (video, from) => {
      const event = (name) => new Promise((done) => video.addEventListener(name, done, { once: true }));
      if (from !== undefined) {
        const seeked = event("seeked");
        video.currentTime = from;
        await seeked;
      }
      const begin = video.currentTime;
      await video.play();
      while (video.currentTime < begin + 1) await event("timeupdate");
      const paused = event("pause");
      video.pause();
      await paused;
      return video.currentTime;
    }, from);
  }

  /** Plays the last second. */
  async finish() {
    await this.video.evaluate(async (video) => {
      const ended = new Promise((done) => video.addEventListener("ended", done, { once: true }));
      video.currentTime = video.duration - 1;
      await video.play();
      await ended;
    });
  }

  /** Ends the lesson, forgets what was sent until then, and lets the element do as if it went on. */
  async end() {
    const element = await this.video.elementHandle();
    await this.page.evaluate(() => import("/main.ts").then((main) => main.close()));
    await this.asked();
    this.sent = [];
    await element.evaluate((video) => {
      for (const event of ["loadedmetadata", "play", "timeupdate", "seeked", "pause", "ended"]) video.dispatchEvent(new Event(event));
    });
    await this.asked();
  }

  /** Resolves after all requests that the page has made by then are known. */
  asked() {
    const seen = this.page.waitForRequest((request) => request.url().endsWith("/asked"));
    return Promise.all([seen, this.page.evaluate(() => fetch("/asked").then(() => {}))]);
  }
}
