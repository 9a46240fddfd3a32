/** Calls `changed` whenever the sidecar's state does; all clients of an address share one connection. */
export declare function listen(url: string, changed: () => void): () => void;
