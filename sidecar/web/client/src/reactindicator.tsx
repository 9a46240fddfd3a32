"use client";
import { useEffect, useRef, useState } from "react";
import { announce, SHAPES, SILENCE, statusOf, STRINGS, textOf } from "./indicator.js";
import type { IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";

export interface ProgressSyncIndicatorProps {
  state: IndicatorState;
  onForceSync?: () => unknown;
  variant?: IndicatorVariant;
  strings?: Partial<IndicatorStrings>;
  className?: string;
}

const HIDDEN = { position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" } as const;

/** Shows what is saved; reads out only trouble and its end. */
export function ProgressSyncIndicator({ state, onForceSync, variant = "full", strings, className = "progress-sync" }: ProgressSyncIndicatorProps) {
  const words = { ...STRINGS, ...strings };
  const status = statusOf(state);
  const heard = useRef(SILENCE);
  const [said, say] = useState(SILENCE);
  useEffect(() => say((heard.current = announce(heard.current, status, words))), [status]);
  const text = textOf(state, words);
  const badge = variant === "badge";
  return (
    <span className={className} data-state={status} data-variant={variant} style={{ position: "relative" }}>
      <svg viewBox="0 0 16 16" width="1em" height="1em" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden>
        <path d={SHAPES[status]} />
      </svg>{" "}
      <span style={badge ? HIDDEN : undefined}>{text}</span>
      {badge && state.pendingUpdates ? <span aria-hidden>{state.pendingUpdates}</span> : null}{" "}
      {onForceSync && !badge && (
        <button type="button" style={{ minHeight: 24 }} onClick={() => void onForceSync()}>
          {words.force}
        </button>
      )}
      <span role="status" style={HIDDEN}>{said.polite}</span>
      <span role="alert" style={HIDDEN}>{said.alert}</span>
    </span>
  );
}

const WORST = ["error", "auth", "offline", "retrying", "pending", "stale", "saving", "saved", "idle"] as const;

export interface ProgressSyncSummaryProps extends Omit<ProgressSyncIndicatorProps, "state"> {
  states: readonly IndicatorState[];
}

/** One indicator for several lessons: the worst of their states, and all that waits. */
export function ProgressSyncSummary({ states, ...props }: ProgressSyncSummaryProps) {
  const status = WORST.find((worst) => states.some((state) => statusOf(state) === worst)) ?? "idle";
  const state: IndicatorState = {
    status,
    pendingUpdates: states.reduce((sum, s) => sum + (s.pendingUpdates ?? 0), 0),
    lastSyncedAt: states.reduce((newest, s) => Math.max(newest, s.lastSyncedAt ? +new Date(s.lastSyncedAt) : 0), 0) || null,
  };
  return <ProgressSyncIndicator state={state} {...props} />;
}
