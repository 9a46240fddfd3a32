// The sentences of the page, made from the status document alone.
import { plural, span } from "./format.js";

/** What the state means, at a moment (milliseconds). */
export function sentence({ sync, deadLetters }, now) {
  const { state, pendingUpdates } = sync;
  const next = when(sync, now);
  const waiting = waits(pendingUpdates);
  const aside = setAside(deadLetters.count);
  return {
    synced: aside === "" ? "All that was accepted is saved in Postgres." : "Nothing waits.",
    pending: `${waiting} on the sidecar's disk for the window to end. Next write ${next}.`,
    syncing: "A write to Postgres is under way.",
    retrying: `The last attempt failed, the next is ${next}. ${waiting}; nothing accepted is dropped.`,
    parked: `The retries are used up. ${waiting}; nothing accepted is dropped. Postgres is probed ${next}.`,
    offline: "Postgres cannot be reached. No write has suffered from it yet.",
    error: `A person has to act. ${pendingUpdates > 0 ? `${waiting} on the sidecar's disk.` : "No other update waits."}`,
  }[state] + (aside === "" ? "" : ` ${aside}`);
}

/** When the next write is due, or tried again. */
export function when({ nextSyncAt }, now) {
  if (!nextSyncAt) return "soon";
  const left = (Date.parse(nextSyncAt) - now) / 1000;
  return left < 1 ? "now" : `in ${span(left)}`;
}

export const waits = (updates) => `${plural(updates, "update")} ${updates === 1 ? "waits" : "wait"}`;

/** What is said of records in the quarantine, nothing without one. */
export function setAside(records) {
  if (records === 0) return "";
  return `${plural(records, "record")} ${records === 1 ? "is" : "are"} set aside and not saved; see Quarantine.`;
}

/** The trouble that the sidecar is in, null for none. One with records set aside needs a person whatever else it does. */
export function trouble({ sync: { state }, deadLetters }) {
  if (["retrying", "parked", "offline"].includes(state)) return state;
  return state === "error" || deadLetters.count > 0 ? "error" : null;
}

/** What is announced when the trouble was another one before, or null: routine changes are not. */
export function news(before, status) {
  const after = trouble(status);
  const { state, error } = status.sync;
  if (after === before) return null;
  if (after !== null) return `State: ${state}. ${error?.message ?? ""}`;
  if (state === "synced") return "Saved again: nothing waits, and nothing is set aside.";
  return before === "error" ? "Nobody has to act any more." : "Postgres takes writes again.";
}

/** What a forced sync has done, if so many records were refused by it and so many are set aside in all. */
export function written({ pendingUpdates, quarantined = 0 }, deadLetters) {
  const aside = setAside(Math.max(quarantined, deadLetters));
  return (aside === "" ? "all that was accepted before is saved." : `${aside} All else that was accepted before is saved.`)
    + (pendingUpdates > 0 ? ` ${plural(pendingUpdates, "update")} came since.` : "");
}

/** Where the configuration in use comes from. */
export function origin({ namespace = "", name, generation = 0 }, source) {
  const policy = `policy ${namespace}/${name}, generation ${generation}`;
  const written = name ? `Written from the ${policy}` : "Of no policy";
  return {
    file: name ? `${written}.` : "No policy: the file of the command line.",
    kept: `${written}, as the sidecar last had it: its file is gone, older or can't be used.`,
    injected: `${written}, as the pod was given it when it was injected: its file is not there yet, gone, older or can't be used.`,
    defaults: "No policy: the defaults, since there is no file that can be used.",
  }[source];
}

/** What a person should do, besides mending what keeps records from being written. */
export function advice({ refusal, configError, unknownSettings, sync: { error }, deadLetters }) {
  const list = [];
  // The error tells of them itself if nothing is worse.
  if (deadLetters.count > 0 && error?.kind !== "validation") list.push(setAside(deadLetters.count));
  if (refusal) list.push(`New updates are refused. ${refusal}`);
  if (configError) list.push(`The configuration of the file is not in use: ${configError}`);
  if (unknownSettings.length > 0) {
    list.push(`This sidecar does not know, and does not obey: ${unknownSettings.join(", ")}. `
      + "Use the sidecar image of the operator's version, and create the pod anew.");
  }
  return list;
}
