import { expect, test, vi } from "vitest";
import { setHidden } from "./server.js";
import { wait, world } from "./tab.js";

const w = world();

const page = () => new Response("<!doctype html><title>Sign in</title>", { headers: { "Content-Type": "text/html" } });

/** What a browser gives for a redirect that was not to be followed. */
const redirect = () => Object.defineProperty(new Response(null), "type", { value: "opaqueredirect" });

const ways: Record<string, typeof fetch> = {
  "401": async () => new Response("{}", { status: 401 }),
  "403": async () => new Response("{}", { status: 403 }),
  "419, as of Laravel": async () => new Response("<!doctype html>", { status: 419 }),
  "440, as of IIS": async () => new Response("", { status: 440 }),
  "a page with 422, as of Rails": async () => new Response("<!doctype html>", { status: 422 }),
  "a login page in place of the answer": async () => page(),
  "a redirect to a login page": async (_, init) => (init?.redirect === "manual" ? redirect() : page()),
  "a redirect to a login page of another origin": async (_, init) => {
    if (init?.redirect === "manual") return redirect();
    throw new TypeError("Failed to fetch");
  },
};

test.each(Object.keys(ways))("signed out by %s: the learner is told to sign in, and all goes when they have", async (way) => {
  const errors = vi.fn();
  const sync = await w.begin({ intervalMs: 1000, onError: errors });
  sync.configure({ fetch: ways[way]! });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(sync.getState()).toMatchObject({ status: "auth", isDirty: true, error: { kind: "auth" } });
  expect(errors).toHaveBeenCalledWith(expect.objectContaining({ kind: "auth" }));
  setHidden(true);
  await wait(300_000);
  sync.configure({ fetch: w.sidecar.fetch });
  setHidden(false);
  await wait(0);
  expect(sync.getState()).toMatchObject({ status: "saved", isDirty: false, error: null });
  expect(w.sidecar.row().positionSeconds).toBe(10);
});

test("a redirect that leads to an answer is followed", async () => {
  const sync = await w.begin({ intervalMs: 1000 });
  sync.configure({ fetch: async (url, init) => (init?.redirect === "manual" ? redirect() : w.sidecar.fetch(url, init)) });
  sync.updateProgress(10, 300);
  await wait(1000);
  expect(w.sidecar.row().positionSeconds).toBe(10);
  expect(sync.getState().status).toBe("saved");
});

test("another token of the session heals the tab that is looked at, without waiting for its next attempt", async () => {
  let token = "old";
  let right = "old";
  const sync = await w.begin({ intervalMs: 1000, csrfToken: () => token });
  sync.configure({
    fetch: (url, init) => ((init!.headers as Record<string, string>)["X-CSRF-Token"] === right ? w.sidecar.fetch(url, init) : ways["403"]!(url, init)),
  });
  right = "new";
  sync.updateProgress(10, 300);
  await wait(600_000);
  expect(sync.getState().status).toBe("auth");
  token = "new";
  await wait(1000);
  expect(sync.getState()).toMatchObject({ status: "saved", isDirty: false });
});

test("a page that only reads is told too", async () => {
  w.sidecar.reads = [{ status: 401 }];
  const sync = await w.begin();
  expect(sync.getState()).toMatchObject({ status: "auth", isStale: true, isLoading: false });
  window.dispatchEvent(new Event("focus"));
  await wait(0);
  expect(sync.getState()).toMatchObject({ status: "idle", isStale: false, error: null });
});
