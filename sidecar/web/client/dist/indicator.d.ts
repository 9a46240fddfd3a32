import type { ProgressError, ProgressState, SyncStatus } from "./types.js";
/** What an indicator shows; a client's state, or the part of it that is at hand. */
export interface IndicatorState extends Partial<Pick<ProgressState, "status" | "isPendingSync" | "pendingUpdates" | "retryCount">> {
    lastSyncedAt?: number | string | Date | null;
    error?: ProgressError | Error | string | null;
}
export type IndicatorVariant = "full" | "compact" | "badge";
/** Each text that is shown or read out; {count} and {time} are filled in. */
export interface IndicatorStrings extends Record<SyncStatus, string> {
    savedAt: string;
    waiting: string;
    /** Label of the button. */
    force: string;
    /** Read out when all is saved after trouble. */
    again: string;
}
export declare const STRINGS: IndicatorStrings;
/** One outline for each state in a square of 16, so that they differ without colour. */
export declare const SHAPES: Record<SyncStatus, string>;
/** The state in one word, also for a caller that has only the seed's five members. */
export declare function statusOf({ status, error, retryCount, isPendingSync, lastSyncedAt }: IndicatorState): SyncStatus;
/** What to write beside the shape. */
export declare function textOf(state: IndicatorState, strings: IndicatorStrings, variant: IndicatorVariant): string;
/**
 * What a screen reader is to say: offline, error, and saved again after one of
 * them; nothing of routine saves. `polite` goes to role="status", `alert` to role="alert".
 */
export interface Announcement {
    trouble: boolean;
    polite: string;
    alert: string;
}
export declare const SILENCE: Announcement;
export declare function announce(before: Announcement, status: SyncStatus, strings: IndicatorStrings): Announcement;
