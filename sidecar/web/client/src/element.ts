import { announce, SHAPES, SILENCE, statusOf, STRINGS, textOf } from "./indicator.js";
import type { IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";
import type { ProgressState } from "./types.js";

export type { IndicatorState, IndicatorStrings, IndicatorVariant };

/** A client as the element needs it. */
export interface IndicatorSource {
  getState(): ProgressState;
  subscribe(listener: () => void): () => void;
  forceSync(): unknown;
}

const MARKUP = `<style>
:host{display:inline-flex;position:relative;align-items:center;gap:var(--progress-sync-gap,.4em);font:var(--progress-sync-font,inherit);color:var(--progress-sync-color,inherit)}
:host([hidden]),button[hidden]{display:none}
:host([data-state=error]){color:var(--progress-sync-error-color,inherit)}
:host([data-state=saved]){color:var(--progress-sync-saved-color,inherit)}
svg{inline-size:1em;block-size:1em;fill:none;stroke:currentColor;stroke-width:2;flex:none}
button{font:inherit;min-block-size:24px;color:var(--progress-sync-button-color,inherit);background:var(--progress-sync-button-background,transparent);border:1px solid;border-radius:var(--progress-sync-radius,4px);padding:.1em .6em;cursor:pointer}
button:focus-visible{outline:2px solid;outline-offset:2px}
.hidden{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@keyframes turn{to{transform:rotate(1turn)}}
:host([data-state=retrying]) svg{animation:turn 2s linear infinite}
:host(:dir(rtl)[data-state=retrying]) svg{animation-direction:reverse}
@media (prefers-reduced-motion:reduce){svg{animation:none!important}}
@media (forced-colors:active){:host{color:CanvasText}svg{stroke:CanvasText}button{color:ButtonText;background:ButtonFace;border-color:ButtonText}}
</style><svg part="icon" viewBox="0 0 16 16" aria-hidden="true"><path/></svg><span part="text"></span><span part="count" aria-hidden="true"></span><button part="button" type="button"></button><span class="hidden" role="status"></span><span class="hidden" role="alert"></span>`;

const Base = typeof HTMLElement === "undefined" ? (class {} as typeof HTMLElement) : HTMLElement;

/**
 * `<progress-sync-indicator variant="full|compact|badge">`. Give it a client as
 * `progress`, or a `state`. Fires `force-sync`, which `preventDefault` keeps from
 * going to the client.
 */
export class ProgressSyncIndicatorElement extends Base {
  static observedAttributes = ["variant"];

  #source: IndicatorSource | undefined;
  #state: IndicatorState = {};
  #strings = STRINGS;
  #said = SILENCE;
  #end: (() => void) | undefined;

  get progress(): IndicatorSource | undefined {
    return this.#source;
  }

  set progress(source: IndicatorSource | undefined) {
    this.#source = source;
    this.#follow();
  }

  get state(): IndicatorState {
    return this.#state;
  }

  set state(state: IndicatorState) {
    this.#state = state;
    this.#render();
  }

  get strings(): Partial<IndicatorStrings> {
    return this.#strings;
  }

  /** Replaces the texts that are given. */
  set strings(strings: Partial<IndicatorStrings>) {
    this.#strings = { ...STRINGS, ...strings };
    this.#render();
  }

  connectedCallback(): void {
    if (!this.shadowRoot) {
      // Properties may have been set before the element was defined.
      for (const name of ["strings", "state", "progress"] as const) {
        if (Object.hasOwn(this, name)) {
          const value = this[name];
          delete this[name];
          Object.assign(this, { [name]: value });
        }
      }
      this.attachShadow({ mode: "open" }).innerHTML = MARKUP;
      this.#part("button").addEventListener("click", () => {
        if (this.dispatchEvent(new Event("force-sync", { bubbles: true, composed: true, cancelable: true }))) {
          void this.#source?.forceSync();
        }
      });
    }
    this.#follow();
  }

  disconnectedCallback(): void {
    this.#end?.();
    this.#end = undefined;
  }

  attributeChangedCallback(): void {
    this.#render();
  }

  #follow(): void {
    this.#end?.();
    const source = this.#source;
    if (source) {
      const take = () => (this.state = source.getState());
      this.#end = this.isConnected ? source.subscribe(take) : undefined;
      take();
    } else this.#render();
  }

  #part(selector: string): HTMLElement {
    return this.shadowRoot!.querySelector(selector)!;
  }

  #render(): void {
    if (!this.shadowRoot) return;
    const strings = this.#strings;
    const status = statusOf(this.#state);
    const given = this.getAttribute("variant");
    const variant: IndicatorVariant = given === "badge" || given === "compact" ? given : "full";
    const badge = variant === "badge";
    const set = (selector: string, text: string) => {
      const part = this.#part(selector);
      if (part.textContent !== text) part.textContent = text;
      return part;
    };
    this.dataset.state = status;
    this.#part("path").setAttribute("d", SHAPES[status]);
    set("[part=text]", textOf(this.#state, strings, variant)).className = badge ? "hidden" : "";
    set("[part=count]", badge && this.#state.pendingUpdates ? "" + this.#state.pendingUpdates : "");
    set("button", strings.force).hidden = badge;
    this.#said = announce(this.#said, status, strings);
    set("[role=status]", this.#said.polite);
    set("[role=alert]", this.#said.alert);
  }
}

if (typeof customElements !== "undefined" && !customElements.get("progress-sync-indicator")) {
  customElements.define("progress-sync-indicator", ProgressSyncIndicatorElement);
}

declare global {
  interface HTMLElementTagNameMap {
    "progress-sync-indicator": ProgressSyncIndicatorElement;
  }
}
