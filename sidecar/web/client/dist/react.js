"use client";
import { jsx as _jsx, jsxs as _jsxs } from "react/jsx-runtime";
import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { createProgressSync, INITIAL_STATE } from "./sync.js";
import { announce, SHAPES, SILENCE, statusOf, STRINGS, textOf } from "./indicator.js";
const Defaults = createContext({});
/** Options for all hooks below, such as `value={{ endpoint: "/progress", csrfToken }}`. */
export const ProgressSyncProvider = Defaults.Provider;
/** One learner's progress in one lesson. */
export function useOptimizedProgress(options) {
    return useProgress([options])[0];
}
/** One learner's progress in several lessons of a course. */
export function useMultiLessonProgress({ lessonIds, ...options }) {
    const states = useProgress(lessonIds.map((lessonId) => ({ ...options, lessonId })));
    return {
        lessons: Object.fromEntries(states.map((state, i) => [lessonIds[i], state])),
        states,
        completedLessons: states.filter((state) => state.completed).length,
        overallPercentage: states.reduce((sum, state) => sum + state.watchedPercentage, 0) / (states.length || 1),
        isPendingSync: states.some((state) => state.isPendingSync),
        pendingUpdates: states.reduce((sum, state) => sum + state.pendingUpdates, 0),
        forceSync: async () => (await Promise.all(states.map((state) => state.forceSync()))).every(Boolean),
    };
}
const nothing = () => { };
function useProgress(list) {
    const defaults = useContext(Defaults);
    const all = list.map(({ debounceConfig, ...options }) => ({
        endpoint: "/progress", onProgressUpdate: nothing, onComplete: nothing, onError: nothing,
        ...defaults, ...debounceConfig, ...options, autoStart: false,
    }));
    const names = JSON.stringify(all.map((o) => [o.endpoint, o.userId, o.courseId, o.lessonId, o.moduleId]));
    const store = useMemo(() => {
        const clients = all.map(createProgressSync);
        const none = clients.map(() => INITIAL_STATE);
        let states = none;
        return {
            clients,
            none: () => none,
            states() {
                const now = clients.map((client) => client.getState());
                return now.every((state, i) => state === states[i]) ? states : (states = now);
            },
            subscribe(listener) {
                const ends = clients.map((client) => client.subscribe(listener));
                return () => ends.forEach((end) => end());
            },
        };
    }, [names]);
    useEffect(() => store.clients.forEach((client, i) => client.configure(all[i])));
    useEffect(() => {
        for (const client of store.clients)
            client.start();
        return () => store.clients.forEach((client) => client.destroy());
    }, [store]);
    const states = useSyncExternalStore(store.subscribe, store.states, store.none);
    return useMemo(() => states.map((state, i) => ({ ...store.clients[i], ...state })), [states]);
}
const HIDDEN = { position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" };
/** Shows what is saved; reads out only trouble and its end. */
export function ProgressSyncIndicator({ state, onForceSync, variant = "full", strings, className = "progress-sync" }) {
    const words = { ...STRINGS, ...strings };
    const status = statusOf(state);
    const heard = useRef(SILENCE);
    const [said, say] = useState(SILENCE);
    useEffect(() => say((heard.current = announce(heard.current, status, words))), [status]);
    const text = textOf(state, words, variant);
    const badge = variant === "badge";
    return (_jsxs("span", { className: className, "data-state": status, "data-variant": variant, style: { position: "relative" }, children: [_jsx("svg", { viewBox: "0 0 16 16", width: "1em", height: "1em", fill: "none", stroke: "currentColor", strokeWidth: "2", "aria-hidden": true, children: _jsx("path", { d: SHAPES[status] }) }), " ", _jsx("span", { style: badge ? HIDDEN : undefined, children: text }), badge && state.pendingUpdates ? _jsx("span", { "aria-hidden": true, children: state.pendingUpdates }) : null, " ", onForceSync && !badge && (_jsx("button", { type: "button", style: { minHeight: 24 }, onClick: () => void onForceSync(), children: words.force })), _jsx("span", { role: "status", style: HIDDEN, children: said.polite }), _jsx("span", { role: "alert", style: HIDDEN, children: said.alert })] }));
}
const WORST = ["error", "offline", "retrying", "saving", "pending", "saved", "idle"];
/** One indicator for several lessons: the worst of their states, and all that waits. */
export function ProgressSyncSummary({ states, ...props }) {
    const status = WORST.find((worst) => states.some((state) => statusOf(state) === worst)) ?? "idle";
    const state = {
        status,
        pendingUpdates: states.reduce((sum, s) => sum + (s.pendingUpdates ?? 0), 0),
        lastSyncedAt: states.reduce((newest, s) => Math.max(newest, s.lastSyncedAt ? +new Date(s.lastSyncedAt) : 0), 0) || null,
    };
    return _jsx(ProgressSyncIndicator, { state: state, ...props });
}
