import type { ErrorKind, ProgressError, ProgressSyncSettings } from "./types.js";

/** The sidecar's record of a lesson; of an update that it had already, and saved, no more than the last two. */
export interface WireRecord {
  positionSeconds?: number;
  percentage?: number;
  completed?: boolean;
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
  error: { kind: ErrorKind; message: string } | null;
  /** Which sidecar says so. */
  writer?: string;
}

/** Whatever of an answer is used here. */
export interface WireBody extends Partial<WireSync> {
  /** In the order of the updates; null for one that was not accepted. */
  progress?: (WireRecord | null)[];
  stale?: boolean;
  sync?: WireSync;
  errors?: { index: number; status: number; detail: string }[];
  detail?: string;
}

/** An answer, or why there is none. */
export interface Answer {
  body: WireBody;
  /** Absent if the request was done. */
  error?: ProgressError;
  /** How long the server asks to be left alone, in milliseconds, at most an hour. */
  retryAfter: number;
}

/** A request as it went, for the debug panel. */
export interface Attempt {
  /** When it was sent, in Unix milliseconds. */
  at: number;
  method: string;
  url: string;
  /** Undefined while it is under way. */
  milliseconds?: number;
  /** HTTP status, if there was an answer. */
  status?: number;
  error?: ProgressError;
}

/** The last 20 requests of the page, the oldest first. */
export const attempts: Attempt[] = [];

/** Asks for the lesson of a client. */
export type Ask = (method: string, what: string) => Promise<Answer>;

/** No answer within this time is as good as no network. */
const TIMEOUT = 40_000;
/** What all keepalive requests of a page may hold together is 64 KiB. */
const KEEPALIVE = 65_536;

let kept = 0;
let skew = 0;

/** The server's time, now or when this device's clock says: what one device did later has to look later than what another did before. */
export const now = (at = Date.now()) => at + skew;

export const resolve = <T extends string | object>(value?: T | (() => T)): T | undefined =>
  typeof value === "function" ? value() : value;

export async function request(o: ProgressSyncSettings, method: string, url: string, json = ""): Promise<Answer> {
  // A character has at most three bytes.
  const size = json.length * 3;
  kept += size;
  const attempt: Attempt = { at: Date.now(), method, url };
  attempts.push(attempt);
  if (attempts.length > 20) attempts.shift();
  try {
    const token = resolve(o.csrfToken);
    const answer = await (o.fetch ?? fetch)(url, {
      method,
      headers: {
        "Content-Type": "application/json",
        ...(token && { "X-CSRF-Token": token }),
        ...resolve(o.headers),
      },
      body: json || undefined,
      keepalive: method !== "GET" && kept < KEEPALIVE,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const { headers } = answer;
    // A login page that a proxy redirects to is 200, too, but not the sidecar's.
    const body = await answer.json().catch(() => {});
    const ahead = Date.parse(headers.get("Date")!) - Date.now();
    // Smaller differences are the way here and back, and would put events of one page out of order.
    if (Math.abs(ahead - skew) > 5e3) skew = ahead;
    const after = headers.get("Retry-After")!;
    attempt.status = answer.status;
    attempt.error = answer.ok && body ? undefined : problem(answer.status, body?.detail);
    return {
      body: body ?? {},
      retryAfter: Math.min(36e5, +after * 1e3 || Date.parse(after) - now() || 0),
      error: answer.ok && body ? undefined : problem(answer.status, body?.detail),
    };
  } catch (reason) {
    return { body: {}, retryAfter: 0, error: (attempt.error = { kind: "network", message: "" + reason }) };
  } finally {
    attempt.milliseconds = Date.now() - attempt.at;
    kept -= size;
  }
}

/** An answer that is no success, in the client's words. */
export const problem = (status: number, message = "" + status): ProgressError => ({
  kind: status === 429 ? "rate_limit" : REFUSED.includes(status) ? "validation" : "server",
  message,
  status,
});

/** The learner was erased, or the content is wrong: of one item, and said by the sidecar, for good. */
export const REFUSED = [410, 422];

/** When the learner did the last thing that is in the record, by the server's clock, in Unix milliseconds. */
export const instant = (record?: WireRecord | null) => Date.parse(record?.lastWatchedAt!) || 0;
