// Small helpers for the page's elements and words.

export const $ = (id) => document.getElementById(id);

/** Makes an element; attributes that are null are left out. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Sets a text only where it differs, so that a selection in it survives. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes a table's body, or a list, have these rows. Those that are the same stay,
 * and the focus stays on the control of its name; `lost` gets it without one.
 */
export function fill(body, rows, lost) {
  const focused = body.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  rows.forEach((row, i) => {
    const old = body.children[i];
    if (old === undefined) body.append(row);
    else if (old.outerHTML !== row.outerHTML) old.replaceWith(row);
  });
  while (body.children.length > rows.length) body.lastElementChild.remove();
  if (focused === null || body.contains(document.activeElement)) return;
  const again = [...body.querySelectorAll("button")].find((button) => button.getAttribute("aria-label") === focused);
  (again ?? lost).focus();
}

export function row(heading, ...cells) {
  return make("tr", {}, make("th", { scope: "row" }, heading), ...cells);
}

export const number = (n) => make("td", { class: "number" }, count(n));
export const cell = (content) => make("td", {}, content);

const numbers = new Intl.NumberFormat("en");
export const count = (n) => numbers.format(n);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });

/** The time of the day here, with the day if it is another one. */
export function timeText(at) {
  const then = new Date(at);
  const today = then.toDateString() === new Date().toDateString();
  return (today ? "" : `${day.format(then)}, `) + clock.format(then);
}

export const time = (text) => make("time", { datetime: text, title: text }, timeText(text));

/** A length of time in one or two units. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

/** Calls the sidecar. It resolves to what the answer says, or throws an Error with words for a person. */
export async function call(method, path) {
  let response;
  try {
    response = await fetch(path, { method, cache: "no-store", headers: { Accept: "application/json" } });
  } catch {
    throw new Error("The sidecar does not answer. Is the port still forwarded?");
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text === "" ? null : JSON.parse(text);
  } catch {
    throw new Error(`The answer of the sidecar can't be read (status ${response.status}).`);
  }
  if (!response.ok) throw new Error(answer?.detail ?? `The sidecar answered with status ${response.status}.`);
  return answer;
}
