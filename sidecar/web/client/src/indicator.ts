import type { ForceResult, ProgressError, ProgressState, SyncStatus } from "./types.js";

/** What an indicator shows; a client's state, or the part of it that is at hand. */
export interface IndicatorState
  extends Partial<Pick<ProgressState, "status" | "isPendingSync" | "pendingUpdates" | "retryCount" | "resumeAt" | "forceResult">> {
  lastSyncedAt?: number | string | Date | null;
  error?: ProgressError | Error | string | null;
}

/** Drawing, words and a button where it helps; drawing and words; the drawing alone, with its words for those who listen. */
export type IndicatorVariant = "full" | "compact" | "badge";

/** Whether there is a button to save now: where it helps, in every state, or in none. */
export type IndicatorButton = "auto" | "always" | "never";

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

/**
 * Short enough for a line of 358 px with the drawing and the button that goes with it, in letters of 16 px as wide as
 * DejaVu's. States and results are in the order in which they matter, the least first.
 */
export const STRINGS: IndicatorStrings = {
  idle: "",
  saved: "Saved",
  saving: "Saving…",
  stale: "Can't be shown right now; it is safe",
  pending: "Not saved yet",
  retrying: "Still trying to save",
  offline: "Offline: saved later",
  auth: "Sign in again to save",
  error: "Not all is saved: tell your support",
  force: "Save progress now",
  forceOffline: "No network",
  forceAuth: "Sign in again",
  forceSaved: "Saved just now",
  forceKept: "Saved, and in your course soon",
  forceFailed: "Not saved yet: kept in this browser",
  resume: "Continue at {time}",
  again: "Progress is saved again",
};

/** One drawing of lines for each state in a square of 12, so that they differ without colour. */
export const SHAPES: Record<SyncStatus, string> = {
  idle: "",
  saved: "M2 6l3 3 5-6",
  saving: "M3 5l3-3 3 3M6 2v8",
  stale: "M3 6h6",
  pending: "M6 1a5 5 0 1 0 .1 0zM6 3v3h2",
  retrying: "M10 7A4 4 0 1 1 9 3V1M9 3H7",
  offline: "M3 4.5A2.8 2.8 0 0 0 3.5 10H8M5 2.7a3 3 0 0 1 4 2.6A2.3 2.3 0 0 1 10.4 9M1.5 1.5l9 9",
  auth: "M2 6h8v5H2zM4 6V2h4v4",
  error: "M6 1l5 10H1zM6 4v3M6 8v2",
};

/**
 * Colours of the drawings where the learner has to act; anything else passes by itself. They differ enough from
 * white and from black, since a page's background is not known.
 */
export const SIGNALS: { [says: string]: string | undefined } = {
  auth: "var(--progress-sync-auth-color,#b87400)",
  error: "var(--progress-sync-error-color,#dd3b3f)",
};

/** The text for each result. */
const RESULTS = { saved: "forceSaved", kept: "forceKept", failed: "forceFailed" } as const satisfies Record<ForceResult, string>;

/** What a kind of error is to a learner; the other kinds pass by themselves. */
const KINDS: { [kind: string]: SyncStatus | undefined } = { network: "offline", auth: "auth", validation: "error" };

/**
 * The state in one word, also for a caller that has only the seed's five members,
 * from which nobody can tell what the sidecar has accepted: until all is in the
 * database they make `saving`.
 */
export function statusOf({ status, error, retryCount, isPendingSync, lastSyncedAt }: IndicatorState): SyncStatus {
  return (
    status ??
    KINDS[(error as ProgressError | null)?.kind!] ??
    (error || retryCount ? "retrying" : isPendingSync ? "saving" : lastSyncedAt ? "saved" : "idle")
  );
}

/** Which text tells the state: what came of the button comes first. */
export const saysOf = (state: IndicatorState): keyof IndicatorStrings =>
  state.forceResult ? RESULTS[state.forceResult] : statusOf(state);

/** Seconds as m:ss or h:mm:ss, of less than a day. */
const clock = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 19).replace(/^0(0:0?)?/, "");

/** What a page wants to show its learners, and lets them do. */
export interface Wishes {
  variant?: IndicatorVariant;
  button?: IndicatorButton;
  /** Saves now; without it no button does. */
  onForceSync?: () => unknown;
  /** Takes the video to `resumeAt`; without it no button does. */
  onResume?: () => unknown;
}

/** The one button. */
export interface Offer {
  label: string;
  /** Why it can do nothing, if it can't. */
  reason?: string;
  act(): unknown;
}

/** The button that helps most, if any does. */
export function offer(
  state: IndicatorState, strings: IndicatorStrings, { variant, button, onForceSync, onResume }: Wishes,
): Offer | undefined {
  const status = statusOf(state);
  const says = saysOf(state);
  if (variant === "compact" || variant === "badge" || button === "never") return;
  // What the learner must do needs the line.
  if (onResume && state.resumeAt != null && !SIGNALS[status]) {
    return { label: strings.resume.replace("{time}", clock(state.resumeAt)), act: onResume };
  }
  const reason = status === "offline" ? strings.forceOffline : status === "auth" ? strings.forceAuth : undefined;
  const helps = button === "always" || says === "pending" || says === "retrying";
  if (onForceSync && helps) return { label: strings.force, reason, act: () => reason || onForceSync() };
}

/** Which text is read out, if any. */
export type Told = keyof IndicatorStrings | "";

/**
 * What a screen reader is to say after what it said: trouble once, its end, and what
 * came of a force sync; nothing of routine saves.
 */
export function announce(told: Told, says: keyof IndicatorStrings): Told {
  // An attempt neither ends what was told, nor lets it be told again when it fails too.
  if (says === "pending" || says === "saving") return told;
  if (says === "saved") return /^$|stale|Saved|Kept/.test(told) ? "" : "again";
  return says === "idle" ? "" : says;
}
