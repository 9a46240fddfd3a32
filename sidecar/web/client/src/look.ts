/**
 * The look of both indicators, where & is the root: in it are drawing, words, button and what is for
 * screen readers only, in that order. The root always has the height of its button, so that nothing
 * moves when that comes and goes; `data-room` keeps the button in its place. A button that has gone
 * stays while the keyboard's focus is on it. The two colours of drawings where the learner has to
 * act differ enough from white and from black, since a page's background is not known.
 */
export const LOOK = `
&{display:inline-flex;position:relative;vertical-align:middle;align-items:center;gap:.35em;box-sizing:border-box;min-block-size:max(24px,2em);min-inline-size:0;max-inline-size:100%;line-height:1.25;white-space:nowrap}
& :where(svg){flex:none;fill:none;stroke:currentColor;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round;color:color-mix(in srgb,currentColor 70%,transparent);forced-color-adjust:auto}
&[data-state=auth] :where(svg){color:var(--progress-sync-auth-color,#b87400)}
&[data-state=error] :where(svg){color:var(--progress-sync-error-color,#dd3b3f)}
& :where(svg+span){overflow:hidden;text-overflow:ellipsis}
& :where(svg+span)::after{content:attr(data-room);display:block;block-size:0;visibility:hidden}
& :where(button){display:block;flex:none;box-sizing:inherit;min-block-size:inherit;padding:0 .45em;border:1px solid;border-radius:4px;font:inherit;color:inherit;background:none;cursor:pointer}
& :where(button[aria-disabled=true]){opacity:.6;cursor:default}
& :where(button[hidden]:not(:focus-visible)){display:none!important}
& :where(button~span),&[data-variant=badge] :where(svg+span){position:absolute;inset:0;overflow:hidden;opacity:0}
& :where(button~span){pointer-events:none}
`;
