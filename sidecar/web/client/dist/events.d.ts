/** Calls `changed` whenever the sidecar's state does. */
export declare function listen(url: string, changed: () => void): () => void;
