import type { WireSync } from "./http.js";

/** Addresses that serve no events: nobody asks them twice. */
const refused = new Set<string>();

/**
 * Listens to the sidecar's state for all tabs of the learner: a browser has six connections to an origin (HTTP/1.1), and
 * tabs that keep one each leave none for anything else. The tab that holds the lock has the stream.
 */
export function listen(url: string, hear: (state: WireSync) => void): (() => void) | undefined {
  // A browser in which tabs can't agree polls.
  if (!globalThis.EventSource || !globalThis.BroadcastChannel || !navigator.locks) return;
  const ending = new AbortController();
  let source: EventSource | undefined;
  const lead = () => new Promise<void>((done) => {
    ending.signal.onabort = () => done();
    source = refused.has(url) ? undefined : new EventSource(url);
    source?.addEventListener("state", ({ data }) => hear(JSON.parse(data)));
    source?.addEventListener("error", () => source!.readyState > 1 && refused.add(url));
  });
  navigator.locks.request(url, { signal: ending.signal }, lead).catch(() => {});
  return () => {
    source?.close();
    ending.abort();
  };
}
