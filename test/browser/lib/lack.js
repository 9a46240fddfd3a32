/**
 * Ends a test for which the machine lacks something, which the reason names. The test is passed over, but fails in CI, where
 * nobody would notice that it never runs. Tells whether there is a reason.
 */
export function lacks(t, reason) {
  if (reason && !["", "false", "0"].includes(process.env.CI ?? "")) throw new Error(`${reason}; CI has to have it`);
  if (reason) t.skip(reason);
  return !!reason;
}
