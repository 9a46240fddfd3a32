/** The tag of the Background Sync by which the service worker sends what closed tabs have left. */
export const TAG = "progress-sync";

/** A registration, as browsers with Background Sync have it. */
interface Registration {
  readonly sync?: { register(tag: string): Promise<void> };
}

/** Has the page's service worker, if there is one and the browser has Background Sync, send what this page may leave. */
export function askWorker(): void {
  navigator.serviceWorker?.getRegistration()
    .then((found) => (found as Registration | undefined)?.sync?.register(TAG))
    // The learner may have forbidden it. The next page sends what is left.
    .catch(() => {});
}
