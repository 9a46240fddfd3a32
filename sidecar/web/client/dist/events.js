const streams = new Map();
/** Addresses that serve no events, so that the clients poll. */
const none = new Set();
/** Calls `changed` whenever the sidecar's state does; all clients of an address share one connection. */
export function listen(url, changed) {
    if (none.has(url) || typeof EventSource === "undefined")
        return () => { };
    let stream = streams.get(url);
    if (!stream) {
        const source = new EventSource(url, { withCredentials: true });
        const listeners = new Set();
        stream = { source, listeners };
        streams.set(url, stream);
        source.addEventListener("state", () => listeners.forEach((listener) => listener()));
        source.onerror = () => {
            if (source.readyState === 2) {
                none.add(url);
                streams.delete(url);
            }
        };
    }
    const { source, listeners } = stream;
    listeners.add(changed);
    return () => {
        listeners.delete(changed);
        if (!listeners.size) {
            source.close();
            streams.delete(url);
        }
    };
}
