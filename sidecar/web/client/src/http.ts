import type { ErrorKind, ProgressError, ProgressSyncSettings } from "./types.js";

/** The sidecar's record of a lesson. */
export interface WireRecord {
  positionSeconds: number;
  percentage: number;
  completed: boolean;
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
}

/** Whatever of an answer is used here. */
export interface WireBody extends Partial<WireSync> {
  progress?: WireRecord | (WireRecord | null)[];
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
  /** How long the server asks to be left alone, in milliseconds. */
  retryAfter: number;
}

/** No answer within this time is as good as no network. */
const TIMEOUT = 40_000;
/** What keepalive requests of a page may hold together is 64 KiB. */
const KEEPALIVE = 60_000;

export const resolve = <T extends string | object>(value?: T | (() => T)): T | undefined =>
  typeof value === "function" ? value() : value;

export async function request(o: ProgressSyncSettings, method: string, url: string, json?: string): Promise<Answer> {
  const token = resolve(o.csrfToken);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT);
  try {
    const answer = await (o.fetch ?? fetch)(url, {
      method,
      headers: {
        ...(json && { "Content-Type": "application/json" }),
        ...(token && { "X-CSRF-Token": token }),
        ...resolve(o.headers),
      },
      body: json,
      keepalive: method !== "GET" && (json ?? "").length < KEEPALIVE,
      signal: stop.signal,
    });
    const { status, headers } = answer;
    const body = await answer.json().catch(() => ({}));
    const after = headers.get("Retry-After");
    const retryAfter = after ? Math.max(0, Number(after) * 1e3 || Date.parse(after) - Date.now() || 0) : 0;
    return { body, retryAfter, error: answer.ok ? undefined : problem(status, body.detail) };
  } catch {
    return { body: {}, retryAfter: 0, error: { kind: "network", message: "no answer" } };
  } finally {
    clearTimeout(timer);
  }
}

/** An answer that is no success, in the client's words. */
export const problem = (status: number, message = "HTTP " + status): ProgressError => ({
  kind: status === 429 ? "rate_limit" : status === REFUSED ? "validation" : "server",
  message,
  status,
});

/** The content itself is wrong, so that sending it again is no use. All else is kept and sent again. */
export const REFUSED = 422;

/** Sends while the page goes away; nobody hears the answer. */
export function beacon(o: ProgressSyncSettings, url: string, json: string): void {
  if (!o.fetch && !("keepalive" in Request.prototype)) {
    navigator.sendBeacon(url, json); // as text/plain
  } else void request(o, "POST", url, json);
}
