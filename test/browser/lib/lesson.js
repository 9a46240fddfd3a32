import { isHint } from "./account.js";
import { eventually } from "./wait.js";

/** A tab with a lesson: kind is "react" or "element". */
export class LessonPage {
  /** Bodies of the updates that the page sent, in order; a repetition is there twice. */
  sent = [];

  constructor(device, page, kind, lesson) {
    Object.assign(this, { device, page, kind, lesson });
    page.on("request", (request) => {
      if (request.method() === "POST" && new URL(request.url()).pathname === "/progress/v1/progress") {
        this.sent.push(...[JSON.parse(request.postData())].flat());
      }
    });
    this.video = page.locator("video#lesson");
  }

  get url() {
    return `${this.device.web}/lessons/${this.lesson}${this.kind === "element" ? "/element" : ""}`;
  }

  async open() {
    await this.page.goto(this.url);
    await this.ready();
  }

  async reload() {
    await this.page.reload();
    await this.ready();
  }

  async ready() {
    await this.video.evaluate(
      (video) => video.readyState >= 1 || new Promise((done) => video.addEventListener("loadedmetadata", done, { once: true })),
    );
    await eventually("the page to know where the learner is", async () => (await this.words()) !== "being looked up");
  }

  get indicator() {
    return this.page.locator(this.kind === "element" ? "progress-sync-indicator" : ".progress-sync");
  }

  get force() {
    return this.indicator.getByRole("button", { name: "Save progress now" });
  }

  /** Has it saved now, as the button does, which is there only where it helps. Resolves with whether it is, and with what the learner is told. */
  forceSync() {
    return this.page.evaluate(async (lesson) => {
      const client = window.progressSync[lesson];
      return { saved: await client.forceSync(), told: client.getState().forceResult };
    }, this.lesson);
  }

  /**
   * Where the client holds the learner's progress to be: "being looked up", "in this browser only", "accepted, not
   * saved yet" or "saved". No learner reads it: for them accepted is saved, and the indicator says what they must know.
   */
  words() {
    return this.page.evaluate((lesson) => {
      const progress = window.progressSync?.[lesson]?.getState();
      if (!progress || progress.isLoading) return "being looked up";
      if (progress.isDirty) return "in this browser only";
      return progress.isPendingSync ? "accepted, not saved yet" : "saved";
    }, this.lesson);
  }

  /** The state of the page's client. */
  snapshot() {
    return this.page.evaluate((lesson) => window.progressSync[lesson].getState(), this.lesson);
  }

  async says(words) {
    await eventually(`the client to say “${words}”`, async () => (await this.words()) === words).catch(async (error) => {
      throw new Error(`${error.message}; it says “${await this.words()}” and the page shows ${await this.state()}`);
    });
  }

  /** The indicator's state in one word. */
  state() {
    return this.indicator.getAttribute("data-state");
  }

  shows(state) {
    return eventually(`the indicator to show ${state}`, async () => (await this.state()) === state);
  }

  /** Forgets the lesson's progress, as the learner does it. */
  async startOver() {
    await this.page.getByTestId("reset").click();
    await this.page.getByRole("button", { name: "Erase and start over" }).click();
  }

  furthest() {
    return this.page.getByTestId("furthest").textContent();
  }

  position() {
    return this.page.getByTestId("position").textContent();
  }

  time() {
    return this.video.evaluate((video) => video.currentTime);
  }

  duration() {
    return this.video.evaluate((video) => video.duration);
  }

  play() {
    return this.video.evaluate((video) => video.play());
  }

  /** Resolves with where the film stands. */
  pause() {
    return this.video.evaluate(
      (video) =>
        new Promise((done) => {
          if (video.paused) return done(video.currentTime);
          // The page's own listeners are older, so they have run by then.
          video.addEventListener("pause", () => done(video.currentTime), { once: true });
          video.pause();
        }),
    );
  }

  seek(to) {
    return this.video.evaluate(
      (video, to) =>
        new Promise((done) => {
          video.addEventListener("seeked", () => done(), { once: true });
          video.currentTime = to;
        }),
      to,
    );
  }

  /** Resolves when the film has come to `to` seconds. */
  reach(to) {
    return this.video.evaluate(
      (video, to) =>
        new Promise((done) => {
          const look = () => {
            if (video.currentTime < to) return;
            video.removeEventListener("timeupdate", look);
            done();
          };
          video.addEventListener("timeupdate", look);
          look();
        }),
      to,
    );
  }

  speed(rate) {
    return this.video.evaluate((video, rate) => (video.playbackRate = rate), rate);
  }

  /** Watches a second from `from` on and pauses, which sends. Resolves with where the film stands. */
  async watch(from, seconds = 1) {
    await this.seek(from);
    await this.play();
    await this.reach(from + seconds);
    return this.pause();
  }

  /** Lets the page's clock run until `holds`; it needs one. */
  tick(what, holds) {
    return eventually(what, async () => {
      await this.page.clock.runFor(3000);
      return holds();
    });
  }

  /** Event ids that the page sent of updates for rows. */
  events() {
    return new Set(this.sent.filter((update) => !isHint(update)).map((update) => update.eventId));
  }
}
