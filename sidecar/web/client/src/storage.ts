import type { ProgressStorage, StoredUpdate } from "./types.js";

const STORE = "updates";

/** Keeps unsent updates in IndexedDB. */
export function indexedDBStorage(): ProgressStorage {
  // Opened anew each time: a connection can be lost, or keep the page out of the browser's cache.
  const run = <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T> | void) =>
    new Promise<T>((resolve, reject) => {
      const opening = indexedDB.open("progress-sync", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id" });
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const db = opening.result;
        const tx = db.transaction(STORE, mode);
        const request = work(tx.objectStore(STORE));
        tx.oncomplete = () => resolve(request?.result as T);
        tx.onabort = () => reject(tx.error);
        // Only when the transaction is done.
        db.close();
      };
    });

  return {
    list: () => run<StoredUpdate[]>("readonly", (store) => store.getAll()),
    write: (put, remove) =>
      run<void>("readwrite", (store) => {
        for (const id of remove) store.delete(id);
        for (const update of put) store.put(update);
      }),
  };
}
