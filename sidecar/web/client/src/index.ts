export { createProgressSync, INITIAL_STATE } from "./sync.js";
export { indexedDBStorage } from "./storage.js";
export type {
  AttachOptions,
  DebounceConfig,
  ErrorKind,
  ProgressDetails,
  ProgressError,
  ProgressState,
  ProgressStorage,
  ProgressSync,
  ProgressSyncOptions,
  ProgressSyncSettings,
  StoredUpdate,
  SyncStatus,
  Update,
} from "./types.js";
