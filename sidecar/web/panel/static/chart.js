// The chart of updates accepted against rows written: two lines over the last
// minutes, from before the page was opened, and the same as a table.
import { $, fill, make, number, row } from "./dom.js";
import { count, lag, timeText } from "./format.js";
import { buckets, points } from "./history.js";

const svg = "http://www.w3.org/2000/svg";
const minute = 60000; // milliseconds
const parts = 5; // of the time axis
const rows = 10; // of the table

let minutes = 5;

/** Draws what /ui/data has of the past, up to now (milliseconds). */
export function draw(data, now) {
  const window = minutes * minute;
  const list = points(data, now, window);
  const end = list.at(-1);
  $("chart-span").textContent = lately((now - list[0].at) / 1000);
  $("chart-accepted").textContent = count(end.accepted);
  $("chart-written").textContent = count(end.written);
  lines(list, now, window);
  if ($("chart-details").open) table(list, window / rows);
}

function lately(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}

function lines(points, now, window) {
  const chart = $("chart");
  const width = chart.clientWidth || 600;
  const height = chart.clientHeight || 180;
  const box = { left: 8, right: width - 8, top: 20, bottom: height - 22 };
  const end = points.at(-1);
  const top = round(Math.max(end.accepted, end.written, 4));
  const x = (at) => box.right - ((now - at) / window) * (box.right - box.left);
  const y = (n) => box.bottom - (n / top) * (box.bottom - box.top);
  const path = (what) => `M${points.map((p) => `${x(p.at).toFixed(1)} ${y(p[what]).toFixed(1)}`).join("L")}`;
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const shapes = [];
  for (const n of [0, top / 2, top]) {
    shapes.push(shape("path", { class: "grid", d: `M${box.left} ${y(n)}H${box.right}` }));
    if (n > 0) shapes.push(label(box.left, y(n) - 4, "start", count(n)));
  }
  for (let part = 0; part <= parts; part++) {
    const ago = (part * window) / parts;
    const at = x(now - ago);
    shapes.push(shape("path", { class: "grid", d: `M${at} ${box.bottom}v4` }));
    const anchor = part === 0 ? "end" : part === parts ? "start" : "middle";
    if (part === 0 || part === parts || width > 480) {
      shapes.push(label(at, box.bottom + 17, anchor, part === 0 ? "now" : `${ago / minute} min ago`));
    }
  }
  shapes.push(shape("path", { class: "written", d: path("written") }), shape("path", { class: "accepted", d: path("accepted") }));
  chart.replaceChildren(...shapes);
}

/** The next number that divides well. */
function round(n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 4, 6, 8, 10].map((f) => f * power).find((top) => top >= n);
}

function shape(name, attributes, text = "") {
  const element = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

function label(x, y, anchor, text) {
  return shape("text", { x, y, "text-anchor": anchor }, text);
}

function table(points, every) {
  fill($("chart-rows"), buckets(points, every).map(({ at, accepted, written, lag: longest }, i) =>
    row(i === 0 ? "Now" : timeText(at), number(accepted), number(written), make("td", { class: "number" }, longest === null ? "–" : lag(longest)))), $("chart-details"));
}

/** Calls back when another time is to be drawn. */
export function start(changed) {
  $("chart-time").addEventListener("change", (event) => {
    minutes = Number(event.target.value);
    changed();
  });
  $("chart-details").addEventListener("toggle", changed);
}
