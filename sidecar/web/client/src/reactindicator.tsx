"use client";
import { useEffect, useReducer, useState, useSyncExternalStore } from "react";
import { announce, offer, saysOf, SHAPES, SIGNALS, statusOf, STRINGS } from "./indicator.js";
import type { IndicatorState, IndicatorStrings, Offer, Wishes } from "./indicator.js";

/** What a page gives to the indicator of a lesson. */
export interface ProgressSyncIndicatorProps extends Wishes {
  state: IndicatorState;
  strings?: Partial<IndicatorStrings>;
  /** Beside the class `progress-sync`. */
  className?: string;
}

/** As high as the button, so that nothing moves when it comes and goes. */
const LINE = {
  display: "inline-flex", alignItems: "center", verticalAlign: "middle", blockSize: "max(24px,2em)",
  minWidth: 0, maxWidth: "100%", whiteSpace: "nowrap",
} as const;
const TEXT = { padding: "0 .4em", overflow: "hidden", textOverflow: "ellipsis" };
/** For screen readers only. */
const UNSEEN = { width: 1, overflow: "hidden", opacity: 0 };
const BUTTON = {
  padding: "0 .4em", blockSize: "100%", border: "1px solid", borderRadius: 4, font: "inherit", color: "inherit", background: "none",
};

/** Shows what is saved; reads out only trouble, its end, and what came of the button. */
export function ProgressSyncIndicator({ state, strings, className = "", ...wishes }: ProgressSyncIndicatorProps) {
  const words = { ...STRINGS, ...strings };
  const status = statusOf(state);
  const says = saysOf(state);
  const color = SIGNALS[status];
  const [told, tell] = useReducer(announce, "");
  useEffect(() => tell(says), [says]);
  const heard = told && words[told];
  const alerts = told && SIGNALS[told];
  // What a server rendered is made anew, since a content security policy may have forbidden its style attributes.
  const made = useSyncExternalStore(() => () => {}, () => 1, () => 0);
  // Who comes to the button by the keyboard stays where they are when it has done its work.
  const [kept, keep] = useState<Offer>();
  const shown = offer(state, words, wishes) ?? kept;
  return (
    <span key={made} className={"progress-sync " + className} data-state={status} title={words[says]} style={LINE}>
      <svg
        viewBox="0 0 12 12" width="1em" height="1em" fill="none" stroke="currentColor" aria-hidden
        style={{ flexShrink: 0, color, opacity: color ? 1 : 0.7, forcedColorAdjust: "auto" }}
      >
        <path d={SHAPES[status]} />
      </svg>
      <span style={wishes.variant === "badge" ? UNSEEN : TEXT}>{words[says]}</span>
      {shown && (
        <button
          type="button"
          title={shown.reason}
          aria-disabled={!!shown.reason}
          style={{ ...BUTTON, opacity: shown.reason ? 0.6 : 1 }}
          onKeyUp={() => keep(shown)}
          onBlur={() => keep(undefined)}
          onClick={() => void shown.act()}
        >
          {shown.label}
        </button>
      )}
      <span role="status" style={UNSEEN}>{!alerts && heard}</span>
      <span role="alert" style={UNSEEN}>{alerts && heard}</span>
    </span>
  );
}

/** What a page gives to the indicator of several lessons. */
export interface ProgressSyncSummaryProps extends Omit<ProgressSyncIndicatorProps, "state" | "onResume"> {
  states: readonly IndicatorState[];
}

/** How much a state matters: what came of the button most. */
const rank = (state: IndicatorState) => Object.keys(STRINGS).indexOf(saysOf(state));

/** One indicator for several lessons: the state that matters most. */
export function ProgressSyncSummary({ states, ...props }: ProgressSyncSummaryProps) {
  return <ProgressSyncIndicator state={states.reduce((worst, state) => (rank(state) > rank(worst) ? state : worst), {})} {...props} />;
}
