import type { Attempt } from "./http.js";
import type { ProgressError, ProgressState } from "./types.js";

/** The device's time of day, HH:MM:SS. */
export const clock = (at: number) => new Date(at).toTimeString().slice(0, 8);

const why = ({ kind, status, message }: ProgressError) => [kind, status, message].filter(Boolean).join(", ");

/** A client's state, member by member, the one that sums it up first. */
export const facts = ({ status, ...others }: ProgressState): [name: string, value: string][] =>
  Object.entries<any>({ status, ...others }).map(([name, value]) => [
    name,
    value === null ? "–"
    : name === "error" ? why(value)
    : name === "lastSyncedAt" ? clock(value)
    : typeof value === "number" ? "" + +value.toFixed(1)
    : "" + value,
  ]);

/** A request: when, method, path, status, milliseconds, and what went wrong. */
export const line = ({ at, method, url, status, milliseconds, error }: Attempt): string[] => [
  clock(at),
  method,
  new URL(url, "http://a").pathname,
  "" + (status ?? "–"),
  milliseconds === undefined ? "…" : milliseconds.toFixed() + " ms",
  error ? why(error) : "",
];

/**
 * How the requests with progress that were answered, or failed, went: five numbers under the names that the policy's
 * `status.sync` has. A dash stands for what is not known yet.
 */
export function rates(requests: readonly Attempt[]): [name: string, value: string][] {
  const all = requests.filter(({ updates, milliseconds }) => updates && milliseconds !== undefined);
  const done = all.filter(({ error }) => !error);
  const retries = all.filter(({ retryCount }) => retryCount).length;
  const minutes = all[1] ? (all[all.length - 1]!.at - all[0]!.at) / 60_000 : 0;
  // A failure must not be rounded away.
  const failed = Math.ceil((1000 * (all.length - done.length)) / all.length) / 10;
  const told = (value: number, digits: number, unit = "") => Number.isFinite(value) ? value.toFixed(digits) + unit : "–";
  return [
    ["syncFrequency", told((all.length - 1) / minutes, 1)],
    ["averageBatchSize", told(done.reduce((sum, { updates }) => sum + updates!, 0) / done.length, 1)],
    ["successRate", told(100 - failed, 1, "%")],
    ["averageRetries", told(retries / done.length, 2)],
    ["errorRate", told(failed, 1, "%")],
  ];
}

/** What came of a force sync. */
export const outcome = (saved: boolean, { isDirty, error }: ProgressState): string =>
  saved ? "All of it is in the database."
  : (isDirty ? "Not accepted yet: this browser keeps it." : "Accepted, and not in the database yet.") + (error ? ` ${why(error)}` : "");

/** The text without the learner's id, however it is written there. */
function mask(text: string, id: string): string {
  for (const written of [encodeURIComponent(id), encodeURIComponent(id).replaceAll("%20", "+"), id]) {
    text = text.replaceAll(written, (found, at: number, whole: string) =>
      /\w/.test(whole.charAt(at - 1) + whole.charAt(at + found.length)) ? found : "***");
  }
  return text;
}

/** All of it as JSON, to be shown to somebody else: learners are masked wherever a request or a message names them. */
export function copy(lesson: string, state: ProgressState, requests: readonly Attempt[]): string {
  const learners = requests.flatMap(({ url }) => new URL(url, "http://a").searchParams.get("userId") || []);
  return JSON.stringify(
    { at: new Date(), lesson, state, requests },
    (_, value) => (typeof value === "string" ? learners.reduce(mask, value) : value),
    2,
  );
}
