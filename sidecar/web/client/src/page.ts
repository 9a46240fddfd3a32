import { handle } from "./handlers.js";

/** How often the client looks at what nothing tells it of, in milliseconds. */
const TICK = 1_000;

/** What happens to a page. */
export interface PageEvents {
  /** It is shown again, or hidden. */
  shown(): void;
  hidden(): void;
  /** It goes away, perhaps for ever. */
  left(): void;
  /** It is back from the browser's cache, or online. */
  back(): void;
  /** The learner turns to it. */
  focused(): void;
  offline(): void;
  ticked(): void;
}

/** Follows what happens to the page; returns what ends that. */
export function followPage(page: PageEvents): () => void {
  const ticking = setInterval(page.ticked, TICK);
  const end = handle(window, {
    visibilitychange: () => document.hidden ? page.hidden() : page.shown(),
    pagehide: page.left,
    pageshow: page.back,
    online: page.back,
    focus: page.focused,
    offline: page.offline,
  });
  return () => {
    clearInterval(ticking);
    end();
  };
}
