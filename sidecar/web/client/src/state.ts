import type { ForceResult, ProgressError, ProgressState, ProgressSyncOptions, StoredUpdate, SyncStatus } from "./types.js";
import type { WireSync } from "./wire.js";

export const DEFAULTS = {
  intervalMs: 30_000,
  maxRetries: 3,
  retryDelayMs: 5_000,
  batchSize: 10,
  enableOptimisticUpdates: true,
  enableCompression: true,
  completionThreshold: 95,
};

export type Settings = ProgressSyncOptions & typeof DEFAULTS;

/** How much longer than the interval something may be in the browser alone before the learner is told, in milliseconds. */
const GRACE = 5_000;

/** What the parts of a client know, each of them its own. */
export interface Facts {
  /** Of arrival: the server was not asked yet, or could not tell. */
  isLoading: boolean;
  isStale: boolean;
  /** Of place: where the learner could go on, in seconds. */
  resumeAt: number | null;
  /** Of the lesson: the server has something of it. */
  isOnServer?: boolean;
  /** Of the connection: there is no network, or no session. */
  isOffline?: boolean;
  auth?: ProgressError;
  /** Of the sender: failed attempts since the last one that worked, and what was wrong with the last one. */
  retryCount: number;
  error?: ProgressError;
  /** Those who wait for a reset. */
  resets?: unknown[];
  /** Since when something has been in this browser alone, in Unix milliseconds. */
  since?: number;
  /** Of saved: updates that the sidecar accepted, and that are not known to be in the database. */
  waiting: number;
  /** The sidecar's own state, if something waits there. */
  server?: Partial<WireSync>;
  lastSyncedAt: number | null;
  /** Of the client: a force sync is under way, and what came of the last one. */
  isForcing?: boolean;
  forceResult: ForceResult | null;
}

/** What the lesson shows of what the learner has done. */
export type Shown = Pick<ProgressState, "progressSeconds" | "watchedPercentage" | "watchedSeconds" | "watchedSegments" | "completed">;

/** The client's state; `own` are the updates of the lesson that this browser alone has. */
export function stateOf(o: Settings, facts: Facts & Shown, own: StoredUpdate[]): ProgressState {
  const { error, auth, waiting, server, isOffline, isOnServer, isForcing, resets, since, ...known } = facts;
  const isDirty = !!(resets || own[0]);
  return {
    ...known,
    status: statusOf(o, facts),
    isDirty,
    isPendingSync: isDirty || waiting > 0,
    pendingUpdates: waiting + own.length,
    error: error ?? auth ?? server?.error ?? null,
  };
}

/** One word for it all; what comes first hides what comes after. */
export function statusOf(o: Settings, facts: Facts): SyncStatus {
  const { error, retryCount, since, server } = facts;
  if (facts.isOffline || retryCount > o.maxRetries && error?.kind === "network") return "offline";
  if (facts.auth) return "auth";
  if ((error ?? server?.error)?.kind === "validation") return "error";
  if (facts.isForcing) return "saving";
  if (since && Date.now() - since > o.intervalMs + GRACE) return retryCount ? "retrying" : "pending";
  if (facts.isStale) return "stale";
  return facts.isOnServer ? "saved" : "idle";
}
