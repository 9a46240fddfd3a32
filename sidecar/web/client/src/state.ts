import type { ProgressError, ProgressSyncOptions, SyncStatus } from "./types.js";
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


/** What the parts of a client report, and its state is made from. */
export interface Facts {
  isLoading: boolean;
  lastSyncedAt: number | null;
  retryCount: number;
  error?: ProgressError;
  /** The sender or a force sync is at work. */
  sending?: unknown;
  forcing?: boolean;
  /** Whoever waits for a reset. */
  resets?: (() => void)[];
  /** Updates that the sidecar accepted, and that are not known to be saved. */
  waiting: number;
  /** The sidecar's own state, if something waits there. */
  server?: Partial<WireSync>;
}

/** One word for it all; what comes first hides what comes after. */
export function statusOf(o: Settings, facts: Facts, offline: boolean, pending: boolean): SyncStatus {
  const { error, retryCount, server } = facts;
  const used = retryCount > o.maxRetries;
  if (offline || used && error?.kind === "network") return "offline";
  if (error && (used || error.kind === "validation")) return "error";
  if (retryCount) return "retrying";
  if (facts.sending || facts.forcing) return "saving";
  if (server?.error) return server.status === "error" ? "error" : "retrying";
  return pending ? "pending" : facts.lastSyncedAt ? "saved" : "idle";
}
