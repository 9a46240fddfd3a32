const STORE = "updates";
/** Keeps unsent updates in IndexedDB. */
export function indexedDBStorage(name = "progress-sync") {
    let opened;
    const open = () => (opened ??= new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 1);
        request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    }));
    const run = async (mode, work) => {
        const db = await open();
        return new Promise((resolve, reject) => {
            const tx = db.transaction(STORE, mode);
            const request = work(tx.objectStore(STORE));
            tx.oncomplete = () => resolve(request?.result);
            tx.onabort = () => reject(tx.error);
        });
    };
    return {
        list: () => run("readonly", (store) => store.getAll()),
        write: (put, remove) => run("readwrite", (store) => {
            for (const update of put)
                store.put(update);
            for (const id of remove)
                store.delete(id);
        }),
    };
}
