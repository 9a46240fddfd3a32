import { LOOK } from "./look.js";

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
 * The element's. Without a theme it looks like the text around it, as it does in a browser that knows no
 * light-dark(). A theme brings a background along, so that its colours have contrast wherever it lies.
 */
export const STYLE = `${LOOK.replace(/&(\[.*?\])?/g, (_, attribute = "*") => `:host(${attribute})`)}
:host{border-radius:4px}
:host([hidden]){display:none}
:host([theme]){color:${use("color")};background:${use("background")};padding-inline:.35em}
:host([theme=light]){color-scheme:light}
:host([theme=dark]){color-scheme:dark}
:host([theme]) svg{color:inherit}
:host([theme][data-state=auth]){color:${use("auth-color")}}
:host([theme][data-state=error]){color:${use("error-color")}}
:host([theme]) button{color:${use("button-color")};background:${use("button-background")};border-color:${use("button-border")}}
`;
