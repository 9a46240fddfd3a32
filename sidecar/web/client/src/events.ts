import type { WireSync } from "./http.js";

/** For how long an address that served no events is not asked again, in milliseconds: it may serve none, or the session be over. */
const REFUSED = 600_000;

/** When such addresses may be asked again, in Unix milliseconds. */
const refused = new Map<string, number>();

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
    source = refused.get(url)! > Date.now() ? undefined : new EventSource(url);
    source?.addEventListener("state", ({ data }) => hear(JSON.parse(data)));
    source?.addEventListener("error", () => source!.readyState > 1 && refused.set(url, Date.now() + REFUSED));
  });
  navigator.locks.request(url, { signal: ending.signal }, lead).catch(() => {});
  return () => {
    source?.close();
    ending.abort();
  };
}
