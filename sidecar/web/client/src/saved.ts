import { PROBE } from "./backoff.js";
import { serverTime } from "./clock.js";
import type { Ask } from "./connection.js";
import type { Answer } from "./http.js";
import { KEEP } from "./queue.js";
import { timeOf, type WireRecord, type WireSync } from "./wire.js";

/** A force sync may have one of the browser's few connections for a little less than a second. */
const FORCE = "sync?timeout=800ms&";

/** Finds out when what the sidecar has accepted is in the database. */
export function createSaved(
  ask: Ask, isRunning: () => boolean, changed: () => void,
  /** Listens to the sidecar's state, which is passed to `hear`; returns what ends that. */
  listen: () => (() => void) | undefined,
) {
  /** Updates that were accepted, and that are not known to be in the database. */
  let waiting = 0;
  /** The sidecar that accepted them; undefined if there are several, or none says its name. */
  let writer: string | undefined;
  let newest: WireRecord | null | undefined;
  let server: Partial<WireSync> | undefined;
  let lastSyncedAt: number | null = null;
  let checks: Promise<unknown> = Promise.resolve();
  let delay = KEEP;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopListening: (() => void) | undefined;

  /** Listens, and asks when it may be saved. */
  function watch() {
    // A hidden tab shows it to nobody, and it would take a connection from those that are seen.
    if (!isRunning() || !waiting || document.hidden) return;
    stopListening ??= listen();
    delay = Math.min(PROBE, delay * 2);
    const due = Date.parse(server?.nextSyncAt!) - serverTime() + KEEP;
    timer ??= setTimeout(check, due > delay ? due : delay);
  }

  function sleep() {
    stopListening?.();
    stopListening = undefined;
    clearTimeout(timer);
    timer = undefined;
  }

  /** One question after the other, so that what is heard meanwhile is not missed. */
  const inTurn = (way: "ask" | "force") => {
    const check = checks.then(() => findOut(way));
    checks = check.catch(() => {});
    return check;
  };
  const check = () => inTurn("ask");

  /** Asks whether it is saved, or has it saved now. Tells whether all that was accepted at the call is. */
  async function findOut(way: "ask" | "force"): Promise<boolean> {
    // The stream has one of the few connections that the question needs.
    sleep();
    const asked = waiting;
    const by = writer;
    const last = newest;
    if (!waiting && way === "ask") return false;
    const { body, error } = await (way === "ask" ? ask("GET", "sync?") : ask("POST", FORCE));
    server = error ? body.sync ?? { error } : body;
    const unsaved = way === "ask" ? body.pendingUpdates : body.quarantined;
    // A sidecar that has nothing unsaved speaks for what it has accepted itself; for others the database does, and
    // where the learner's home was not asked.
    const isSaved = !error && !unsaved && (!asked
      || !!by && body.writer === by && !body.stale
      || isInDatabase(last, await ask("GET", "progress?")));
    if (isSaved) {
      lastSyncedAt = Date.now();
      waiting -= asked;
      // Below zero after a reset in between, which has forgotten them already.
      if (waiting <= 0) forget();
    }
    watch();
    changed();
    return isSaved;
  }

  function forget() {
    waiting = 0;
    newest = server = undefined;
    delay = KEEP;
    sleep();
  }

  return {
    facts: () => ({ waiting, server, lastSyncedAt }),
    watch,
    sleep,
    forget,
    check,
    force: () => inTurn("force"),

    /**
     * Takes in what the stream says, of this tab or of another. It may be older than the last acceptance, so it is a reason to
     * ask and not the answer; none where the last answer said already that nothing waits, since another stream begins after each.
     */
    hear(state: WireSync): void {
      if (!waiting || document.hidden) return;
      if (server?.pendingUpdates && !state.pendingUpdates) void check();
      else {
        server = state;
        changed();
      }
    },

    /** Takes in that so many updates were accepted, and wait. */
    add(count: number, record: WireRecord, sync?: WireSync): void {
      writer = sync?.stale || waiting && writer !== sync?.writer ? undefined : sync?.writer;
      waiting += count;
      newest = record;
      server = sync;
      watch();
    },
  };
}

/** Whether the answer shows that the database has the record. */
function isInDatabase(newest: WireRecord | null | undefined, { body: { progress: [found] = [], stale }, error }: Answer) {
  return !error && !stale && found?.saved !== false
    && timeOf(found) >= timeOf(newest) && (found?.generation ?? 0) >= (newest?.generation ?? 0);
}
