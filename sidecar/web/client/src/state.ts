import type { ForceResult, ProgressError, ProgressState, ProgressSyncOptions, StoredUpdate, SyncStatus } from "./types.js";
import type { WireSync } from "./http.js";

export const DEFAULTS = {
  intervalMs: 10_000,
  maxRetries: 3,
  retryDelayMs: 5_000,
  batchSize: 10,
  enableOptimisticUpdates: true,
  enableCompression: true,
  completionThreshold: 95,
};

export type Settings = ProgressSyncOptions & typeof DEFAULTS;

/** How much longer than the interval something may be in the browser alone before the learner is told. */
const GRACE = 5_000;

/** What the parts of a client report, and its state is made from. */
export interface Facts {
  isLoading: boolean;
  isStale: boolean;
  resumeAt: number | null;
  lastSyncedAt: number | null;
  retryCount: number;
  error?: ProgressError;
  /** The LMS wants the learner to sign in. */
  auth?: ProgressError;
  /** The browser says that there is no network, and no answer has shown that it is wrong. */
  offline?: boolean;
  /** The server has something of the lesson. */
  kept?: boolean;
  /** Since when something has been in this browser alone, in Unix milliseconds. */
  since?: number;
  /** The sender or a force sync is at work. */
  sending?: unknown;
  forcing?: boolean;
  forceResult: ForceResult | null;
  /** Whoever waits for a reset. */
  resets?: (() => void)[];
  /** Updates that the sidecar accepted, and that are not known to be saved. */
  waiting: number;
  /** The sidecar's own state, if something waits there. */
  server?: Partial<WireSync>;
}

export const begin = (): Facts =>
  ({ isLoading: true, isStale: false, resumeAt: null, lastSyncedAt: null, retryCount: 0, forceResult: null, waiting: 0 });

/** The state, of what the learner has done as it is shown, and the updates of the lesson that this browser holds. */
export function compose(
  o: Settings, facts: Facts, shown: Pick<ProgressState, "progressSeconds" | "watchedPercentage" | "watchedSeconds" | "completed">,
  own: StoredUpdate[],
): ProgressState {
  const { isLoading, isStale, resumeAt, lastSyncedAt, retryCount, forceResult, error, auth, waiting, server } = facts;
  const isDirty = !!(facts.resets || own[0]);
  return {
    ...shown, isLoading, isStale, resumeAt, lastSyncedAt, retryCount, forceResult,
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
  if (facts.offline || retryCount > o.maxRetries && error?.kind === "network") return "offline";
  if (facts.auth) return "auth";
  if ((error ?? server?.error)?.kind === "validation") return "error";
  if (facts.forcing) return "saving";
  if (since && Date.now() - since > o.intervalMs + GRACE) return retryCount ? "retrying" : "pending";
  if (facts.isStale) return "stale";
  return facts.kept ? "saved" : "idle";
}
