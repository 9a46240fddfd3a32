import type { WireSync } from "./http.js";

/** Addresses that serve no events, or have a listener already: a page keeps one connection and polls besides. */
const taken = new Set<string>();

/** Passes on the sidecar's state whenever it changes, as far as the sidecar and the proxy serve such events. */
export function listen(url: string, hear: (state: WireSync) => void): () => void {
  if (taken.has(url) || !globalThis.EventSource) return () => {};
  taken.add(url);
  const source = new EventSource(url);
  source.addEventListener("state", ({ data }) => hear(JSON.parse(data)));
  return () => {
    // A source that closed itself was refused, and would be again.
    if (source.readyState < 2) taken.delete(url);
    source.close();
  };
}
