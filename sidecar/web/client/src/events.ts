/** Addresses that serve no events, or have a listener already: a page keeps one connection and polls besides. */
const taken = new Set<string>();

/** Calls `changed` whenever the sidecar's state does. */
export function listen(url: string, changed: () => void): () => void {
  if (taken.has(url) || typeof EventSource === "undefined") return () => {};
  taken.add(url);
  const source = new EventSource(url);
  source.addEventListener("state", changed);
  return () => {
    // A source that closed itself was refused, and would be again.
    if (source.readyState < 2) taken.delete(url);
    source.close();
  };
}
