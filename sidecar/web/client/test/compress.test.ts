import { gunzipSync } from "node:zlib";
import { beforeEach, expect, test, vi } from "vitest";
import { compressing } from "../src/compress.js";
import { setHidden, setOnline } from "./server.js";
import { pagehide, pageshow, wait, world } from "./tab.js";

const w = world();

interface Sent {
  url: string;
  /** Undefined for a body that is sent as it is. */
  coding: string | null;
  text: string;
  init: RequestInit;
}

let sent: Sent[];
let statuses: number[];

const server = (async (url: string, init: RequestInit) => {
  const coding = new Headers(init.headers).get("Content-Encoding");
  const text = coding ? gunzipSync(init.body as ArrayBuffer).toString() : init.body as string;
  sent.push({ url, coding, text, init });
  return new Response("{}", { status: statuses.shift() ?? 200 });
}) as typeof fetch;

const codings = () => sent.map((one) => one.coding);
const long = JSON.stringify([{ lessonId: "é".repeat(1024) }]);
const init = { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": "t" }, keepalive: true, body: long };

beforeEach(() => {
  sent = [];
  statuses = [];
  pageshow(true);
});

test("a long body is packed, and all else of the request stays", async () => {
  const answer = await compressing(server)("/progress/v1/progress", init);
  expect(answer.status).toBe(200);
  expect(sent).toMatchObject([{ url: "/progress/v1/progress", coding: "gzip", text: long, init: { method: "POST", keepalive: true } }]);
  expect(Object.fromEntries(new Headers(sent[0]!.init.headers))).toEqual({ ...init.headers, "Content-Encoding": "gzip" });
  expect((sent[0]!.init.body as ArrayBuffer).byteLength).toBeLessThan(200);
});

test.each<[string, string, RequestInit?]>([
  ["less than 1 KiB", "/progress/v1/progress", { ...init, body: "x".repeat(1023) }],
  ["a question", "/progress/v1/progress", { method: "GET" }],
  ["what goes to another origin, which may not allow the header", "https://api.example/v1/progress", init],
])("%s is sent as it is", async (_, url, what) => {
  await compressing(server)(url, what);
  expect(codings()).toEqual([null]);
  expect(sent[0]!.init).toBe(what);
});

test("a browser that can't pack sends bodies as they are", async () => {
  vi.stubGlobal("CompressionStream", undefined);
  await compressing(server)("/progress/v1/progress", init);
  vi.stubGlobal("CompressionStream", class {
    constructor() {
      throw new TypeError("no gzip");
    }
  });
  await compressing(server)("/progress/v1/progress", init);
  expect(codings()).toEqual([null, null]);
});

test("while the page is hidden or gone nothing is packed, and what is sent is sent at once; it is packed again when the page is back", async () => {
  const pack = compressing(server);
  setHidden(true);
  void pack("/progress/v1/progress", init);
  setHidden(false);
  pagehide(true);
  void pack("/progress/v1/progress", init);
  expect(codings()).toEqual([null, null]);
  pageshow(true);
  await pack("/progress/v1/progress", init);
  expect(codings()).toEqual([null, null, "gzip"]);
});

test.each([["left", () => pagehide(false)], ["hidden", () => setHidden(true)]])(
  "what is being packed when the page is %s is sent as it is before the page is gone", async (_, leave) => {
    const answer = compressing(server)("/progress/v1/progress", init);
    leave();
    // No more than microtasks may pass.
    for (let i = 0; i < 10; i++) await undefined;
    expect(codings()).toEqual([null]);
    await answer;
    expect(codings()).toEqual([null]);
  });

test("a server that refuses what is packed gets it as it is, and nothing is packed for it again", async () => {
  const pack = compressing(server);
  statuses = [415];
  expect((await pack("/progress/v1/progress", init)).status).toBe(200);
  await pack("/progress/v1/progress", init);
  expect(codings()).toEqual(["gzip", null, null]);
  expect(sent[1]!.text).toBe(long);
});

test("a proxy that can't read what is packed says 400; one that refuses it as it is, too, has another reason", async () => {
  const pack = compressing(server);
  statuses = [400, 400];
  expect((await pack("/progress/v1/progress", init)).status).toBe(400);
  statuses = [400];
  expect((await pack("/progress/v1/progress", init)).status).toBe(200);
  await pack("/progress/v1/progress", init);
  expect(codings()).toEqual(["gzip", null, "gzip", null, null]);
});

test("what a learner has done offline, who went from lesson to lesson, goes as one packed request", async () => {
  const ids = { userId: crypto.randomUUID(), courseId: crypto.randomUUID() };
  const send = compressing(async (url, init) => {
    if (init?.body) await server(url, init);
    return w.sidecar.fetch(url, { ...init, body: init?.body && sent.at(-1)!.text });
  });
  setOnline(false);
  w.sidecar.down = true;
  for (let lesson = 0; lesson < 6; lesson++) {
    const sync = await w.begin({ ...ids, lessonId: crypto.randomUUID() });
    for (let second = 0; second <= 60; second += 30) {
      sync.updateProgress(second, 60);
      await wait(30_000);
    }
    // The tab dies.
    vi.clearAllTimers();
    w.locks.forget();
  }
  w.sidecar.down = false;
  await w.begin({ ...ids, lessonId: crypto.randomUUID(), fetch: send });
  await vi.waitFor(() => expect(w.shelf.updates).toEqual([]));
  expect(codings()).toEqual(["gzip"]);
  expect([...w.sidecar.rows.values()].map((row) => row.percentage)).toEqual([100, 100, 100, 100, 100, 100]);
  const { text, init: { body } } = sent[0]!;
  expect((body as ArrayBuffer).byteLength * 3).toBeLessThan(Buffer.byteLength(text));
});
