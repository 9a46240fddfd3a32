import type { ProgressStorage } from "./types.js";
/** Keeps unsent updates in IndexedDB. */
export declare function indexedDBStorage(name?: string): ProgressStorage;
