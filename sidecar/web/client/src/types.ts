/** What kind of trouble it is: the words of the sidecar's API, and `auth` where the LMS wants the learner to sign in. */
export type ErrorKind = "network" | "server" | "validation" | "rate_limit" | "auth";

/** Why something could not be sent or saved. */
export interface ProgressError {
  readonly kind: ErrorKind;
  /** What happened and what to do, for a developer. */
  readonly message: string;
  /** HTTP status, if there was an answer. */
  readonly status?: number;
}

/**
 * What to show to the learner, for whom accepted is saved, since it is kept from then on:
 *
 * - `idle`: nothing was asked or done yet
 * - `saved`: all is accepted, or was done within the last seconds
 * - `saving`: the learner asked for it to be saved now
 * - `stale`: what was done before this page was opened can't be shown right now
 * - `pending`, `retrying`: something is in this browser alone for longer than it should be; an attempt is under way, or failed
 * - `offline`: there is no network
 * - `auth`: the learner has to sign in again
 * - `error`: something was refused for good, or set aside
 */
export type SyncStatus = "idle" | "saved" | "saving" | "stale" | "pending" | "retrying" | "offline" | "auth" | "error";

/** What came of a force sync: it is in the database, accepted and not there yet, or still in this browser alone. */
export type ForceResult = "saved" | "kept" | "failed";

/** A snapshot; a new object is made only when something in it changes. */
export interface ProgressState {
  readonly status: SyncStatus;
  /** Position in seconds. */
  readonly progressSeconds: number;
  /** 0 to 100; never falls except by a reset. */
  readonly watchedPercentage: number;
  /** Seconds of the lesson seen at least once, in this browser or by what the server knows. */
  readonly watchedSeconds: number;
  /** Which of it: stretches apart from each other, in no order, such as for a bar; of other devices as the server rounds them. */
  readonly watchedSegments: readonly (readonly [from: number, to: number])[];
  readonly completed: boolean;
  /** The server has not been asked yet where the learner is. */
  readonly isLoading: boolean;
  /** The server could not tell, or its database could not: position, percentage and completion may be more than what is known here. */
  readonly isStale: boolean;
  /** Where the learner could go on, in seconds, if the server told it too late to go there unasked; null if there is nothing to offer. */
  readonly resumeAt: number | null;
  /** Something is in this browser alone. */
  readonly isDirty: boolean;
  /** Something is not saved yet: in this browser alone, or accepted by the sidecar and not in the database. */
  readonly isPendingSync: boolean;
  /** When what the sidecar had accepted of this lesson was last known to be in the database, in Unix milliseconds. */
  readonly lastSyncedAt: number | null;
  /** Updates that are not saved yet, merged as they are sent. */
  readonly pendingUpdates: number;
  /** Failed attempts since the last one that worked. */
  readonly retryCount: number;
  readonly error: ProgressError | null;
  /** What came of the last force sync, for some seconds after it. */
  readonly forceResult: ForceResult | null;
}

/** Counts since the previous call, not totals. */
export interface ProgressDetails {
  seekEvents?: number;
  pauseEvents?: number;
  /** 1 is normal. */
  playbackSpeed?: number;
  /** What is between this position and that of the previous call was not played. Default: whether `seekEvents` is more than 0. */
  jumped?: boolean;
}

/** How updates are gathered and sent; may change at any time without a restart. */
export interface DebounceConfig {
  /** How long after the first unsent change it is sent, in milliseconds. Default 30000. */
  intervalMs?: number;
  /** Attempts after the first before the client probes once a minute only. Nothing is dropped then. Default 3. */
  maxRetries?: number;
  /** Wait before the second attempt in milliseconds, doubled each time up to a minute. Default 5000. */
  retryDelayMs?: number;
  /** Most updates in one request. Default 10. */
  batchSize?: number;
  /** Show changes at once; if false, only what the sidecar accepted. Default true. */
  enableOptimisticUpdates?: boolean;
  /** Round to milliseconds. Default true. */
  enableCompression?: boolean;
}

/** What may be changed later by `configure`. */
export interface ProgressSyncSettings extends DebounceConfig {
  fetch?: typeof globalThis.fetch;
  /** Sent with every request but a beacon. */
  headers?: Record<string, string> | (() => Record<string, string>);
  /** Sent in X-CSRF-Token and, as `csrfToken`, in the body, since a beacon has no headers. */
  csrfToken?: string | (() => string | undefined);
  /** Percent at which the lesson shows as completed; the policy's threshold decides in the end. Default 95. */
  completionThreshold?: number;
  /** What a percentage is made from: the furthest position, or the seconds seen, over all visits. Default "position". */
  percentage?: "position" | "watched";
  /** Listen to server-sent events while something waits to be saved. Default true. */
  events?: boolean;
  /** A callback or a listener that fails stops nothing; it shows as an unhandled rejection. */
  onProgressUpdate?: (progress: ProgressState) => void;
  onComplete?: () => void;
  /** Called for each failed attempt until the retries are used up. */
  onError?: (error: ProgressError) => void;
}

/** What a client is made with: the lesson, the learner, and the way to the sidecar. */
export interface ProgressSyncOptions extends ProgressSyncSettings {
  /** Where the LMS proxies to its sidecar, such as "/progress". */
  endpoint: string;
  /** Without it the proxy must name the learner, and nothing is kept in the browser's storage. */
  userId?: string;
  courseId: string;
  lessonId: string;
  moduleId?: string;
  /** Keeps what is unsent; null for memory only. Default IndexedDB, where there are also Web Locks. */
  storage?: ProgressStorage | null;
  /** False waits for `start()`. Default true. */
  autoStart?: boolean;
}

/** One update as the sidecar takes it. */
export interface Update {
  eventId: string;
  userId?: string;
  courseId: string;
  lessonId: string;
  moduleId?: string;
  currentTime?: number;
  duration?: number;
  percentage?: number;
  watchedDuration?: number;
  watchedDelta?: number;
  /** What was seen, in seconds. It may have been told before. */
  watchedSegments?: [from: number, to: number][];
  seekEvents?: number;
  pauseEvents?: number;
  playbackSpeed?: number;
  completed?: boolean;
  /** The learner leaves, as far as the page can tell: more may come all the same. A hint, which is part of no record. */
  leaving?: boolean;
  /** Unix milliseconds by the device's clock, which the sidecar corrects by what the clock says on sending. */
  occurredAt: number;
}

/** An update that is not known to be accepted. */
export interface StoredUpdate {
  /** The event id. */
  id: string;
  /** Endpoint and learner: nobody else's updates are sent. */
  scope: string;
  /** The client that has it in memory. */
  owner: string;
  /** It may have been sent under its id already, so it must not become part of another update. */
  sent: boolean;
  update: Update;
}

/** What was seen of a lesson. */
export interface StoredSegments {
  /** Names the endpoint, the learner and the lesson. */
  id: string;
  scope: string;
  /** Stretches in seconds, from and to. */
  segments: [from: number, to: number][];
}

/** What a store keeps. */
export type Stored = StoredUpdate | StoredSegments;

/** A store in place of IndexedDB. It may fail or hang: what it should keep is sent all the same. */
export interface ProgressStorage {
  list(): Promise<Stored[]>;
  /** Removes first, then puts, both in one transaction. */
  write(put: Stored[], remove: string[]): Promise<void>;
}

/** How a media element is followed. */
export interface AttachOptions {
  /** Go to where the learner was, unless near the start or the end. Default true. */
  resume?: boolean;
}

/** The progress of one learner in one lesson. The methods need no `this`. */
export interface ProgressSync {
  /** Position and length in seconds. */
  updateProgress(currentTime: number, duration: number, details?: ProgressDetails): void;
  markCompleted(): void;
  /** Starts the lesson anew and drops what is unsent. Resolves when the sidecar has accepted it; tried again until then. */
  resetProgress(): Promise<void>;
  /**
   * Sends what waits at the call, also what closed tabs have left of the learner's other lessons, and asks the sidecar to save
   * the lesson now. True when it is in the database.
   */
  forceSync(): Promise<boolean>;
  /** Drops what this browser alone has of the lesson. What is accepted stays. */
  discardPending(): void;
  /** Takes the attached video to `resumeAt`. */
  resume(): void;
  getState(): ProgressState;
  subscribe(listener: () => void): () => void;
  /** Follows a media element; returns what ends that. */
  attachVideo(video: HTMLMediaElement, options?: AttachOptions): () => void;
  configure(settings: ProgressSyncSettings): void;
  start(): void;
  /** Stops when what waits is accepted; `start()` goes on. */
  destroy(): void;
}

declare global {
  interface Window {
    /** The clients of this page by lesson, for a developer's console. */
    progressSync?: Record<string, ProgressSync>;
  }
}
