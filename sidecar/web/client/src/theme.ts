/** What an element with a theme is painted with unless the page says something else: [light, dark]. */
export const COLORS = {
  background: ["#ffffff", "#1c1d21"],
  color: ["#24262b", "#eceef2"],
  "saved-color": ["#0b6b3a", "#7ddba3"],
  "error-color": ["#b3161b", "#ffb3ad"],
  "offline-color": ["#7a4a00", "#ffc877"],
  "button-color": ["#24262b", "#eceef2"],
  "button-background": ["#eef0f4", "#33353c"],
  "button-border": ["#6b7080", "#9aa0b0"],
} as const;

const declare = (value: (light: string, dark: string) => string) =>
  Object.entries(COLORS).map(([name, [light, dark]]) => `--_${name}:${value(light, dark)}`).join(";");

const use = (name: keyof typeof COLORS, plain: string) => `var(--progress-sync-${name},var(--_${name},${plain}))`;

/**
 * Without a theme the element looks like the text around it. A theme brings a
 * background along, so that its colours have contrast wherever it lies; it is light
 * where the page has no dark colour scheme, or the browser can't tell.
 */
export const STYLE = `
:host([theme]){${declare((light) => light)};padding-block:.15em;padding-inline:.5em}
@supports(color:light-dark(#000,#fff)){:host([theme]){${declare((light, dark) => `light-dark(${light},${dark})`)}}}
:host([theme=light]){color-scheme:light}
:host([theme=dark]){color-scheme:dark}
:host{display:inline-flex;position:relative;align-items:center;gap:var(--progress-sync-gap,.4em);border-radius:var(--progress-sync-radius,4px);font:var(--progress-sync-font,inherit);color:${use("color", "inherit")};background:${use("background", "transparent")}}
:host([hidden]),button[hidden]{display:none}
:host([data-state=saved]){color:${use("saved-color", "inherit")}}
:host([data-state=error]){color:${use("error-color", "inherit")}}
:host([data-state=offline]){color:${use("offline-color", "inherit")}}
svg{inline-size:1em;block-size:1em;fill:none;stroke:currentColor;stroke-width:2;flex:none}
button{font:inherit;min-block-size:24px;min-inline-size:24px;color:${use("button-color", "inherit")};background:${use("button-background", "transparent")};border:1px solid ${use("button-border", "currentColor")};border-radius:var(--progress-sync-radius,4px);padding-block:.1em;padding-inline:.6em;cursor:pointer}
button:focus-visible{outline:2px solid ${use("color", "currentColor")};outline-offset:2px}
.hidden{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@keyframes turn{to{transform:rotate(1turn)}}
:host([data-state=retrying]) svg{animation:turn 2s linear infinite}
@media(prefers-reduced-motion:reduce){svg{animation:none!important}}
@media(forced-colors:active){:host{color:CanvasText!important;background:Canvas}svg{stroke:CanvasText}button{color:ButtonText;background:ButtonFace;border-color:ButtonText}button:focus-visible{outline-color:Highlight}}
`;
