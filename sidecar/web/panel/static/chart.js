// The chart of updates accepted against rows written: two lines of steps over
// the last five minutes, and the same as a table.
import { $, count, fill, number, row, timeText } from "./dom.js";

const window = 300; // seconds
const bucket = 30;
const svg = "http://www.w3.org/2000/svg";

let samples = [];

/** Notes the counters of a moment (milliseconds). A restarted sidecar starts from zero, and the chart with it. */
export function sample(at, accepted, written) {
  const last = samples.at(-1);
  if (last && (accepted < last.accepted || written < last.written)) samples = [];
  samples.push({ at, accepted, written });
  // One sample from before the window stays: it is where the lines start.
  while (samples.length > 2 && samples[1].at < at - window * 1000) samples.shift();
}

/** Draws up to now (milliseconds). */
export function draw(now) {
  if (samples.length === 0) return;
  const begin = Math.max(samples[0].at, now - window * 1000);
  const zero = samples[0];
  const points = samples.map((s) => ({ at: Math.max(s.at, begin), accepted: s.accepted - zero.accepted, written: s.written - zero.written }));
  const end = points.at(-1);
  $("chart-span").textContent = lately((now - begin) / 1000);
  $("chart-accepted").textContent = count(end.accepted);
  $("chart-written").textContent = count(end.written);
  lines(points, now);
  if ($("chart-details").open) table(points, begin, now);
}

function lately(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}

function lines(points, now) {
  const chart = $("chart");
  const width = chart.clientWidth || 600;
  const height = chart.clientHeight || 180;
  const box = { left: 8, right: width - 8, top: 20, bottom: height - 22 };
  const end = points.at(-1);
  const top = round(Math.max(end.accepted, end.written, 4));
  const x = (at) => box.right - ((now - at) / 1000 / window) * (box.right - box.left);
  const y = (n) => box.bottom - (n / top) * (box.bottom - box.top);
  const path = (what) => {
    let d = `M${x(points[0].at).toFixed(1)} ${y(points[0][what]).toFixed(1)}`;
    for (const p of points.slice(1)) d += `H${x(p.at).toFixed(1)}V${y(p[what]).toFixed(1)}`;
    return `${d}H${box.right}`;
  };
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const parts = [];
  for (const n of [0, top / 2, top]) {
    parts.push(shape("path", { class: "grid", d: `M${box.left} ${y(n)}H${box.right}` }));
    if (n > 0) parts.push(label(box.left, y(n) - 4, "start", count(n)));
  }
  for (let minutes = 0; minutes <= window / 60; minutes++) {
    const at = x(now - minutes * 60000);
    parts.push(shape("path", { class: "grid", d: `M${at} ${box.bottom}v4` }));
    const anchor = minutes === 0 ? "end" : minutes === window / 60 ? "start" : "middle";
    if (minutes === 0 || minutes === window / 60 || width > 480) {
      parts.push(label(at, box.bottom + 17, anchor, minutes === 0 ? "now" : `${minutes} min ago`));
    }
  }
  parts.push(shape("path", { class: "written", d: path("written") }), shape("path", { class: "accepted", d: path("accepted") }));
  chart.replaceChildren(...parts);
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

function table(points, begin, now) {
  const rows = [];
  for (let at = Math.ceil(begin / bucket / 1000) * bucket * 1000; at <= now; at += bucket * 1000) {
    const last = points.findLast((p) => p.at <= at) ?? points[0];
    rows.unshift(row(timeText(at), number(last.accepted), number(last.written)));
  }
  const last = points.at(-1);
  rows.unshift(row("Now", number(last.accepted), number(last.written)));
  fill($("chart-rows"), rows, $("chart-details"));
}
