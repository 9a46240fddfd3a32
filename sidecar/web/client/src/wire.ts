import type { Segments } from "./segments.js";
import type { ErrorKind } from "./types.js";

/**
 * The sidecar's record of a lesson. A receipt has position, percentage and, if there is one, completion, time and generation;
 * an update that the sidecar had already, and saved, has the last two or less.
 */
export interface WireRecord {
  positionSeconds?: number;
  maxPositionSeconds?: number;
  durationSeconds?: number;
  percentage?: number;
  watchedSeconds?: number;
  watchedSegments?: Segments;
  completed?: boolean;
  lastWatchedAt?: string;
  generation?: number;
  saved?: boolean;
  pendingUpdates?: number;
}

/** The sidecar's sync state. */
export interface WireSync {
  pendingUpdates: number;
  nextSyncAt?: string | null;
  error?: { kind: ErrorKind; message: string } | null;
  /** The name of the sidecar that answers. */
  writer?: string;
  /** The learner's home was not asked: the state is that of a sidecar that may have accepted nothing. */
  stale?: boolean;
  /** How many records the database refused during a force sync. */
  quarantined?: number;
}

/** The members of the sidecar's answers that are used here. */
export interface WireBody extends Partial<WireSync> {
  /** In the order of the updates; null for one that was not accepted. */
  progress?: (WireRecord | null)[];
  sync?: WireSync;
  errors?: { index: number; status: number; detail: string }[];
  detail?: string;
}

/** Where the learner was, in seconds; undefined if the sidecar has no position, which it tells as 0. */
export const positionOf = (record?: WireRecord | null) =>
  record?.positionSeconds || record?.maxPositionSeconds ? record.positionSeconds : undefined;

/** When the learner did the last thing that is in the record, by the server's clock, in Unix milliseconds. */
export const timeOf = (record?: WireRecord | null) => Date.parse(record?.lastWatchedAt!) || 0;
