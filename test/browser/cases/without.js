import assert from "node:assert/strict";
import { near } from "../lib/account.js";
import { Example } from "../lib/example.js";
import { ExamplePage } from "../lib/examplepage.js";
import { newName } from "../lib/learner.js";
import { scenario } from "../lib/scenario.js";
import { eventually, PATIENCE } from "../lib/wait.js";

/** What a page gathers before it posts, in milliseconds. */
const INTERVAL = 30_000;

/** What some of the supported browsers do not have, and what takes it from a page before its first script. */
const features = {
  "Web Locks": () => delete Navigator.prototype.locks,
  IndexedDB: () => delete globalThis.indexedDB,
  "leave to keep anything": () => {
    for (const name of ["localStorage", "indexedDB"]) {
      Object.defineProperty(globalThis, name, { get: () => { throw new DOMException("not allowed", "SecurityError"); } });
    }
  },
  BroadcastChannel: () => delete globalThis.BroadcastChannel,
  EventSource: () => delete globalThis.EventSource,
  "crypto.randomUUID": () => delete Crypto.prototype.randomUUID,
  "AbortSignal.timeout": () => delete AbortSignal.timeout,
  keepalive: () => {
    const whole = globalThis.fetch;
    globalThis.fetch = (url, init) => whole(url, { ...init, keepalive: false });
  },
  "constructable style sheets": () => {
    globalThis.CSSStyleSheet = class { constructor() { throw new TypeError("Illegal constructor"); } };
    delete Document.prototype.adoptedStyleSheets;
    delete ShadowRoot.prototype.adoptedStyleSheets;
  },
  "what the language has got since 2021": () => {
    delete Object.hasOwn;
    delete Object.groupBy;
    delete Promise.withResolvers;
    for (const type of [Array, String, Object.getPrototypeOf(Int8Array)]) delete type.prototype.at;
    for (const name of ["findLast", "findLastIndex", "toSorted", "toReversed", "with"]) delete Array.prototype[name];
  },
};

export function define(shared) {
  for (const [feature, remove] of Object.entries(features)) {
    scenario(`without ${feature}, what is played is saved and the next page goes on there`, async () => {
      const learner = newName("without");
      const example = await Example.start("html", shared.stack.pairs.a.sidecar, learner);
      const context = await shared.browser.newContext();
      context.setDefaultTimeout(20_000);
      await context.addInitScript(remove);
      try {
        let page = await ExamplePage.open(context, example.url);
        const paused = await page.watch(60);
        // Until the page knows what the server has, it sends no position: that may come with the next post only.
        await eventually("the row to tell where the film was paused", async () => {
          near((await shared.stack.row(learner, "channels"))?.position_seconds, paused, "position");
          return true;
        }, PATIENCE + INTERVAL);
        const indicator = page.page.locator("progress-sync-indicator");
        await eventually("the indicator to tell", async () => (await indicator.getAttribute("data-state")) === "saved");
        assert.deepEqual(page.complaints, []);
        await page.page.close();
        page = await ExamplePage.open(context, example.url);
        await eventually("the film to go on where the learner was", async () => Math.abs((await page.time()) - paused) < 1);
        assert.deepEqual(page.complaints, []);
      } finally {
        await context.close();
        await example.stop();
      }
    });
  }
}
