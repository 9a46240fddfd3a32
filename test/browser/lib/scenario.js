import { test } from "node:test";

/** A test that is given up in the end, whatever it hangs in. */
export const scenario = (name, work) => test(name, { timeout: 300_000 }, work);

/** The sample LMS's pages: with the package's React hook, and with its custom element. */
export const kinds = ["react", "element"];

/** By which kind of page a case runs where one has to do, by the case's name. */
const chosen = new Map();

/**
 * A case about the client, which both kinds of page share. In CI it runs on one of them, in turn, since both together take
 * as long as all other cases do.
 */
export function clientScenario(kind, name, work) {
  if (!chosen.has(name)) chosen.set(name, kinds[chosen.size % kinds.length]);
  if (!process.env.CI || chosen.get(name) === kind) scenario(`${kind}: ${name}`, work);
}
