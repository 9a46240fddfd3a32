/** The union of the segments and one more. */
export function addSegment(segments, from, to) {
    const apart = [];
    for (const s of segments) {
        if (s[1] < from || s[0] > to)
            apart.push(s);
        else {
            from = Math.min(from, s[0]);
            to = Math.max(to, s[1]);
        }
    }
    apart.push([from, to]);
    return apart.sort((a, b) => a[0] - b[0]);
}
/** How many seconds the segments cover. */
export function watched(segments) {
    return segments.reduce((sum, s) => sum + s[1] - s[0], 0);
}
