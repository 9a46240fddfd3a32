import { instant, now, type Answer, type Ask, type WireRecord, type WireSync } from "./http.js";
import { KEEP } from "./queue.js";
import { PROBE } from "./sender.js";
import type { Facts } from "./state.js";

/** How long a force sync may keep one of the browser's few connections, a little less than a second. */
const FORCE = "sync?timeout=800ms&";

/** Finds out when what the sidecar has accepted is in the database. */
export function createSaved(
  facts: Facts, ask: Ask, awake: () => boolean, changed: () => void,
  /** Listens to the sidecar's state, which is passed to `hear`; returns what ends that. */
  listen: () => (() => void) | undefined,
) {
  /** The sidecar that accepted it; undefined if there are several, or it does not say its name. */
  let writer: string | undefined;
  let newest: WireRecord | null | undefined;
  let checks: Promise<unknown> = Promise.resolve();
  let delay = KEEP;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopListening: (() => void) | undefined;

  function watch() {
    // Nobody looks at a hidden tab, and it would take a connection from those that are looked at.
    if (!awake() || !facts.waiting || document.hidden) return;
    stopListening ??= listen();
    delay = Math.min(PROBE, delay * 2);
    const next = Date.parse(facts.server?.nextSyncAt!) - now() + KEEP;
    timer ??= setTimeout(check, next > delay ? next : delay);
  }

  function sleep() {
    stopListening = void stopListening?.();
    timer = void clearTimeout(timer);
  }

  /** Tells whether all that was accepted at the call is saved. One after the other, so that what is heard meanwhile is not missed. */
  const check = (force?: boolean): Promise<boolean> => (checks = checks.then(async () => {
    // The stream has one of the few connections that the question needs.
    sleep();
    const { waiting } = facts;
    if (!waiting && force !== true) return;
    const asked = [writer, newest] as const;
    const { body, error } = await (force === true ? ask("POST", FORCE) : ask("GET", "sync?"));
    facts.server = error ? body.sync ?? { error } : body;
    // A sidecar that holds nothing speaks for what it has accepted itself; for others the database does.
    const saved = !error && (force === true ? !body.quarantined : !body.pendingUpdates)
      && (!waiting || asked[0] && body.writer === asked[0] || inDatabase(asked[1], await ask("GET", "progress?")));
    if (saved) {
      facts.lastSyncedAt = Date.now();
      // A reset in between has forgotten them already.
      facts.waiting = Math.max(0, facts.waiting - waiting);
      if (!facts.waiting) forget();
    }
    watch();
    changed();
    return saved;
  })) as Promise<boolean>;

  function forget() {
    facts.waiting = 0;
    newest = facts.server = undefined;
    delay = KEEP;
    sleep();
  }

  return {
    watch,
    sleep,
    /** What the stream says, in this tab or in another. It may be older than the last acceptance, so it is a reason to ask and not the answer. */
    hear(state: WireSync): unknown {
      if (!facts.waiting || document.hidden) return;
      if (!state.pendingUpdates) return check();
      facts.server = state;
      changed();
    },
    /** More was accepted. */
    add(count?: number, record?: WireRecord | null, sync?: WireSync) {
      if (!count) return;
      writer = !facts.waiting || writer === sync?.writer ? sync?.writer : undefined;
      facts.waiting += count;
      newest = record ?? newest;
      facts.server = sync;
      watch();
    },
    /** Asks whether it is saved. */
    check: () => check(),
    /** Asks the sidecar to save it now. */
    force: () => check(true),
    forget,
  };
}

function inDatabase(newest: WireRecord | null | undefined, { body: { progress: [found] = [], stale }, error }: Answer) {
  return !error && !stale && found?.saved !== false
    && instant(found) >= instant(newest) && (found?.generation ?? 0) >= (newest?.generation ?? 0);
}
