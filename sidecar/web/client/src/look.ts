/**
 * The look of both indicators, where & is the root: in it are drawing, words, button and what is for
 * screen readers only, in that order. A hidden button has no width, but its height, whatever the page makes
 * of its buttons, so that nothing moves when it comes and goes; `data-room` keeps it in its place. The two
 * colours of drawings where the learner has to act differ enough from white and from black, since a
 * page's background is not known.
 */
export const LOOK = `
&{display:inline-flex;position:relative;vertical-align:middle;align-items:center;gap:.35em;box-sizing:border-box;min-inline-size:0;max-inline-size:100%;line-height:1.25;white-space:nowrap}
& :where(svg){flex:none;fill:none;stroke:currentColor;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round;color:color-mix(in srgb,currentColor 70%,transparent);forced-color-adjust:auto}
&[data-state=auth] :where(svg){color:var(--progress-sync-auth-color,#b87400)}
&[data-state=error] :where(svg){color:var(--progress-sync-error-color,#dd3b3f)}
& :where(svg+span){overflow:hidden;text-overflow:ellipsis}
& :where(svg+span)::after{content:attr(data-room);display:block;block-size:0;visibility:hidden}
& :where(button){display:block;flex:none;box-sizing:inherit;min-block-size:max(24px,2em);padding:0 .45em;border:1px solid;border-radius:4px;font:inherit;color:inherit;background:none;cursor:pointer}
& :where(button[aria-disabled=true]){opacity:.6;cursor:default}
& :where(button[hidden]){display:block!important;visibility:hidden;overflow:hidden;inline-size:0!important;min-inline-size:0!important;padding-inline:0!important;border-inline:0!important;margin-inline:-.35em 0}
& :where(button~span),&[data-variant=badge] :where(svg+span){position:absolute;inset:0;overflow:hidden;opacity:0}
& :where(button~span){pointer-events:none}
`;
