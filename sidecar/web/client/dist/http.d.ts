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
    nextSyncAt?: string | null;
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
export declare const resolve: <T extends string | object>(value?: T | (() => T)) => T | undefined;
export declare function request(o: ProgressSyncSettings, method: string, url: string, json?: string): Promise<Answer>;
/** An answer that is no success, in the client's words. */
export declare const problem: (status: number, message?: string) => ProgressError;
/** The content itself is wrong, so that sending it again is no use. All else is kept and sent again. */
export declare const REFUSED = 422;
/** Sends while the page goes away; nobody hears the answer. */
export declare function beacon(o: ProgressSyncSettings, url: string, json: string): void;
