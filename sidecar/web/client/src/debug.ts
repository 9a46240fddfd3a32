import { attempts } from "./http.js";
import { clock, copy, facts, line, outcome, rates } from "./report.js";
import type { ProgressSync } from "./types.js";

/** The page's panel, if it is open: a page has one. */
let end: (() => void) | undefined;

/** Shows the page's clients and requests in a corner of it. */
export function open(): void {
  end ??= show();
}

/** Removes the panel, and switches it off, so that it stays away. */
export function close(): void {
  end?.();
  end = undefined;
  try {
    localStorage["debug-progress"] = "false";
  } catch {
    // It may be forbidden.
  }
}

const STYLE = `
:host{all:initial!important;position:fixed!important;inset:auto 8px 8px auto!important;z-index:2147483647!important;color-scheme:light dark!important;--text:#24262b;--back:#fff;--soft:#eef0f4;--line:#6b7080;--bad:#b3161b}
@media(prefers-color-scheme:dark){:host{--text:#eceef2;--back:#1c1d21;--soft:#33353c;--line:#9aa0b0;--bad:#ffb3ad}}
*{box-sizing:border-box}
section{inline-size:min(27rem,100vw - 16px);font:13px/1.45 system-ui,sans-serif;color:var(--text);background:var(--back);border:1px solid var(--line);border-radius:6px;overflow-wrap:anywhere}
summary{padding:8px;font-weight:600}
.scroll{max-block-size:55vh;overflow:auto;overscroll-behavior:contain;padding:0 8px 8px;border-block-start:1px solid var(--line)}
h2,p{margin:8px 0 2px}
h2,caption{font:600 13px system-ui,sans-serif;text-align:start}
dl{display:grid;grid-template-columns:1fr 1fr;gap:0 12px;margin:0}
dl div{display:flex;gap:6px}
.error{grid-column:1/-1}
dt{white-space:nowrap}
dd{margin:0;font-weight:600}
button{font:inherit;min-block-size:28px;padding:2px 10px;margin:6px 6px 0 0;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:4px}
.close{position:absolute;inset:4px 4px auto auto;margin:0}
.bad{color:var(--bad)}
:focus-visible{outline:2px solid var(--text)}
textarea{inline-size:100%;block-size:6em}
table{inline-size:100%;border-collapse:collapse;font:11px/1.5 monospace}
caption{padding-block:8px 2px}
th,td{padding:0 6px 0 0;vertical-align:top;white-space:nowrap;text-align:start}
td:nth-child(3),[colspan]{white-space:normal;inline-size:100%}
`;

let sheet: CSSStyleSheet | undefined;

type Child = Node | string;

function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className = "", ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

function button(label: string, press: (event: MouseEvent) => void): HTMLButtonElement {
  const node = make("button", "", label);
  node.type = "button";
  node.addEventListener("click", press);
  return node;
}

/** Tells those who listen what a node is. */
function name(node: Element, label: string, role = ""): void {
  node.setAttribute("aria-label", label);
  if (role) node.setAttribute("role", role);
}

function write(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Returns what removes it. */
function show(): () => void {
  const host = document.createElement("progress-sync-debug");
  const root = host.attachShadow({ mode: "open" });
  const clients = make("div");
  const empty = make("p");
  const requests = make("tbody");
  const titles = ["time", "method", "path", "status", "took"].map((title) => make("th", "", title));
  const numbers = rates([]).map(([title]) => [title, make("dd")] as const);
  const sums = make("dl", "", ...numbers.map(([title, value]) => make("div", "", make("dt", "", title), value)));
  const scroll = make("div", "scroll", empty, clients, make("h2", "", "Requests with progress, among the last 20"), sums,
    make("table", "", make("caption", "", "Requests of the page, the latest first"), make("thead", "", make("tr", "", ...titles)), requests));
  scroll.tabIndex = 0;
  name(scroll, "Clients and requests", "group");
  const details = make("details", "", make("summary", "", "progress-sync"), scroll);
  details.open = true;
  const shut = button("Close", close);
  shut.className = "close";
  const section = make("section", "", details, shut);
  name(section, "progress-sync debug", "region");
  // It changes all the time, and nobody wants to hear that.
  section.setAttribute("aria-live", "off");
  try {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(make("style", "", STYLE));
  }
  root.append(section);

  const cards = new Map<ProgressSync, ReturnType<typeof card>>();
  let shown = "";

  function refresh() {
    // A page that puts another body in place of its own keeps the panel.
    if (!host.isConnected) document.body?.append(host);
    const now = Object.entries(window.progressSync ?? {});
    for (const [client, { end }] of cards) {
      if (now.some((entry) => entry[1] === client)) continue;
      end();
      cards.delete(client);
    }
    for (const [lesson, client] of now) {
      if (!cards.has(client)) {
        const one = card(lesson, client);
        cards.set(client, one);
        clients.append(one.node);
      }
    }
    write(empty, now[0] ? "" : "This page has no client.");
    rates(attempts).forEach(([, value], i) => write(numbers[i]![1], value));
    const lines = attempts.map(line).reverse();
    // What is selected stays selected while there is nothing to tell.
    if (shown === (shown = "" + lines)) return;
    requests.replaceChildren(...lines.flatMap(([...cells]) => {
      const error = cells.pop()!;
      const row = make("tr", error && "bad", ...cells.map((text) => make("td", "", text)));
      if (!error) return [row];
      const wide = make("td", "", error);
      wide.colSpan = cells.length;
      return [row, make("tr", "bad", wide)];
    }));
  }

  const timer = setInterval(refresh, 1000);
  refresh();
  return () => {
    clearInterval(timer);
    for (const { end } of cards.values()) end();
    host.remove();
  };
}

/** What is shown of a client. */
function card(lesson: string, client: ProgressSync) {
  const values = facts(client.getState()).map(() => make("dd"));
  const names = facts(client.getState()).map(([title], i) => make("div", title, make("dt", "", title), values[i]!));
  const said = make("p");
  const text = make("textarea");
  text.readOnly = text.hidden = true;
  name(text, "State as JSON");

  const force = button("Force sync", async () => {
    say("Asking the sidecar to save it…");
    const saved = await client.forceSync();
    say(clock(Date.now()) + " " + outcome(saved, client.getState()));
  });

  let asked = false;
  const ask = (really: boolean) => {
    asked = really;
    refresh();
  };
  const discard = button("", ({ detail }) => {
    // The second click of a double click is no second thought.
    if (detail > 1) return;
    if (!client.getState().isDirty) return say("Nothing is held by this browser alone.");
    if (!asked) return ask(true);
    client.discardPending();
    ask(false);
    say("Discarded. What the sidecar has accepted stays.");
  });
  discard.addEventListener("blur", () => ask(false));

  const copying = button("Copy state", async () => {
    const json = copy(lesson, client.getState(), attempts);
    try {
      await navigator.clipboard.writeText(json);
      text.hidden = true;
      say("Copied.");
    } catch {
      // Only secure pages have a clipboard.
      text.value = json;
      text.hidden = false;
      text.select();
      say("Copy it from here:");
    }
  });

  const say = (words: string) => write(said, words);

  function refresh() {
    const state = client.getState();
    facts(state).forEach(([, value], i) => write(values[i]!, value));
    asked &&= state.isDirty;
    const { pendingUpdates: most } = state;
    discard.className = asked ? "bad" : "";
    write(discard, asked ? `Really discard ${most > 1 ? `up to ${most} updates` : "1 update"}?` : "Discard pending");
  }

  refresh();
  const node = make("article", "", make("h2", "", lesson), make("dl", "", ...names), force, discard, copying, said, text);
  const unsubscribe = client.subscribe(() => {
    refresh();
    console.debug("progress-sync", lesson, client.getState());
  });
  return {
    node,
    end() {
      unsubscribe();
      node.remove();
    },
  };
}
