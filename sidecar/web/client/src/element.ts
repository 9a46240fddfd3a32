import { announce, offer, saysOf, SHAPES, SIGNALS, statusOf, STRINGS } from "./indicator.js";
import { STYLE } from "./theme.js";
import type { IndicatorButton, IndicatorState, IndicatorStrings, IndicatorVariant, Offer, Told } from "./indicator.js";
import type { ProgressState } from "./types.js";

export type { IndicatorButton, IndicatorState, IndicatorStrings, IndicatorVariant };

/** A client as the element needs it. */
export interface IndicatorSource {
  getState(): ProgressState;
  subscribe(listener: () => void): () => void;
  forceSync(): unknown;
  /** Takes the video to `resumeAt`; without it no button does. */
  resume?(): unknown;
}

function give(node: Element, attributes: Record<string, string>): void {
  for (const name in attributes) node.setAttribute(name, attributes[name]!);
}

function make(tag: string, attributes: Record<string, string>, ...children: Element[]): Element {
  const svg = tag === "svg" || tag === "path";
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  give(node, attributes);
  node.append(...children);
  return node;
}

/** One for all of a page's elements, made at the first use. */
let sheet: CSSStyleSheet | undefined;

/** Needs nothing of a content security policy, except in a browser that has no constructed style sheets. */
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

const Base = typeof HTMLElement === "undefined" ? (class {} as typeof HTMLElement) : HTMLElement;

/**
 * `<progress-sync-indicator variant="full|compact|badge" button="auto|always|never" theme="auto|light|dark">`.
 * Give it a client as `progress`, or a `state`. Its button fires `force-sync` or `resume`, which `preventDefault`
 * keeps from going to the client.
 */
export class ProgressSyncIndicatorElement extends Base {
  static observedAttributes = ["variant", "button"];

  #source: IndicatorSource | undefined;
  #state: IndicatorState = {};
  #strings = STRINGS;
  #told: Told = "";
  #kept: Offer | undefined;
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
        if (this.hasOwnProperty(name)) {
          const value = this[name];
          delete this[name];
          Object.assign(this, { [name]: value });
        }
      }
      const root = this.attachShadow({ mode: "open" });
      dress(root);
      root.append(
        make(
          "svg",
          { part: "icon", viewBox: "0 0 12 12", width: "1em", height: "1em", fill: "none", stroke: "currentColor", "aria-hidden": "true" },
          make("path", {}),
        ),
        make("span", { part: "text" }),
        make("button", { part: "button", type: "button" }),
        make("span", { role: "status" }),
        make("span", { role: "alert" }),
      );
      this.#part("button").onblur = () => {
        this.#kept = undefined;
        this.#render();
      };
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

  #press(name: string, act: () => unknown): void {
    if (this.dispatchEvent(new Event(name, { bubbles: true, composed: true, cancelable: true }))) act();
  }

  #render(): void {
    if (!this.shadowRoot) return;
    const state = this.#state;
    const source = this.#source;
    const strings = this.#strings;
    const status = statusOf(state);
    const says = saysOf(state);
    const shown = offer(state, strings, {
      variant: this.getAttribute("variant") as IndicatorVariant,
      button: this.getAttribute("button") as IndicatorButton,
      onForceSync: () => this.#press("force-sync", () => source?.forceSync()),
      onResume: source && !source.resume ? undefined : () => this.#press("resume", () => source?.resume?.()),
    }) ?? this.#kept;
    give(this, { "data-state": status });
    give(this.#part("path"), { d: SHAPES[status] });
    this.#write("[part=text]", strings[says], { title: strings[says] });

    const button = this.#part("button");
    button.hidden = !shown;
    button.onclick = () => {
      shown?.act();
    };
    // Who comes to it by the keyboard stays where they are when it has done its work.
    button.onkeyup = () => (this.#kept = shown);
    this.#write("button", shown?.label ?? strings.force, { title: shown?.reason ?? "", "aria-disabled": `${!!shown?.reason}` });

    this.#told = announce(this.#told, says);
    const heard = this.#told && strings[this.#told];
    const alerts = SIGNALS[this.#told];
    this.#write("[role=status]", alerts ? "" : heard);
    this.#write("[role=alert]", alerts ? heard : "");
  }

  /** Leaves alone what has its text: a change of nothing would be read out. */
  #write(selector: string, text: string, attributes = {}): void {
    const part = this.#part(selector);
    if (part.textContent !== text) part.textContent = text;
    give(part, attributes);
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
