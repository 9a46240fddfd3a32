import { token } from "./token";

/** Which troubles are on: Go's `trouble.Switches`. */
type Switches = Record<string, boolean | string>;

const bar = document.getElementById("try")!;
const buttons = [...bar.querySelectorAll<HTMLButtonElement>("[data-switch]")];
const expiry = bar.querySelector<HTMLSelectElement>("#expiry")!;
const words = bar.querySelector("[role=status]")!;

const SAYS: Record<string, [on: string, off: string]> = {
  outage: ["Postgres is stopped", "Postgres runs again"],
  offline: ["This browser's requests to the sidecar are cut off", "This browser is online again"],
  expired: ["The session has expired; sign in again, in another tab too", "The session is good again"],
  slow: ["Each request to the sidecar waits for 2.5 s", "The network is quick again"],
};

async function ask<T>(path: string, form?: Record<string, string>): Promise<T> {
  const answer = await fetch(path, form && {
    method: "POST",
    body: new URLSearchParams(form),
    headers: { "X-CSRF-Token": token() ?? "" },
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return body as T;
}

function show(switches: Switches) {
  for (const button of buttons) button.ariaPressed = String(!!switches[button.dataset.switch!]);
}

/** Lets one thing happen at a time, and says what came of it. */
async function does(work: () => Promise<string>) {
  if (bar.ariaBusy === "true") return;
  bar.ariaBusy = "true";
  try {
    words.textContent = await work();
  } catch (reason) {
    words.textContent = String(reason);
  }
  bar.ariaBusy = "false";
}

async function turn(name: string, value: string) {
  show(await ask<Switches>("/try", { name, value }));
  return SAYS[name]![value ? 0 : 1];
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    const name = button.dataset.switch!;
    const on = name === "expired" ? expiry.value : "on";
    void does(() => turn(name, button.ariaPressed === "true" ? "" : on));
  });
}

expiry.addEventListener("change", () => {
  const on = buttons.some((button) => button.dataset.switch === "expired" && button.ariaPressed === "true");
  if (on) void does(() => turn("expired", expiry.value));
});

bar.querySelector("#second-device")?.addEventListener("click", () => {
  void does(async () => (await ask<{ says: string }>("/try/second-device", { lesson: bar.dataset.lesson! })).says);
});

/** They may have been turned in another tab, or be of a session that has ended since. */
const look = () => void ask<Switches>("/try").then(show, () => show({}));

document.addEventListener("visibilitychange", () => document.hidden || look());

// Another session, which a login in another tab began, has switches of its own.
let known = token();
setInterval(() => {
  if (known === token()) return;
  known = token();
  look();
}, 1000);
