import type { StoredUpdate, Update } from "./types.js";
/** The object without what is undefined. */
export declare const defined: <T extends object>(value: T) => T;
/**
 * Adds an unsent update of a lesson to those that wait, of which there are never
 * more than two: one that ends at the furthest position, and one for what came
 * after a rewind, since an update has one position only.
 */
export declare function gather(waiting: StoredUpdate[], next: StoredUpdate): StoredUpdate[];
/** What goes over the wire: if it is to be small, rounded to milliseconds and without counts of zero. */
export declare const wire: (updates: Update[], small?: boolean, csrfToken?: string) => string;
