/** What the element is painted with unless the page says something else: [light, dark]. */
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

const use = (name: keyof typeof COLORS) => `var(--progress-sync-${name},var(--_${name}))`;

/** A page without a dark colour scheme, or a browser that can't tell, has the light colours. */
export const STYLE = `
:host{${declare((light) => light)}}
@supports(color:light-dark(#000,#fff)){:host{${declare((light, dark) => `light-dark(${light},${dark})`)}}}
:host{display:inline-flex;position:relative;align-items:center;gap:var(--progress-sync-gap,.4em);padding-block:.15em;padding-inline:.5em;border-radius:var(--progress-sync-radius,4px);font:var(--progress-sync-font,inherit);color:${use("color")};background:${use("background")}}
:host([hidden]),button[hidden]{display:none}
:host([data-state=saved]){color:${use("saved-color")}}
:host([data-state=error]){color:${use("error-color")}}
:host([data-state=offline]){color:${use("offline-color")}}
svg{inline-size:1em;block-size:1em;fill:none;stroke:currentColor;stroke-width:2;flex:none}
button{font:inherit;min-block-size:24px;min-inline-size:24px;color:${use("button-color")};background:${use("button-background")};border:1px solid ${use("button-border")};border-radius:var(--progress-sync-radius,4px);padding-block:.1em;padding-inline:.6em;cursor:pointer}
button:focus-visible{outline:2px solid ${use("color")};outline-offset:2px}
.hidden{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@keyframes turn{to{transform:rotate(1turn)}}
:host([data-state=retrying]) svg{animation:turn 2s linear infinite}
@media(prefers-reduced-motion:reduce){svg{animation:none!important}}
@media(forced-colors:active){:host{color:CanvasText!important;background:Canvas}svg{stroke:CanvasText}button{color:ButtonText;background:ButtonFace;border-color:ButtonText}button:focus-visible{outline-color:Highlight}}
`;
