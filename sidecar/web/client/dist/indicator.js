export const STRINGS = {
    idle: "Up to date",
    pending: "Not saved yet",
    saving: "Saving…",
    saved: "Saved",
    offline: "Offline: progress is saved when you are back",
    retrying: "Not saved yet, trying again",
    error: "Progress could not be saved",
    savedAt: "Saved at {time}",
    waiting: "{count} waiting",
    force: "Save progress now",
    again: "Progress is saved again",
};
/** One outline for each state in a square of 16, so that they differ without colour. */
export const SHAPES = {
    idle: "M3 8h10",
    pending: "M8 2a6 6 0 1 0 .1 0M8 5v3l2 2",
    saving: "M8 13V3M4 7l4-4 4 4",
    saved: "M3 8l3 4 7-8",
    offline: "M2 2l12 12M4 12a6 6 0 0 1 0-7M12 4a6 6 0 0 1 0 7",
    retrying: "M13 8a5 5 0 1 1-2-4M11 1v3H8",
    error: "M8 2l6 12H2zM8 6v4M8 12v.5",
};
/** The state in one word, also for a caller that has only the seed's five members. */
export function statusOf({ status, error, retryCount, isPendingSync, lastSyncedAt }) {
    return status ?? (retryCount ? "retrying" : error ? "error" : isPendingSync ? "pending" : lastSyncedAt ? "saved" : "idle");
}
/** What to write beside the shape. */
export function textOf(state, strings, variant) {
    const status = statusOf(state);
    const { lastSyncedAt, pendingUpdates } = state;
    if (variant !== "full")
        return strings[status];
    if (status === "saved" && lastSyncedAt) {
        const time = new Date(lastSyncedAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
        return strings.savedAt.replace("{time}", time);
    }
    return strings[status] + (pendingUpdates ? " (" + strings.waiting.replace("{count}", "" + pendingUpdates) + ")" : "");
}
export const SILENCE = { trouble: false, polite: "", alert: "" };
export function announce(before, status, strings) {
    if (status === "error")
        return { trouble: true, polite: "", alert: strings.error };
    if (status === "offline")
        return { trouble: true, polite: strings.offline, alert: "" };
    if (status === "saved" && before.trouble)
        return { ...SILENCE, polite: strings.again };
    return status === "idle" ? SILENCE : before;
}
