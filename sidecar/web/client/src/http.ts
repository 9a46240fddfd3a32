import { learnServerTime, serverTime } from "./clock.js";
import type { ErrorKind, ProgressError } from "./types.js";
import type { WireBody } from "./wire.js";

/** An answer, or why there is none. */
export interface Answer {
  /** Empty where there is none, or it is no JSON. */
  body: WireBody;
  /** Absent if the server did what was asked. */
  error?: ProgressError;
  /** How long the server asks not to be asked again, in milliseconds, at most an hour. */
  retryAfter: number;
}

/** What a request with progress carries. */
export interface Load {
  /** How many updates. */
  updates: number;
  /** How often in a row such a request has failed before. */
  retryCount: number;
}

/** A request as it went, for the debug panel; one with progress says what it carried. */
export interface Attempt extends Partial<Load> {
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

/** How long a request may take, in milliseconds. */
const TIMEOUT = 40_000;
/** The longest wait that a server is granted, in milliseconds. */
const LONGEST_WAIT = 3_600_000;
/** What all keepalive requests of a page may carry together is 64 KiB (Fetch, "HTTP-network-or-cache fetch"). */
const KEEPALIVE = 65_536;

/** Bytes that the requests under way carry, at most. */
let underWay = 0;

/** Sends a request, with a JSON body if one is given. Never fails: that the headers can't be made is told like a network that is not there. */
export async function request(
  send: typeof fetch, method: string, url: string, headersOf: () => HeadersInit, body?: string, load?: Load,
): Promise<Answer> {
  const attempt: Attempt = { at: Date.now(), method, url, ...load };
  if (attempts.push(attempt) > 20) attempts.shift();
  const answer: Answer = { body: {}, retryAfter: 0 };
  // A character has at most three bytes.
  const size = (body?.length ?? 0) * 3;
  underWay += size;
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), TIMEOUT);
  let isRedirected = false;
  try {
    const init: RequestInit = {
      method, body, headers: headersOf(), keepalive: method !== "GET" && underWay < KEEPALIVE, signal: ending.signal,
    };
    let response = await send(url, { ...init, redirect: "manual" });
    isRedirected = response.type === "opaqueredirect";
    if (isRedirected) response = await send(url, init);
    const { headers, status } = response;
    attempt.status = status;
    const found: WireBody | undefined = await response.json().catch(() => {});
    // A page in place of JSON is one to sign in, and with 422 it is how Rails refuses a token.
    const isSignIn = !found && (status < 400 || status === 422);
    learnServerTime(headers.get("Date"));
    const after = headers.get("Retry-After")!;
    answer.retryAfter = Math.min(LONGEST_WAIT, +after * 1e3 || Date.parse(after) - serverTime() || 0);
    answer.body = found ?? {};
    if (!response.ok || !found) answer.error = problem(status, found?.detail, isSignIn ? "auth" : undefined);
  } catch (reason) {
    // A login page of another origin can't be read.
    answer.error = { kind: isRedirected ? "auth" : "network", message: "" + reason };
  }
  clearTimeout(timer);
  underWay -= size;
  attempt.milliseconds = Date.now() - attempt.at;
  attempt.error = answer.error;
  return answer;
}

/**
 * What a status means; all others are the server's trouble. LMSes say by 401, 403, 419 (Laravel) and 440 (IIS) that the
 * session or its token is over. The sidecar refuses for good by 410, of an erased learner, and by 422, of wrong content.
 */
const KINDS: Record<number, ErrorKind> = {
  401: "auth", 403: "auth", 419: "auth", 440: "auth", 410: "validation", 422: "validation", 429: "rate_limit",
};

/** What is wrong with a request, or with one of its updates, by the status that it got. */
export const problem = (status: number, message = "" + status, kind = KINDS[status] ?? "server"): ProgressError => ({ kind, message, status });
