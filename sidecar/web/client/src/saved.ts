import { listen } from "./events.js";
import { instant, now, type Answer, type Ask, type WireRecord, type WireSync } from "./http.js";
import { KEEP } from "./queue.js";
import { PROBE } from "./sender.js";
import type { Facts, Settings } from "./state.js";

/** Finds out when what the sidecar has accepted is in the database. */
export function createSaved(o: Settings, facts: Facts, ask: Ask, eventsUrl: string, awake: () => boolean, changed: () => void) {
  /** The sidecar that accepted it; undefined if there are several, or it does not say its name. */
  let writer: string | undefined;
  let acceptances = 0;
  let newest: WireRecord | null | undefined;
  let checks = Promise.resolve();
  let delay = KEEP;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopListening: (() => void) | undefined;

  function watch() {
    if (!awake() || !facts.waiting) return;
    if (o.events !== false) {
      stopListening ??= listen(eventsUrl, (state) => {
        // It may be older than the last acceptance, so it is a reason to ask and not the answer.
        if (!state.pendingUpdates) return check();
        facts.server = state;
        changed();
      });
    }
    delay = Math.min(PROBE, delay * 2);
    const next = Date.parse(facts.server?.nextSyncAt!) - now() + KEEP;
    timer ??= setTimeout(check, next > delay ? next : delay);
  }

  /** One after the other, so that what is heard meanwhile is not missed. */
  const check = (method = "GET") => (checks = checks.then(async () => {
    timer = void clearTimeout(timer);
    if (!facts.waiting) return;
    const asked = acceptances;
    const { body, error } = await ask(method, "sync");
    facts.server = error ? body.sync ?? { error } : body;
    // A sidecar that holds nothing speaks for what it has accepted itself; for others the database does.
    const saved = !error && !body.pendingUpdates
      && (writer && body.writer === writer || inDatabase(await ask("GET", "progress")));
    if (saved && asked === acceptances) {
      forget();
      facts.lastSyncedAt = Date.now();
    }
    watch();
    changed();
  }));

  function inDatabase({ body: { progress: [found] = [], stale }, error }: Answer) {
    return !error && !stale && found?.saved !== false
      && instant(found) >= instant(newest) && (found?.generation ?? 0) >= (newest?.generation ?? 0);
  }

  function forget() {
    facts.waiting = 0;
    newest = facts.server = undefined;
    delay = KEEP;
    stopListening = void stopListening?.();
  }

  return {
    watch,
    sleep() {
      stopListening = void stopListening?.();
      timer = void clearTimeout(timer);
    },
    /** More was accepted. */
    add(count?: number, record?: WireRecord | null, sync?: WireSync) {
      if (!count) return;
      acceptances++;
      writer = !facts.waiting || writer === sync?.writer ? sync?.writer : undefined;
      facts.waiting += count;
      newest = record ?? newest;
      facts.server = sync;
      watch();
    },
    /** Asks the sidecar to save it now. */
    force: () => check("POST"),
    forget,
  };
}
