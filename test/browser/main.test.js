import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { launch } from "./lib/browser.js";
import { startStack } from "./lib/stack.js";
import * as arrival from "./cases/arrival.js";
import * as cable from "./cases/cable.js";
import * as connections from "./cases/connections.js";
import * as devices from "./cases/devices.js";
import * as examples from "./cases/examples.js";
import * as film from "./cases/film.js";
import * as guards from "./cases/guards.js";
import * as killed from "./cases/killed.js";
import * as leaving from "./cases/leaving.js";
import * as long from "./cases/long.js";
import * as looks from "./cases/looks.js";
import * as outage from "./cases/outage.js";
import * as pages from "./cases/pages.js";
import * as panel from "./cases/panel.js";
import * as pods from "./cases/pods.js";
import * as power from "./cases/power.js";
import * as session from "./cases/session.js";
import * as stack from "./cases/stack.js";
import * as trouble from "./cases/trouble.js";
import * as watching from "./cases/watching.js";
import * as without from "./cases/without.js";
import * as worker from "./cases/worker.js";

/** What all cases share; filled before the first. */
const shared = {};

/** Cases with learners of their own run side by side. */
const together = [
  long, watching, film, arrival, session, devices, killed, leaving, trouble, guards, looks, pages, examples, without, worker, stack,
];

before(async () => {
  // What has started is stopped though the other one has not: the stack would keep this process.
  const [stack, browser] = await Promise.allSettled([startStack(), launch()]);
  [shared.stack, shared.browser] = [stack.value, browser.value];
  for (const { reason } of [stack, browser]) if (reason) throw reason;
});

after(async () => {
  await shared.browser?.close();
  if (shared.stack) assert.equal(await shared.stack.stop(), 0, "the stack ended well");
});

describe("side by side", { concurrency: 4 }, () => {
  // Those that take longest begin first, so that no one of them is left when all else is done.
  describe("the debug panel", { concurrency: 1 }, () => panel.define(shared));
  describe("on the pods of a Service", { concurrency: 1 }, () => pods.define(shared));
  describe("with a sidecar of their own", { concurrency: 1 }, () => trouble.defineOwn(shared));
  for (const cases of together) cases.define(shared);
});

describe("alone", { concurrency: 1 }, () => {
  // They hold a page to a second, or have a browser of their own on a slow disk.
  for (const cases of [connections, cable, power]) cases.define(shared);
  outage.define(shared);
  arrival.defineOutage(shared);
  connections.defineOutage(shared);
  panel.defineOutage(shared);
});
