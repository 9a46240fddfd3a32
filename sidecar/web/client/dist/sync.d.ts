import type { ProgressState, ProgressSync, ProgressSyncOptions } from "./types.js";
/** What a client knows before it has asked anybody. */
export declare const INITIAL_STATE: ProgressState;
/** Follows one learner in one lesson. */
export declare function createProgressSync(options: ProgressSyncOptions): ProgressSync;
