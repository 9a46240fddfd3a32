export { clear } from "./clear.js";
export { createProgressSync } from "./sync.js";
export type {
  AttachOptions,
  DebounceConfig,
  ErrorKind,
  ForceResult,
  ProgressDetails,
  ProgressError,
  ProgressState,
  ProgressStorage,
  ProgressSync,
  ProgressSyncOptions,
  ProgressSyncSettings,
  Stored,
  StoredSegments,
  StoredUpdate,
  SyncStatus,
  Update,
} from "./types.js";
