/** Stretches of a lesson in seconds, sorted, apart from each other. */
export type Segments = [from: number, to: number][];
/** The union of the segments and one more. */
export declare function addSegment(segments: Segments, from: number, to: number): Segments;
/** How many seconds the segments cover. */
export declare function watched(segments: Segments): number;
