import type { ProgressStorage, StoredUpdate } from "./types.js";

const STORE = "updates";

/** Keeps unsent updates in IndexedDB. */
export function indexedDBStorage(name = "progress-sync"): ProgressStorage {
  let opened: Promise<IDBDatabase> | undefined;

  const open = () =>
    (opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    }));

  const run = async <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T> | void) => {
    const db = await open();
    return new Promise<T>((resolve, reject) => {
      const tx = db.transaction(STORE, mode);
      const request = work(tx.objectStore(STORE));
      tx.oncomplete = () => resolve(request?.result as T);
      tx.onabort = () => reject(tx.error);
    });
  };

  return {
    list: () => run<StoredUpdate[]>("readonly", (store) => store.getAll()),
    write: (put, remove) =>
      run<void>("readwrite", (store) => {
        for (const update of put) store.put(update);
        for (const id of remove) store.delete(id);
      }),
  };
}
