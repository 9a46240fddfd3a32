import type { ProgressStorage, Stored } from "./types.js";

const STORE = "updates";

/** Learners of whom this page keeps nothing any more. */
const cleared = new Set<string | undefined>();

/** Names what is kept of a learner behind an endpoint. */
export const scopeOf = (endpoint: string, userId?: string) => "progress-sync " + endpoint + "\n" + userId;

/** The learner of whom an item is. */
export const learnerOf = ({ scope }: Stored) => scope.split("\n")[1];

/** Keeps unsent updates, and what was seen, in IndexedDB. */
export const browserStorage: ProgressStorage = {
  list: () => run<Stored[]>("readonly", (store) => store.getAll()),
  write: (put, remove) =>
    run<void>("readwrite", (store) => {
      for (const id of remove) store.delete(id);
      for (const item of put) if (!cleared.has(learnerOf(item))) store.put(item);
    }),
};

/** Removes what is kept of a learner, and keeps no more until this page is opened for them again. */
export async function wipe(userId: string): Promise<void> {
  cleared.add(userId);
  const items = await browserStorage.list();
  await browserStorage.write([], items.filter((item) => learnerOf(item) === userId).map((item) => item.id));
}

/** The learner is back. */
export function welcome(userId?: string): void {
  cleared.delete(userId);
}

// Opened anew each time: a connection can be lost, or keep the page out of the browser's cache.
const run = <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T> | void) =>
  new Promise<T>((resolve, reject) => {
    const opening = indexedDB.open("progress-sync", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id" });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      // Browsers tell a write to be done before it is on the disk, unless they are asked; a loss of power would take it.
      const tx = db.transaction(STORE, mode, { durability: "strict" });
      const request = work(tx.objectStore(STORE));
      tx.oncomplete = () => resolve(request?.result as T);
      tx.onabort = () => reject(tx.error);
      // Only when the transaction is done.
      db.close();
    };
  });
