/** Longest wait between attempts, on average, in milliseconds. */
export const PROBE = 60_000;

/** A wait in milliseconds: exponential, and random from nothing to twice that, so that pages which failed together don't come back together. */
export const backoff = (first: number, attempt: number) => Math.min(PROBE, first * 2 ** attempt) * 2 * Math.random();
