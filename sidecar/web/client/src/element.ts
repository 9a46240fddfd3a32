import { announce, SHAPES, SILENCE, statusOf, STRINGS, textOf } from "./indicator.js";
import { STYLE } from "./theme.js";
import type { IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";
import type { ProgressState } from "./types.js";

export type { IndicatorState, IndicatorStrings, IndicatorVariant };

/** A client as the element needs it. */
export interface IndicatorSource {
  getState(): ProgressState;
  subscribe(listener: () => void): () => void;
  forceSync(): unknown;
}

/** Shared by all elements of a document. */
let sheet: CSSStyleSheet | undefined;

/** Neither this nor the nodes below need anything of a content security policy, except in a browser without such sheets. */
function dress(root: ShadowRoot): void {
  try {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const style = document.createElement("style");
    style.textContent = STYLE;
    root.append(style);
  }
}

function make(tag: string, attributes: Record<string, string>, ...children: Element[]): Element {
  const svg = tag === "svg" || tag === "path";
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]!);
  node.append(...children);
  return node;
}

const Base = typeof HTMLElement === "undefined" ? (class {} as typeof HTMLElement) : HTMLElement;

/**
 * `<progress-sync-indicator variant="full|compact|badge" theme="auto|light|dark">`. Give it a client as
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
      const root = this.attachShadow({ mode: "open" });
      dress(root);
      root.append(
        make("svg", { part: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, make("path", {})),
        make("span", { part: "text" }),
        make("span", { part: "count", "aria-hidden": "true" }),
        make("button", { part: "button", type: "button" }),
        make("span", { class: "hidden", role: "status" }),
        make("span", { class: "hidden", role: "alert" }),
      );
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
    set("[part=text]", textOf(this.#state, strings)).className = badge ? "hidden" : "";
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
