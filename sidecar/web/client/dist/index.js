export { createProgressSync, INITIAL_STATE } from "./sync.js";
export { indexedDBStorage } from "./storage.js";
