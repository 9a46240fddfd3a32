import { dresser } from "./dress.js";
import { announce, draw, SILENCE, STRINGS } from "./indicator.js";
import { STYLE } from "./theme.js";
import type { IndicatorButton, IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";
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

const dress = dresser(STYLE);

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
        make("svg", { part: "icon", viewBox: "0 0 16 16", width: "1em", height: "1em", "aria-hidden": "true" }, make("path", {})),
        make("span", { part: "text" }),
        make("button", { part: "button", type: "button", "aria-describedby": "reason" }),
        make("span", { id: "reason" }),
        make("span", { role: "status" }),
        make("span", { role: "alert" }),
      );
      const button = this.#part("button");
      button.addEventListener("click", () => this.#press());
      button.addEventListener("blur", () => this.#render());
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

  #press(): void {
    const button = this.#part("button");
    const does = button.getAttribute("value")!;
    if (button.getAttribute("aria-disabled") === "true") return;
    if (!this.dispatchEvent(new Event(does, { bubbles: true, composed: true, cancelable: true }))) return;
    void (does === "resume" ? this.#source?.resume?.() : this.#source?.forceSync());
  }

  #render(): void {
    if (!this.shadowRoot) return;
    const given = this.getAttribute("variant");
    const variant = given === "badge" || given === "compact" ? given : "full";
    const wish = this.getAttribute("button");
    const { status, shape, says, text, room, resumes, hidden, label, reason } = draw(this.#state, this.#strings, {
      variant,
      button: wish === "always" || wish === "never" ? wish : "auto",
      forces: true,
      resumes: !this.#source || !!this.#source.resume,
    });
    give(this, { "data-state": status, "data-variant": variant });
    give(this.#part("path"), { d: shape });
    this.#write("[part=text]", text, { title: text, "data-room": room });

    const button = this.#part("button");
    // Who presses it by the keyboard stays where they are when it has done its work.
    button.hidden = hidden && !button.matches(":focus-visible");
    this.#write("button", label, { value: resumes ? "resume" : "force-sync", title: reason, "aria-disabled": `${!!reason}` });
    this.#write("#reason", reason);

    this.#said = announce(this.#said, says, this.#strings);
    this.#write("[role=status]", this.#said.polite);
    this.#write("[role=alert]", this.#said.alert);
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
