import { inTime } from "./queue.js";
import { wipe } from "./storage.js";
import { joinTabs } from "./tabs.js";

/**
 * Removes what this browser keeps of a learner, what is not sent yet too, and lets no open page of theirs keep more.
 * For computers that learners share, when one of them signs out; `forceSync()` before it sends what waits. Never fails:
 * a browser without IndexedDB has kept nothing.
 */
export async function clear(userId: string): Promise<void> {
  const tabs = joinTabs(() => {});
  tabs?.postMessage({ cleared: userId });
  await inTime(wipe(userId));
  tabs?.close();
}
