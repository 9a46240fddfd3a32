import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { LessonPage } from "./lesson.js";

/** Each test has learners of its own, so that tests can run at the same time. */
export const newName = (hint) => `${hint}-${randomBytes(4).toString("hex")}`;

/**
 * A browser with a learner logged in at the LMS of a pair. What a page should
 * never do is collected, and looked at when it is closed.
 */
export class Device {
  static async open({ browser, stack }, pair, name, options = {}) {
    const context = await browser.newContext({ viewport: { width: 900, height: 900 }, ...options });
    const device = new Device(context, stack, pair, name);
    context.setDefaultTimeout(20_000);
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    context.on("console", (message) => {
      const text = message.text();
      if (/polic(y|ies)/i.test(text) || message.type() === "warning") device.complaints.push(text);
    });
    context.on("weberror", (error) => device.complaints.push(String(error.error())));
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (/^https?:$/.test(url.protocol) && url.hostname !== "127.0.0.1") device.complaints.push(`asked ${url}`);
    });
    if (name) await device.login(name);
    return device;
  }

  complaints = [];

  constructor(context, stack, pair, name) {
    Object.assign(this, { context, stack, pair, name });
    this.web = stack.pairs[pair].web;
  }

  async login(name) {
    this.name = name;
    const page = await this.context.newPage();
    await page.goto(this.web + "/login");
    await page.getByLabel("Learner").fill(name);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/course");
    await page.close();
  }

  async logout() {
    const page = await this.context.newPage();
    await page.goto(this.web + "/course");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/login");
    await page.close();
  }

  /** A tab with a lesson, when it knows where the learner is. */
  async lesson(kind, lesson = "lesson-1", { clock } = {}) {
    const tab = new LessonPage(this, await this.context.newPage(), kind, lesson);
    if (clock) await tab.page.clock.install(clock === true ? {} : clock);
    await tab.open();
    return tab;
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.complaints, [], "the pages did what they should not");
  }
}
