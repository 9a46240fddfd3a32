// Browsers that lack something: each thing that is newer than the oldest supported browser (Safari 15, Chrome and Firefox 90) is
// taken away in turn.
import { afterEach, expect, test, vi } from "vitest";
import { wait, world } from "./tab.js";

const w = world();

const gone: (() => void)[] = [];

function remove(object: object, name: string) {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value: undefined, configurable: true, writable: true });
  gone.push(() => (before ? Object.defineProperty(object, name, before) : delete (object as Record<string, unknown>)[name]));
}

afterEach(() => gone.splice(0).forEach((back) => back()));

const without: Record<string, () => void> = {
  "AbortSignal.timeout": () => remove(AbortSignal, "timeout"),
  "AbortSignal.any": () => remove(AbortSignal, "any"),
  "crypto.randomUUID": () => remove(crypto, "randomUUID"),
  "Web Locks": () => remove(navigator, "locks"),
  "BroadcastChannel": () => vi.stubGlobal("BroadcastChannel", undefined),
  "EventSource": () => vi.stubGlobal("EventSource", undefined),
  "IndexedDB": () => vi.stubGlobal("indexedDB", undefined),
  "structuredClone": () => vi.stubGlobal("structuredClone", undefined),
  "Array.prototype.at": () => remove(Array.prototype, "at"),
  "Array.prototype.findLast": () => remove(Array.prototype, "findLast"),
  "Array.prototype.toSorted": () => remove(Array.prototype, "toSorted"),
  "Object.groupBy": () => remove(Object, "groupBy"),
  "Promise.withResolvers": () => remove(Promise, "withResolvers"),
  "localStorage, which may be forbidden": () => {
    Object.defineProperty(globalThis, "localStorage", { get: () => { throw new Error("denied"); }, configurable: true });
    gone.push(() => Reflect.deleteProperty(globalThis, "localStorage"));
  },
  "navigator.onLine, which is false though there is a network": () => Object.defineProperty(navigator, "onLine", { value: false, configurable: true }),
  "navigator.onLine": () => Object.defineProperty(navigator, "onLine", { value: undefined, configurable: true }),
  "IndexedDB, which throws in a private window": () => vi.stubGlobal("indexedDB", { open: () => { throw new Error("denied"); } }),
  "IndexedDB, which never answers": () => vi.stubGlobal("indexedDB", { open: () => ({}) }),
  "Web Locks, which are refused": () => Object.defineProperty(navigator, "locks", {
    value: { request: async () => { throw new Error("denied"); }, query: async () => { throw new Error("denied"); } }, configurable: true,
  }),
};

test.each(Object.keys(without))("without %s everything is sent, forced and told", async (name) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  without[name]!();
  const sync = await w.begin({ intervalMs: 1000, storage: undefined, events: true });
  sync.updateProgress(10, 300);
  await wait(3500);
  expect(w.sidecar.row()?.percentage).toBeCloseTo(10 / 3);
  sync.updateProgress(20, 300, { seekEvents: 1 });
  const forced = sync.forceSync();
  await wait(5000);
  expect(await forced).toBe(true);
  expect(w.sidecar.row()).toMatchObject({ positionSeconds: 20, seekEvents: 1 });
  expect(sync.getState()).toMatchObject({ status: "saved", isDirty: false, isPendingSync: false });
  window.dispatchEvent(new Event("pagehide"));
  if (before) Object.defineProperty(globalThis, "localStorage", before);
});
