"use client";
import { useEffect, useId, useState } from "react";
import { dresser } from "./dress.js";
import { announce, draw, RESULTS, SHAPES, SILENCE, statusOf, STRINGS } from "./indicator.js";
import { LOOK } from "./look.js";
import type { IndicatorButton, IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";

export interface ProgressSyncIndicatorProps {
  state: IndicatorState;
  /** Saves now; without it no button does. */
  onForceSync?: () => unknown;
  /** Takes the video to `resumeAt`; without it no button does. */
  onResume?: () => unknown;
  variant?: IndicatorVariant;
  button?: IndicatorButton;
  strings?: Partial<IndicatorStrings>;
  /** Beside the class `progress-sync`. */
  className?: string;
}

/** No rule weighs anything, so that all of the page's win. */
const dress = dresser(LOOK.replace(/&(\S*?)(?=[ {])/g, ":where(.progress-sync$1)"));

/** Keeps the room in a page from a server. It goes as the sheet comes, since the page's own rules could not beat it. */
const ROOM = { display: "inline-flex", verticalAlign: "middle", minBlockSize: "max(24px,2em)" } as const;

function adopt(root: Element | null): void {
  if (!root) return;
  dress(root.getRootNode());
  root.removeAttribute("style");
}

/** Shows what is saved; reads out only trouble, its end, and what came of the button. */
export function ProgressSyncIndicator({
  state, onForceSync, onResume, variant = "full", button = "auto", strings, className = "",
}: ProgressSyncIndicatorProps) {
  const words = { ...STRINGS, ...strings };
  const { status, shape, says, text, room, resumes, hidden, label, reason } = draw(state, words, {
    variant, button, forces: !!onForceSync, resumes: !!onResume,
  });
  const [said, say] = useState(SILENCE);
  useEffect(() => say((before) => announce(before, says, words)), [says]);
  // Who presses it by the keyboard stays where they are when it has done its work.
  const [focused, focus] = useState(false);
  const id = useId();
  return (
    <span ref={adopt} className={`progress-sync ${className}`.trim()} data-state={status} data-variant={variant} style={ROOM}>
      <svg viewBox="0 0 16 16" width="1em" height="1em" aria-hidden>
        <path d={shape} />
      </svg>
      <span title={text} data-room={room}>{text}</span>
      <button
        type="button"
        hidden={hidden && !focused}
        onFocus={(event) => focus(event.target.matches(":focus-visible"))}
        onBlur={() => focus(false)}
        title={reason}
        aria-disabled={!!reason}
        aria-describedby={id}
        onClick={() => void (resumes ? onResume?.() : reason || onForceSync?.())}
      >
        {label}
      </button>
      <span id={id}>{reason}</span>
      <span role="status">{said.polite}</span>
      <span role="alert">{said.alert}</span>
    </span>
  );
}

export interface ProgressSyncSummaryProps extends Omit<ProgressSyncIndicatorProps, "state"> {
  states: readonly IndicatorState[];
}

/** One indicator for several lessons: the worst of their states, and of what came of saving them. */
export function ProgressSyncSummary({ states, ...props }: ProgressSyncSummaryProps) {
  const worst = <Word extends string>(words: Record<Word, string>, of: (state: IndicatorState) => unknown) =>
    (Object.keys(words) as Word[]).findLast((word) => states.some((state) => of(state) === word));
  const status = worst(SHAPES, statusOf);
  const forceResult = worst(RESULTS, (state) => state.forceResult);
  return <ProgressSyncIndicator state={{ status, forceResult }} {...props} />;
}
