/** Calls a function of the application's at once. Where it fails that stops nothing of the client's, and the promise is rejected. */
export const callApplication = async <T>(work: () => T | Promise<T>): Promise<T> => work();
