/** The object without what is undefined. */
export const defined = (value) => Object.fromEntries(Object.entries(value).filter((entry) => entry[1] !== undefined));
/** One update out of two under the older one's id, merged as the sidecar would. */
function merge(older, newer) {
    const merged = { ...older, ...newer, eventId: older.eventId };
    for (const field of ["watchedDelta", "seekEvents", "pauseEvents"])
        merged[field] += older[field];
    for (const field of ["percentage", "watchedDuration"]) {
        if (older[field] > (merged[field] ?? 0))
            merged[field] = older[field];
    }
    return merged;
}
/**
 * Adds an unsent update of a lesson to those that wait, of which there are never
 * more than two: one that ends at the furthest position, and one for what came
 * after a rewind, since an update has one position only.
 */
export function gather(waiting, next) {
    const [first, second] = waiting;
    if (!first)
        return [next];
    const tail = second ? into(second, next) : next;
    return tail.update.currentTime < first.update.currentTime ? [first, tail] : [into(first, tail)];
}
const into = (item, more) => ({
    ...item,
    sent: item.sent || more.sent,
    count: item.count + more.count,
    update: merge(item.update, more.update),
});
/** What goes over the wire: if it is to be small, rounded to milliseconds and without counts of zero. */
export const wire = (updates, small, csrfToken) => JSON.stringify(updates.map((update) => ({ ...update, csrfToken })), (field, value) => !small || typeof value !== "number" ? value
    : value || !/Delta|Events/.test(field) ? Math.round(value * 1e3) / 1e3 : undefined);
