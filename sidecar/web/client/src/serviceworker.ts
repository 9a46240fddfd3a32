import { request } from "./http.js";
import { createQueue } from "./queue.js";
import { outcomeOf } from "./sender.js";
import { DEFAULTS } from "./state.js";
import { browserStorage, learnerOf } from "./storage.js";
import type { StoredUpdate } from "./types.js";
import { rounded, stamped } from "./update.js";
import { TAG } from "./worker.js";

export interface LeftoverOptions {
  /** Whose session the browser has, or nothing: no other learner's updates are sent. It is asked each time. */
  userId: () => string | undefined | Promise<string | undefined>;
  /** Sent with every request, such as the session's CSRF token. */
  headers?: () => HeadersInit | Promise<HeadersInit>;
  /** Default the worker's own. */
  fetch?: typeof fetch;
}

/** The event of Background Sync, of which TypeScript's types of the web know nothing. */
interface SyncEvent extends Event {
  readonly tag: string;
  waitUntil(work: Promise<unknown>): void;
}

/** Sends what closed tabs have left whenever the browser says that there is a network. Call it as the service worker starts. */
export function handleSync(options: LeftoverOptions): void {
  addEventListener("sync", (event) => {
    const { tag, waitUntil } = event as SyncEvent;
    if (tag === TAG) waitUntil.call(event, sendLeftovers(options));
  });
}

/**
 * Sends what closed tabs have left of the learner who is signed in, under the ids that it has, and leaves alone what an open
 * page has. What is not answered is kept. Fails where another attempt may help, which makes the browser try again.
 */
export async function sendLeftovers(options: LeftoverOptions): Promise<void> {
  const userId = await options.userId();
  if (!userId) return;
  const headers = new Headers(await options.headers?.());
  headers.set("Content-Type", "application/json");
  const scopes = new Set((await browserStorage.list()).filter((item) => learnerOf(item) === userId).map((item) => item.scope));
  for (const scope of scopes) await sendScope(scope, headers, options.fetch ?? fetch);
}

/** Sends what is left of a learner behind one endpoint. */
async function sendScope(scope: string, headers: Headers, send: typeof fetch): Promise<void> {
  const queue = createQueue({}, scope, browserStorage, () => undefined);
  // As a page would be: no other takes it over while the lock is there, and the next one does when it is gone.
  queue.claim();
  try {
    await queue.takeOver();
    let size = DEFAULTS.batchSize;
    for (;;) {
      const batch = queue.frozen().slice(0, size);
      if (!batch[0]) return;
      const answer = await post(scope, headers, send, batch);
      const { finished } = outcomeOf(batch, answer);
      await queue.remove(finished);
      if (finished.length === batch.length) continue;
      if (answer.error?.status === 413 && batch[1]) size = batch.length >> 1;
      // The learner has to sign in, after which a page sends it.
      else if (answer.error?.kind === "auth") return;
      else throw new Error("not all that closed tabs have left is accepted: " + (answer.error?.message ?? "some was refused for now"));
    }
  } finally {
    queue.release();
  }
}

const post = (scope: string, headers: Headers, send: typeof fetch, batch: StoredUpdate[]) =>
  request(send, "POST", endpointOf(scope) + "/v1/progress", () => headers, JSON.stringify(stamped(batch), rounded));

const endpointOf = (scope: string) => scope.split("\n")[0]!.slice("progress-sync ".length);
