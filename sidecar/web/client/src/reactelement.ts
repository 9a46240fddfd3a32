import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { ProgressSyncIndicatorElement } from "./element.js";
import type { IndicatorButton, IndicatorVariant } from "./indicator.js";

/** What `<progress-sync-indicator>` takes in JSX. Its properties are for a ref: React 18 would make attributes of them. */
export interface ProgressSyncIndicatorAttributes
  extends DetailedHTMLProps<HTMLAttributes<ProgressSyncIndicatorElement>, ProgressSyncIndicatorElement> {
  variant?: IndicatorVariant;
  button?: IndicatorButton;
  theme?: "auto" | "light" | "dark";
  /** In place of `className`, which React 18 does not know here. */
  class?: string;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "progress-sync-indicator": ProgressSyncIndicatorAttributes;
    }
  }
}
