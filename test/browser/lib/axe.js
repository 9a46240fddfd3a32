import assert from "node:assert/strict";
import { createRequire } from "node:module";

// Run in the page by the debugger, which no content security policy hinders.
const { source } = createRequire(import.meta.url)("axe-core");

/** Fails with what axe-core finds wrong in a page, colour contrast included. */
export async function accessible(page, what) {
  await page.evaluate(source);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations", "passes"] }));
  const found = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`) }));
  assert.deepEqual(found, [], `${what} is not accessible`);
  assert.ok(passes.some(({ id }) => id === "color-contrast"), `${what}: colour contrast could be measured`);
}
