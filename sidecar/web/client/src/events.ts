import { handle } from "./handlers.js";
import type { WireSync } from "./wire.js";

/** For how long an address that served no events is not asked again, in milliseconds: it may serve none, or the session be over. */
const REFUSED = 600_000;

/** When such addresses may be asked again, in Unix milliseconds. */
const askAgainAt = new Map<string, number>();

/**
 * Listens to the sidecar's state for all tabs of the learner; returns what ends that. A browser has six connections to an
 * origin (HTTP/1.1), and tabs that take one each leave none for anything else, so only the tab that has the lock listens.
 */
export function listen(url: string, hear: (state: WireSync) => void): (() => void) | undefined {
  // A browser in which tabs can't agree polls.
  if (!globalThis.EventSource || !globalThis.BroadcastChannel || !navigator.locks) return;
  const ending = new AbortController();
  let source: EventSource | undefined;
  /** Listens until that is ended. */
  const lead = () => new Promise<void>((done) => {
    ending.signal.onabort = () => done();
    if (askAgainAt.get(url)! > Date.now()) return;
    const stream = source = new EventSource(url);
    handle(stream, {
      state: (event) => hear(JSON.parse((event as MessageEvent).data)),
      error() {
        if (stream.readyState === 2) askAgainAt.set(url, Date.now() + REFUSED);
      },
    });
  });
  navigator.locks.request(url, { signal: ending.signal }, lead).catch(() => {});
  return () => {
    source?.close();
    ending.abort();
  };
}
