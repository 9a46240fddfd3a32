import { afterEach, beforeEach, vi } from "vitest";
import { createProgressSync } from "../src/index.js";
import type { ProgressSync, ProgressSyncOptions } from "../src/index.js";
import { Channel, LESSON, Locks, setHidden, setOnline, Shelf, Sidecar } from "./server.js";

/** What the tests of a file share: a sidecar, what a browser keeps, and the clients that are open. */
export interface World {
  sidecar: Sidecar;
  shelf: Shelf;
  locks: Locks;
  begin(options?: Partial<ProgressSyncOptions>): Promise<ProgressSync>;
}

export const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Anew for each test, in fake time, and with waits that are what they are on average. */
export function world(): World {
  const all = {} as World;
  let open: ProgressSync[];
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    all.sidecar = new Sidecar();
    all.shelf = new Shelf();
    all.locks = new Locks();
    open = [];
    all.begin = async (options = {}) => {
      const sync = createProgressSync({ ...LESSON, fetch: all.sidecar.fetch, storage: all.shelf, events: false, ...options });
      open.push(sync);
      await wait(0);
      return sync;
    };
    Object.defineProperty(navigator, "locks", { value: all.locks, configurable: true });
    Channel.all.clear();
    vi.stubGlobal("BroadcastChannel", Channel);
    setOnline(true);
    setHidden(false);
  });
  afterEach(() => {
    for (const sync of open) {
      // Without it one that could not send would go on in the next test.
      sync.discardPending();
      sync.destroy();
    }
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  return all;
}

export const pagehide = (persisted: boolean) => window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted }));
export const pageshow = (persisted: boolean) => window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted }));
