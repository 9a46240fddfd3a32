/** How long a test waits for something that must happen. */
export const PATIENCE = 40_000;

/** Polls until `holds` gives something true, which it returns. */
export async function eventually(what, holds, patience = PATIENCE) {
  const end = Date.now() + patience;
  let last;
  for (;;) {
    try {
      const found = await holds();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited in vain for ${what}${last ? `: ${last.message}` : ""}`, { cause: last });
    await new Promise((done) => setTimeout(done, 40));
  }
}
