import { SIGNALS } from "./indicator.js";

/** What an element with a theme is painted with unless the page says something else: [light, dark]. */
export const COLORS = {
  background: ["#ffffff", "#1c1d21"],
  color: ["#5a5f6b", "#a9aebb"],
  "auth-color": ["#8a5200", "#ffc877"],
  "error-color": ["#b3161b", "#ffb3ad"],
  "button-color": ["#24262b", "#eceef2"],
  "button-background": ["#eef0f4", "#33353c"],
  "button-border": ["#6b7080", "#9aa0b0"],
} as const;

const use = (name: keyof typeof COLORS) => `var(--progress-sync-${name},light-dark(${COLORS[name]}))`;

/**
 * The element's. It is as high as its button, so that nothing moves when that comes and goes. Without a theme it
 * looks like the text around it, as it does in a browser that knows no light-dark(). A theme brings a background
 * along, so that its colours have contrast wherever it lies.
 */
export const STYLE = `
:host{display:inline-flex;position:relative;vertical-align:middle;align-items:center;box-sizing:border-box;block-size:max(24px,2em);min-width:0;max-width:100%;white-space:nowrap;border-radius:4px}
:host([hidden]){display:none}
svg{flex:none;opacity:.7;forced-color-adjust:auto}
:host([data-state=auth]) svg{opacity:1;color:${SIGNALS.auth}}
:host([data-state=error]) svg{opacity:1;color:${SIGNALS.error}}
span{padding:0 .4em;overflow:hidden;text-overflow:ellipsis}
[role],:host([variant=badge]) span{position:absolute;inset:0;opacity:0}
[role]{pointer-events:none}
button{padding:0 .4em;block-size:100%;border:1px solid;border-radius:4px;font:inherit;color:inherit;background:none}
button[aria-disabled=true]{opacity:.6}
:host([theme]){color:${use("color")};background:${use("background")};padding-inline:.4em}
:host([theme=light]){color-scheme:light}
:host([theme=dark]){color-scheme:dark}
:host([theme]) svg{color:inherit;opacity:1}
:host([theme][data-state=auth]){color:${use("auth-color")}}
:host([theme][data-state=error]){color:${use("error-color")}}
:host([theme]) button{color:${use("button-color")};background:${use("button-background")};border-color:${use("button-border")}}
`;
