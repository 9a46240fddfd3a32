/** Differences between two clocks that are no larger may come from the way of an answer, in milliseconds. */
const UNSURE = 5_000;

/** By how much the server's clock is ahead of this device's, in milliseconds. */
let skew = 0;

/** The server's time, now or when this device's clock says, so that what devices did can be compared. In Unix milliseconds. */
export const serverTime = (at = Date.now()) => at + skew;

/** Learns the server's clock from the `Date` of an answer. Smaller differences are left alone, since they would put events of one page out of order. */
export function learnServerTime(date: string | null): void {
  const ahead = Date.parse(date!) - Date.now();
  if (Math.abs(ahead - skew) > UNSURE) skew = ahead;
}
