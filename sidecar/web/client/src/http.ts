import type { ErrorKind, ProgressError, ProgressSyncSettings } from "./types.js";

/** The sidecar's record of a lesson; of an update that it had already, and saved, no more than the last two. */
export interface WireRecord {
  positionSeconds?: number;
  maxPositionSeconds?: number;
  durationSeconds?: number;
  percentage?: number;
  watchedSeconds?: number;
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
  /** How many records the database refused during a force sync. */
  quarantined?: number;
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
  /** The CSRF token that was sent. */
  token?: string;
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

/** Sends a request for a client: with `json` about what is in there, otherwise about its lesson, which is added to the address. */
export type Ask = (method: string, what: string, json?: string) => Promise<Answer>;

/** No answer within this time is as good as no network. */
const TIMEOUT = 40_000;
/** What all keepalive requests of a page may hold together is 64 KiB (Fetch, "HTTP-network-or-cache fetch"). */
const KEEPALIVE = 65_536;

let kept = 0;
let skew = 0;

/** The server's time, now or when this device's clock says: what one device did later has to look later than what another did before. */
export const now = (at = Date.now()) => at + skew;

export const resolve = <T extends string | object>(value?: T | (() => T | undefined)): T | undefined =>
  typeof value === "function" ? value() : value;

export async function request(o: ProgressSyncSettings, method: string, url: string, json = ""): Promise<Answer> {
  const attempt: Attempt = { at: Date.now(), method, url };
  if (attempts.push(attempt) > 20) attempts.shift();
  const answer = await exchange(o, attempt, json);
  attempt.milliseconds = Date.now() - attempt.at;
  attempt.error = answer.error;
  return answer;
}

async function exchange(o: ProgressSyncSettings, attempt: Attempt, json: string): Promise<Answer> {
  // A character has at most three bytes.
  const size = json.length * 3;
  kept += size;
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), TIMEOUT);
  let redirected = false;
  let token: string | undefined;
  try {
    token = resolve(o.csrfToken);
    const send = (redirect: RequestRedirect) => (o.fetch ?? fetch)(attempt.url, {
      method: attempt.method,
      headers: {
        "Content-Type": "application/json",
        ...(token && { "X-CSRF-Token": token }),
        ...resolve(o.headers),
      },
      body: json || undefined,
      keepalive: attempt.method !== "GET" && kept < KEEPALIVE,
      signal: ending.signal,
      redirect,
    });
    let answer = await send("manual");
    redirected = answer.type === "opaqueredirect";
    if (redirected) answer = await send("follow");
    const { headers, status } = answer;
    attempt.status = status;
    const body = await answer.json().catch(() => {});
    const ahead = Date.parse(headers.get("Date")!) - Date.now();
    // Smaller differences are the way here and back, and would put events of one page out of order.
    if (Math.abs(ahead - skew) > 5e3) skew = ahead;
    const after = headers.get("Retry-After")!;
    return {
      body: body ?? {},
      token,
      retryAfter: Math.min(36e5, +after * 1e3 || Date.parse(after) - now() || 0),
      error: answer.ok && body ? undefined : problem(status, body?.detail, !body),
    };
  } catch (reason) {
    // A login page of another origin can't be read.
    return { body: {}, token, retryAfter: 0, error: { kind: redirected ? "auth" : "network", message: "" + reason } };
  } finally {
    clearTimeout(timer);
    kept -= size;
  }
}

/** Statuses by which LMSes say that the session or its token is over: 419 is Laravel's, 440 that of IIS. */
const SIGNED_OUT = [401, 403, 419, 440];

/** An answer that is no success, in the client's words. A page in place of JSON is one to sign in, and with 422 how Rails refuses a token. */
export const problem = (status: number, message = "" + status, page?: boolean): ProgressError => ({
  kind: SIGNED_OUT.includes(status) || page && (status < 400 || status === 422) ? "auth" : status === 429 ? "rate_limit" : REFUSED.includes(status) ? "validation" : "server",
  message,
  status,
});

/** The learner was erased, or the content is wrong: of one item, and said by the sidecar, for good. */
export const REFUSED = [410, 422];

/** Where the learner was, in seconds; undefined if the sidecar holds no position, which it tells as 0. */
export const positionOf = (record?: WireRecord | null) =>
  record?.positionSeconds || record?.maxPositionSeconds ? record.positionSeconds : undefined;

/** When the learner did the last thing that is in the record, by the server's clock, in Unix milliseconds. */
export const instant = (record?: WireRecord | null) => Date.parse(record?.lastWatchedAt!) || 0;
