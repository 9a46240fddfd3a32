/** Stretches of a lesson in seconds, apart from each other. */
export type Segments = [from: number, to: number][];

/** The union of segments. */
export const unite = (some: Segments = [], more: Segments = []): Segments => more.reduce(addSegment, some);

/** The segments and one more; they themselves if it is in one of them. */
function addSegment(segments: Segments, [from, to]: Segments[0]): Segments {
  if (segments.some(([start, end]) => start <= from && end >= to)) return segments;
  const apart = segments.filter(([start, end]) => {
    if (end < from || start > to) return true;
    from = Math.min(from, start);
    to = Math.max(to, end);
  });
  return [...apart, [from, to]];
}

/** How many seconds the segments cover. */
export function watched(segments: Segments): number {
  return segments.reduce((sum, [from, to]) => sum + to - from, 0);
}
