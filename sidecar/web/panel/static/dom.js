// Small helpers for the page's elements.
import { count, timeText } from "./format.js";

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
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  const table = body.closest("table");
  rows.forEach((row, i) => {
    if (table !== null) describe(row, table);
    const old = body.children[i];
    if (old === undefined) body.append(row);
    else if (old.outerHTML !== row.outerHTML) old.replaceWith(row);
  });
  while (body.children.length > rows.length) body.lastElementChild.remove();
  if (focused === undefined || body.contains(document.activeElement)) return;
  const again = [...body.querySelectorAll("[data-focus]")].find((control) => control.dataset.focus === focused);
  (again ?? lost).focus();
}

/**
 * Gives each cell the words of its column, which stand beside it where the row is
 * a card, and the roles that it would lose there.
 */
function describe(row, table) {
  const columns = [...table.tHead.rows[0].cells].filter((column) => !column.hidden);
  row.setAttribute("role", "row");
  [...row.cells].forEach((cell, i) => {
    cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
    if (!cell.hasAttribute("colspan")) cell.dataset.label = columns[i].textContent;
  });
}

export function row(heading, ...cells) {
  return make("tr", {}, make("th", { scope: "row" }, heading), ...cells);
}

/** What a text of somebody else's is put into: it may run from right to left. */
export const foreign = (text) => make("bdi", {}, text);

export const number = (n) => make("td", { class: "number" }, count(n));
export const cell = (...content) => make("td", {}, ...content);
export const time = (text) => make("time", { datetime: text, title: text }, timeText(text));
