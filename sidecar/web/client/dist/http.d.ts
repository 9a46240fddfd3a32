import type { ErrorKind, ProgressError, ProgressSyncSettings } from "./types.js";
/** The sidecar's record of a lesson. */
export interface WireRecord {
    positionSeconds: number;
    percentage: number;
    completed: boolean;
    lastWatchedAt?: string;
    generation?: number;
    saved?: boolean;
    pendingUpdates?: number;
}
/** The sidecar's sync state. */
export interface WireSync {
    status: string;
    pendingUpdates: number;
    lastSyncedAt: string | null;
    nextSyncAt: string | null;
    error: {
        kind: ErrorKind;
        message: string;
    } | null;
}
/** Whatever of an answer is used here. */
export interface WireBody extends Partial<WireSync> {
    progress?: WireRecord | (WireRecord | null)[];
    stale?: boolean;
    sync?: WireSync;
    errors?: {
        index: number;
        status: number;
        detail: string;
    }[];
    detail?: string;
}
/** An answer, or why there is none. */
export interface Answer {
    body: WireBody;
    /** Absent if the request was done. */
    error?: ProgressError;
    /** How long the server asks to be left alone, in milliseconds. */
    retryAfter: number;
}
export declare const resolve: <T>(value: T | (() => T) | undefined) => T | undefined;
export declare function request(o: ProgressSyncSettings, method: string, url: string, json?: string): Promise<Answer>;
/** The content itself is wrong, so that sending it again is no use. All else is kept and sent again. */
export declare const REFUSED = 422;
/** Sends while the page goes away; nobody hears the answer. */
export declare function beacon(o: ProgressSyncSettings, url: string, json: string): void;
