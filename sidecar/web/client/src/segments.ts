/** Stretches of a lesson in seconds, sorted, apart from each other. */
export type Segments = [from: number, to: number][];

/** The union of the segments and one more. */
export function addSegment(segments: Segments, from: number, to: number): Segments {
  const apart: Segments = [];
  for (const s of segments) {
    if (s[1] < from || s[0] > to) apart.push(s);
    else {
      from = Math.min(from, s[0]);
      to = Math.max(to, s[1]);
    }
  }
  apart.push([from, to]);
  return apart.sort((a, b) => a[0] - b[0]);
}

/** How many seconds the segments cover. */
export function watched(segments: Segments): number {
  return segments.reduce((sum, s) => sum + s[1] - s[0], 0);
}
