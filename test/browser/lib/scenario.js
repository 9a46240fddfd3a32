import { test } from "node:test";

/** A test that is given up in the end, whatever it hangs in. */
export const scenario = (name, work) => test(name, { timeout: 120_000 }, work);
