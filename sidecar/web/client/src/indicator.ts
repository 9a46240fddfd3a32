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

/** Short enough for a line of 358 px with the drawing and the button that goes with it, in letters of 16 px as wide as DejaVu's. */
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
  forceOffline: "There is no network",
  forceAuth: "Sign in first",
  forceSaved: "Saved just now",
  forceKept: "Safe, and saved to your course soon",
  forceFailed: "Not sent yet, kept in this browser",
  resume: "Continue at {time}",
  again: "Progress is saved again",
};

/** One drawing of lines for each state in a square of 16, so that they differ without colour; the best state is first, the worst last. */
export const SHAPES: Record<SyncStatus, string> = {
  idle: "",
  saved: "M3 8.5 6.5 12 13 4",
  saving: "M8 13V3M4 7l4-4 4 4",
  stale: "M6 2.3a6 6 0 0 1 4 0M13.7 6a6 6 0 0 1 0 4M10 13.7a6 6 0 0 1-4 0M2.3 10a6 6 0 0 1 0-4",
  pending: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 5v3l2 1",
  retrying: "M13 8a5 5 0 1 1-2-4M11 1v3H8",
  offline: "M2 2l12 12M4.5 6A3.5 3.5 0 0 0 5 13h5M7 3.3a4 4 0 0 1 5 4 2.8 2.8 0 0 1 2 4.2",
  auth: "M5 7V5a3 3 0 0 1 6 0v2M3 7h10v6H3z",
  error: "M8 2l6 12H2zM8 6.5v3M8 12h0",
};

/** The text for each result, the best first. */
export const RESULTS = { saved: "forceSaved", kept: "forceKept", failed: "forceFailed" } as const satisfies Record<ForceResult, string>;

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

/** The learner has to do something; anything else passes by itself. */
const mustAct = (says: keyof IndicatorStrings) => says === "auth" || says === "error";

/** Seconds as m:ss or h:mm:ss. */
function clock(seconds: number): string {
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => `${Math.floor(part)}`.padStart(2, "0"));
  return parts.join(":").replace(/^(00:)?0?/, "");
}

/** What a page lets its learners do, and wants to show them. */
export interface Wishes {
  variant: IndicatorVariant;
  button: IndicatorButton;
  forces: boolean;
  resumes: boolean;
}

/** All that is drawn. */
export interface Drawing {
  status: SyncStatus;
  shape: string;
  /** Which of the texts `text` is. */
  says: keyof IndicatorStrings;
  text: string;
  /** Text whose room is kept, so that the button does not move as attempts come and go. */
  room: string;
  /** The one button goes on where the learner was; otherwise it saves. */
  resumes: boolean;
  hidden: boolean;
  label: string;
  /** Why the button can do nothing; empty if it can. */
  reason: string;
}

export function draw(state: IndicatorState, strings: IndicatorStrings, { variant, button, ...can }: Wishes): Drawing {
  const status = statusOf(state);
  const { resumeAt, forceResult } = state;
  const says = forceResult ? RESULTS[forceResult] : status;
  const waits = says === "pending" || says === "retrying";
  // What the learner must do needs the line.
  const resumes = can.resumes && resumeAt != null && !mustAct(status);
  const helps = resumes || (can.forces && (waits || button === "always"));
  const hidden = !helps || variant !== "full" || button === "never";
  return {
    status,
    shape: SHAPES[status],
    says,
    text: strings[says],
    room: waits && !hidden ? strings[says === "pending" ? "retrying" : "pending"] : "",
    resumes,
    hidden,
    label: resumes ? strings.resume.replace("{time}", clock(resumeAt)) : strings.force,
    reason: resumes ? "" : status === "offline" ? strings.forceOffline : status === "auth" ? strings.forceAuth : "",
  };
}

/**
 * What a screen reader is to say: trouble once, its end, and what came of a force
 * sync; nothing of routine saves. `polite` goes to role="status", `alert` to role="alert".
 */
export interface Announcement {
  /** What it was made for. */
  says: keyof IndicatorStrings;
  trouble: boolean;
  polite: string;
  alert: string;
}

export const SILENCE: Announcement = { says: "idle", trouble: false, polite: "", alert: "" };

export function announce(before: Announcement, says: keyof IndicatorStrings, strings: IndicatorStrings): Announcement {
  const { trouble } = before;
  // An attempt neither ends what was told, nor lets it be told again when it fails too.
  if (says === before.says || says === "pending") return before;
  if (says === "saving") return { ...SILENCE, trouble };
  const acts = mustAct(says);
  return {
    says,
    trouble: says === "stale" ? trouble : !/idle|saved|kept/i.test(says),
    polite: acts ? "" : says !== "saved" ? strings[says] : trouble ? strings.again : "",
    alert: acts ? strings[says] : "",
  };
}
