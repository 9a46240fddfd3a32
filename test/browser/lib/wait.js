/** How long a test waits for something that must happen. */
export const PATIENCE = 40_000;

/** What one question counts for at most, so that a machine that stood still meanwhile is no lack of patience. */
const STEP = 1000;

/** Polls until `holds` gives something true, which it returns. */
export async function eventually(what, holds, patience = PATIENCE) {
  let last;
  for (let waited = 0; ; ) {
    const asked = Date.now();
    try {
      const found = await holds();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (waited > patience) throw new Error(`waited in vain for ${what}${last ? `: ${last.message}` : ""}`, { cause: last });
    await new Promise((done) => setTimeout(done, 40));
    waited += Math.min(Date.now() - asked, STEP);
  }
}
