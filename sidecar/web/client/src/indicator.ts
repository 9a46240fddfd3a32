import type { ProgressError, ProgressState, SyncStatus } from "./types.js";

/** What an indicator shows; a client's state, or the part of it that is at hand. */
export interface IndicatorState
  extends Partial<Pick<ProgressState, "status" | "isPendingSync" | "pendingUpdates" | "retryCount" | "resumeAt" | "forceResult">> {
  lastSyncedAt?: number | string | Date | null;
  error?: ProgressError | Error | string | null;
}

export type IndicatorVariant = "full" | "compact" | "badge";

/** Each text that is shown or read out; {time} is filled in. */
export interface IndicatorStrings extends Record<SyncStatus, string> {
  /** Label of the button that saves now. */
  force: string;
  /** Why that button can do nothing. */
  forceOffline: string;
  forceAuth: string;
  /** What came of pressing it. */
  forceSaved: string;
  forceKept: string;
  forceFailed: string;
  /** Label of the button that goes on where the learner was. */
  resume: string;
  /** Read out when all is saved after trouble. */
  again: string;
}

export const STRINGS: IndicatorStrings = {
  idle: "",
  saved: "Saved",
  saving: "Saving…",
  stale: "Your progress can't be shown right now; it is safe",
  pending: "Not saved yet",
  retrying: "Not saved yet, trying again",
  offline: "Offline: kept until you are back",
  auth: "Sign in again to save your progress",
  error: "Some progress was not accepted: tell your support",
  force: "Save progress now",
  forceOffline: "There is no network",
  forceAuth: "Sign in first",
  forceSaved: "Saved just now",
  forceKept: "Safe, and saved to your course soon",
  forceFailed: "No connection: kept in this browser",
  resume: "Continue at {time}",
  again: "Progress is saved again",
};

/** One outline for each state in a square of 16, so that they differ without colour. */
export const SHAPES: Record<SyncStatus, string> = {
  idle: "M3 8h10",
  pending: "M8 2a6 6 0 1 0 .1 0M8 5v3l2 2",
  saving: "M8 13V3M4 7l4-4 4 4",
  saved: "M3 8l3 4 7-8",
  offline: "M2 2l12 12M4 12a6 6 0 0 1 0-7M12 4a6 6 0 0 1 0 7",
  retrying: "M13 8a5 5 0 1 1-2-4M11 1v3H8",
  auth: "M5 7V5a3 3 0 0 1 6 0v2M3 7h10v7H3z",
  stale: "M2 8h3M7 8h3M12 8h3",
  error: "M8 2l6 12H2zM8 6v4M8 12v.5",
};

/** The state in one word, also for a caller that has only the seed's five members. */
export function statusOf({ status, error, retryCount, isPendingSync, lastSyncedAt }: IndicatorState): SyncStatus {
  return status ?? (retryCount ? "retrying" : error ? "error" : isPendingSync ? "pending" : lastSyncedAt ? "saved" : "idle");
}

/** What to write beside the shape. */
export function textOf(state: IndicatorState, strings: IndicatorStrings): string {
  return strings[statusOf(state)];
}

/**
 * What a screen reader is to say: offline, error, and saved again after one of
 * them; nothing of routine saves. `polite` goes to role="status", `alert` to role="alert".
 */
export interface Announcement {
  trouble: boolean;
  polite: string;
  alert: string;
}

export const SILENCE: Announcement = { trouble: false, polite: "", alert: "" };

export function announce(before: Announcement, status: SyncStatus, strings: IndicatorStrings): Announcement {
  if (status === "error") return { trouble: true, polite: "", alert: strings.error };
  if (status === "offline") return { trouble: true, polite: strings.offline, alert: "" };
  if (status === "saved" && before.trouble) return { ...SILENCE, polite: strings.again };
  return status === "idle" ? SILENCE : before;
}
