import { listen } from "./events.js";
import { beacon, problem, REFUSED, request, resolve } from "./http.js";
import { addSegment, watched } from "./segments.js";
import { indexedDBStorage } from "./storage.js";
import { defined, gather, wire } from "./update.js";
import { followVideo } from "./video.js";
/** What a client knows before it has asked anybody. */
export const INITIAL_STATE = {
    status: "idle",
    progressSeconds: 0,
    watchedPercentage: 0,
    watchedSeconds: 0,
    completed: false,
    isLoading: true,
    isDirty: false,
    isPendingSync: false,
    lastSyncedAt: null,
    pendingUpdates: 0,
    retryCount: 0,
    error: null,
};
const DEFAULTS = {
    intervalMs: 10_000,
    maxRetries: 3,
    retryDelayMs: 5_000,
    batchSize: 10,
    enableOptimisticUpdates: true,
    enableCompression: true,
    completionThreshold: 95,
};
/** Longest wait between attempts. */
const PROBE = 60_000;
/** How long a change may be in memory only. */
const KEEP = 1_000;
let sharedStorage;
/** Follows one learner in one lesson. */
export function createProgressSync(options) {
    const { endpoint, userId, courseId, lessonId, moduleId } = options;
    const o = { ...DEFAULTS, ...defined(options) };
    const inBrowser = typeof window !== "undefined";
    const scope = endpoint + "\n" + (userId ?? "");
    const me = "progress-sync " + newId();
    const locks = inBrowser ? navigator.locks : undefined;
    // Without a learner's id, another learner on the same browser would send this one's updates as their own.
    const stored = locks && (options.storage !== undefined ? options.storage
        : userId ? (sharedStorage ??= indexedDBStorage()) : null);
    const ids = defined({ userId, courseId, lessonId });
    const query = "?" + new URLSearchParams(ids);
    const base = endpoint + "/v1/";
    const listeners = new Set();
    let state = INITIAL_STATE;
    /** A client that ends goes on until what it holds is accepted. */
    let phase = "new";
    let local = { position: 0, percent: 0, completed: false };
    let accepted = local;
    let positionAt = 0;
    let segments = [];
    let last;
    let loading = true;
    let lastSaved = null;
    let error = null;
    let retryCount = 0;
    let notBefore = 0;
    /** Rises with each reset, so that older answers are told from newer ones. */
    let epoch = 0;
    /** May still grow. */
    let pending = [];
    /** May have been sent, so they never change again. */
    let frozen = [];
    let resets;
    let due = false;
    let sending;
    let inFlight = [];
    let forcing = false;
    /** Accepted by the sidecar, and not known to be saved. */
    let waiting = 0;
    let acceptances = 0;
    let newest;
    let server;
    let checking = false;
    let checkDelay = KEEP;
    let windowTimer, retryTimer, keepTimer, checkTimer;
    let letGo;
    let stopListening;
    let listening;
    let debug = false;
    const offline = () => !navigator.onLine;
    const dirty = () => !!(pending.length || frozen.length || resets);
    function status() {
        const used = retryCount > o.maxRetries;
        if (offline() || used && error?.kind === "network")
            return "offline";
        if (error && (used || error.kind === "validation"))
            return "error";
        if (retryCount)
            return "retrying";
        if (sending || forcing)
            return "saving";
        if (waiting && server?.error)
            return server.status === "error" ? "error" : "retrying";
        return dirty() || waiting ? "pending" : lastSaved ? "saved" : "idle";
    }
    /** Tells the listeners; what other pages or devices did is no news to celebrate. */
    function publish(known) {
        const shown = o.enableOptimisticUpdates ? local : accepted;
        const before = state;
        const next = {
            status: status(),
            progressSeconds: shown.position,
            watchedPercentage: shown.percent,
            watchedSeconds: watched(segments),
            completed: shown.completed,
            isLoading: loading,
            isDirty: dirty(),
            isPendingSync: dirty() || waiting > 0,
            lastSyncedAt: lastSaved,
            pendingUpdates: waiting + total([...frozen, ...pending]),
            retryCount,
            error: error ?? (waiting && server?.error || null),
        };
        const changed = (field) => next[field] !== before[field];
        if (!Object.keys(next).some(changed))
            return;
        state = next;
        if (debug)
            console.debug("progress-sync", lessonId, next);
        listeners.forEach((listener) => listener());
        if (["progressSeconds", "watchedPercentage", "completed"].some(changed))
            o.onProgressUpdate?.(next);
        if (next.completed && !before.completed && known !== true)
            o.onComplete?.();
    }
    function write(put, remove = []) {
        // A store that fails or hangs must not keep anything from being sent.
        return Promise.race([
            stored?.write(put, remove).catch(() => { }),
            stored && new Promise((done) => setTimeout(done, KEEP)),
        ]);
    }
    const keep = () => {
        keepTimer = void clearTimeout(keepTimer);
        // Online, the page may be sending it as it goes away, and nobody can tell afterwards.
        for (const item of pending)
            item.sent = !offline();
        return write(pending);
    };
    function add(change) {
        begin();
        const id = newId();
        const update = defined({
            eventId: id, ...ids, moduleId,
            watchedDelta: 0, seekEvents: 0, pauseEvents: 0, occurredAt: Date.now(), ...change,
        });
        const before = pending;
        pending = gather(pending, { id, scope, owner: me, sent: false, count: 1, update });
        if (before.length > pending.length)
            void write([], [before[1].id]);
        if (!before.length)
            windowTimer = setTimeout(flush, o.intervalMs);
        keepTimer ??= setTimeout(keep, KEEP);
        if (phase !== "runs")
            flush();
    }
    function flush() {
        windowTimer = void clearTimeout(windowTimer);
        due = pending.length > 0;
        void send();
    }
    const freeze = () => {
        frozen = [...frozen, ...pending];
        pending = [];
        due = false;
        clearTimeout(windowTimer);
        keepTimer = void clearTimeout(keepTimer);
    };
    async function send(force) {
        if (sending)
            return sending;
        if (retryTimer && !force || Date.now() < notBefore || offline())
            return publish();
        retryTimer = void clearTimeout(retryTimer);
        if (!due && !frozen.length && !resets)
            return;
        sending = work().finally(() => {
            sending = undefined;
            publish();
            if (phase === "ends" && !dirty())
                end();
            else if (due && !retryTimer)
                void send();
        });
        publish();
        return sending;
    }
    async function work() {
        for (;;) {
            if (!frozen.length && due)
                freeze();
            const done = resets;
            if (!done && !frozen.length)
                return;
            const batch = done ? [] : frozen.slice(0, o.batchSize);
            const sentIn = epoch;
            if (!done)
                await write(batch.map((item) => ((item.sent = true), item)));
            if (sentIn !== epoch)
                continue;
            inFlight = batch;
            const answer = done ? await ask("DELETE", "progress") : await post(batch);
            inFlight = [];
            const [settled, wrong] = settle(batch, answer);
            if (sentIn === epoch) {
                frozen = frozen.filter((item) => !settled.includes(item));
                if (done && !answer.error) {
                    resets = undefined;
                    done.forEach((resolved) => resolved());
                }
            }
            void write([], idsOf(settled));
            const again = wrong && wrong.status !== REFUSED;
            if (!answer.error && sentIn === epoch)
                take(done ? 1 : total(settled), answer);
            error = wrong ?? null;
            if (again)
                return failed(answer.retryAfter);
            if (error)
                o.onError?.(error);
            if (retryCount)
                void adopt();
            retryCount = 0;
            publish();
        }
    }
    const ask = (method, what) => request(o, method, base + what + query);
    /** The lesson's record, from the database and what the sidecar holds. */
    const read = () => ask("GET", "progress");
    const post = (batch) => request(o, "POST", base + "progress", body(batch));
    const body = (batch) => wire(batch.map((item) => item.update), o.enableCompression, resolve(o.csrfToken));
    /** Which updates need not be sent again, and the worst that was said of the others. */
    function settle(batch, { body, error }) {
        if (error && error.status !== REFUSED)
            return [[], error];
        let wrong = error;
        const settled = batch.filter((_, index) => {
            const said = body.errors?.find((item) => item.index === index);
            if (said && (!wrong || wrong.status === REFUSED))
                wrong = problem(said.status, said.detail);
            return !said || said.status === REFUSED;
        });
        return [settled, wrong];
    }
    function failed(retryAfter) {
        retryCount++;
        const delay = retryCount > o.maxRetries ? PROBE : Math.min(PROBE, o.retryDelayMs * 2 ** (retryCount - 1));
        notBefore = Date.now() + retryAfter;
        retryTimer = setTimeout(() => {
            retryTimer = undefined;
            void send();
        }, Math.max(delay, retryAfter) * (1 + Math.random() / 4));
        if (retryCount <= o.maxRetries + 1 && error)
            o.onError?.(error);
    }
    /** The sidecar has it on disk. */
    function take(count, answer) {
        const record = recordOf(answer.body);
        acceptances++;
        waiting += count;
        if (record) {
            newest = record;
            raise(record);
            accepted = { ...accepted, position: record.positionSeconds };
        }
        awaitSaved(answer.body.sync);
    }
    function raise(record) {
        [local, accepted] = [local, accepted].map((to) => ({
            ...to,
            percent: Math.max(to.percent, record.percentage),
            completed: to.completed || record.completed,
        }));
    }
    function awaitSaved(sync) {
        if (phase !== "runs" || !waiting)
            return;
        if (o.events !== false)
            stopListening ??= listen(base + "sync/events" + (userId ? "?userId=" + encodeURIComponent(userId) : ""), check);
        if (checkTimer || checking)
            return;
        checkDelay = Math.min(PROBE, checkDelay * 2);
        const next = Date.parse(sync?.nextSyncAt ?? "") - Date.now() + KEEP;
        checkTimer = setTimeout(check, next > checkDelay ? next : checkDelay);
    }
    /** Asks whether what was accepted is saved. */
    async function check() {
        checkTimer = void clearTimeout(checkTimer);
        if (checking || !waiting)
            return;
        checking = true;
        const asked = acceptances;
        const { body, error: none } = await ask("GET", "sync");
        if (!none)
            server = body;
        // A sidecar that holds nothing may be another one than that which accepted it: the database knows.
        const saved = !none && body.pendingUpdates === 0 && await inDatabase();
        checking = false;
        if (saved && asked === acceptances) {
            waiting = 0;
            lastSaved = Date.now();
            server = undefined;
            checkDelay = KEEP;
            stopListening = void stopListening?.();
        }
        awaitSaved(server);
        publish();
    }
    async function inDatabase() {
        const { body, error: none } = await read();
        const found = recordOf(body);
        if (none || body.stale || found?.saved === false)
            return false;
        return instant(found) >= instant(newest) && !(newest?.generation > (found ? found.generation ?? 0 : Infinity));
    }
    async function load() {
        const before = epoch;
        const { body, error: none } = await read();
        loading = false;
        const found = recordOf(body);
        if (found && before === epoch) {
            raise(found);
            accepted = { ...accepted, position: found.positionSeconds };
            if (instant(found) > positionAt)
                local = { ...local, position: found.positionSeconds };
            if (found.saved === false) {
                waiting = Math.max(waiting, found.pendingUpdates ?? 1);
                newest ??= found;
            }
        }
        publish(true);
        awaitSaved(body.sync);
        if (none && phase === "runs")
            setTimeout(load, 4 * o.retryDelayMs);
    }
    /** Takes over what pages that are gone have left, in one tab at a time. */
    async function adopt() {
        if (!stored)
            return;
        await locks.request("progress-sync drain " + scope, async () => {
            const alive = (await locks.query()).held?.map((lock) => lock.name) ?? [];
            const left = (await stored.list())
                .filter((item) => item.scope === scope && item.owner !== me && !alive.includes(item.owner))
                .sort((a, b) => a.update.occurredAt - b.update.occurredAt);
            const mine = left.filter(({ update }) => update.courseId === courseId && update.lessonId === lessonId);
            const kept = [
                ...mine.filter((item) => item.sent),
                ...mine.filter((item) => !item.sent).reduce(gather, []),
            ].map((item) => ({ ...item, owner: me }));
            if (kept.length) {
                await write(kept, idsOf(mine).filter((id) => !idsOf(kept).includes(id)));
                frozen = [...kept, ...frozen];
                for (const { update } of kept) {
                    if (update.occurredAt > positionAt && update.currentTime !== undefined) {
                        positionAt = update.occurredAt;
                        local = { ...local, position: update.currentTime };
                    }
                    raise({ positionSeconds: 0, percentage: update.percentage ?? 0, completed: !!update.completed });
                }
                publish(true);
                void send();
            }
            const others = left.filter((item) => !mine.includes(item));
            while (others.length && !offline()) {
                const batch = others.splice(0, o.batchSize);
                await write(batch.map((item) => ({ ...item, sent: true })));
                const answer = await post(batch);
                await write([], idsOf(settle(batch, answer)[0]));
                if (answer.error)
                    return;
            }
        }).catch(() => { });
    }
    function leave() {
        const flying = inFlight;
        freeze();
        const rest = frozen.filter((item) => !flying.includes(item));
        if (!offline()) {
            if (resets)
                void ask("DELETE", "progress");
            if (rest.length) {
                for (const item of rest)
                    item.sent = true;
                beacon(o, base + "progress", body(rest));
            }
        }
        void write(rest);
        quiet();
        letGo = void letGo?.();
    }
    function quiet() {
        stopListening = void stopListening?.();
        checkTimer = void clearTimeout(checkTimer);
    }
    /** Shows other tabs that the updates stored under this name are looked after. */
    function hold() {
        if (!stored || letGo)
            return;
        const released = new Promise((done) => (letGo = done));
        void locks.request(me, () => released);
    }
    const begin = () => {
        if (phase === "new")
            start();
    };
    function wake() {
        hold();
        publish();
        void send(true);
        void adopt();
        awaitSaved();
    }
    function start() {
        if (!inBrowser || phase === "runs")
            return;
        const fresh = phase === "new";
        phase = "runs";
        hold();
        if (!listening) {
            const signal = (listening = new AbortController());
            const on = (target, event, handle) => target.addEventListener(event, handle, signal);
            on(document, "visibilitychange", () => {
                if (document.hidden)
                    flush();
            });
            on(window, "pagehide", leave);
            on(window, "pageshow", wake);
            on(window, "online", wake);
            on(window, "offline", () => publish());
        }
        try {
            debug = localStorage.getItem("debug-progress") === "true";
        }
        catch {
            // Storage may be forbidden.
        }
        if (fresh) {
            void adopt();
            void load();
        }
        awaitSaved();
    }
    function end() {
        phase = "ended";
        letGo = void letGo?.();
        listening = void listening?.abort();
    }
    const sync = {
        updateProgress(currentTime, duration, { seekEvents = 0, pauseEvents = 0, playbackSpeed } = {}) {
            // A media element says NaN until it knows, and Infinity for a live stream.
            if (!(currentTime >= 0 && currentTime < Infinity))
                return;
            const length = duration > 0 && duration < Infinity ? duration : undefined;
            const speed = playbackSpeed && playbackSpeed > 0 ? playbackSpeed : undefined;
            const now = Date.now();
            const step = last && !seekEvents ? currentTime - last.position : 0;
            let watchedDelta = 0;
            // Farther than playing could have got since the last call is a jump, not watched.
            if (last && step > 0 && step <= (now - last.at) / 1e3 * (speed ?? 1) * 1.25 + 1) {
                watchedDelta = step / (speed ?? 1);
                segments = addSegment(segments, last.position, currentTime);
            }
            last = { position: currentTime, at: now };
            const seen = watched(segments);
            const percentage = length && Math.min(100, 100 * (o.percentage === "watched" ? seen : currentTime) / length);
            const percent = Math.max(local.percent, percentage ?? 0);
            const completed = percent >= o.completionThreshold;
            const completes = completed && !local.completed;
            local = { position: currentTime, percent, completed: local.completed || completed };
            positionAt = now;
            add({
                currentTime, duration: length, percentage, playbackSpeed: speed, watchedDelta, seekEvents, pauseEvents,
                watchedDuration: seen || undefined,
            });
            if (completes)
                flush();
            publish();
        },
        markCompleted() {
            local = { ...local, completed: true };
            add({ completed: true });
            flush();
            publish();
        },
        resetProgress() {
            begin();
            const gone = idsOf([...pending, ...frozen]);
            freeze();
            frozen = [];
            epoch++;
            local = accepted = { position: 0, percent: 0, completed: false };
            positionAt = Date.now();
            segments = [];
            last = newest = server = undefined;
            waiting = 0;
            void write([], gone);
            return new Promise((done) => {
                (resets ??= []).push(done);
                void send();
                publish();
            });
        },
        async forceSync() {
            begin();
            forcing = true;
            publish();
            await sending;
            due = pending.length > 0;
            await send(true);
            if (!dirty() && waiting) {
                const { body, error: none } = await ask("POST", "sync");
                if (none) {
                    server = body.sync ?? { status: "", pendingUpdates: waiting, error: none };
                    o.onError?.(none);
                }
                else
                    await check();
            }
            forcing = false;
            publish();
            return !dirty() && !waiting;
        },
        getState: () => state,
        subscribe(listener) {
            listeners.add(listener);
            return () => void listeners.delete(listener);
        },
        attachVideo: (video, attach) => followVideo({ ...sync, flush }, video, attach),
        configure: (settings) => void Object.assign(o, defined(settings)),
        start,
        destroy() {
            if (phase !== "runs")
                return;
            phase = "ends";
            quiet();
            freeze();
            if (dirty())
                void send();
            else
                end();
        },
    };
    if (options.autoStart !== false)
        start();
    return sync;
}
const total = (items) => items.reduce((sum, item) => sum + item.count, 0);
const idsOf = (items) => items.map((item) => item.id);
/** The last one: it has the updates before it in it. */
const recordOf = ({ progress }) => [progress].flat().pop();
const instant = (record) => Date.parse(record?.lastWatchedAt ?? "") || 0;
/** crypto.randomUUID needs a secure context; a test server in the LAN has none. */
const newId = () => crypto.randomUUID?.() ?? "" + Date.now() + Math.random();
