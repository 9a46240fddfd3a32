import { readFile } from "node:fs/promises";

const file = new URL("../../../docs/statistics.grafana.json", import.meta.url);
const LESSONS = ["1 Hello", "2 Types", "3 Slices", "4 Maps", "5 Channels", "6 Select", "7 Context", "8 Generics"];
const LEARNERS = 300;
const DAY = 86_400_000;

/** Numbers from 0 to 1 that are the same in each run. */
function dice(seed) {
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
}

/** Has a sidecar save a course of learners of whom many stop on the way, more of them in the fifth lesson. */
export async function fill(api, courseId) {
  const send = async (path, init) => {
    const answer = await fetch(api + path, init);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  const json = (method, body, user) => ({
    method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...(user && { "X-Progress-User": user }) },
  });
  const catalogue = LESSONS.map((lessonId, i) => ({ lessonId, weight: i < 4 ? 1 : 2, required: i < 7 }));
  await send("/v1/courses/" + courseId, json("PUT", { lessons: catalogue }));
  const roll = dice(7);
  const now = Date.now();
  for (let n = 0; n < LEARNERS; n++) {
    const userId = "learner-" + String(n).padStart(3, "0");
    let at = now - (1 + 29 * Math.sqrt(roll())) * DAY;
    const updates = [];
    for (const [i, lessonId] of LESSONS.entries()) {
      const percentage = roll() < (i === 4 ? 0.6 : 0.86) ? 100 : Math.floor(100 * roll());
      updates.push({ userId, courseId, lessonId, percentage, watchedDelta: 6 * percentage, occurredAt: Math.round(at) });
      at += (0.2 + 2 * roll()) * DAY;
      if (percentage < 100 || at > now) break;
    }
    await send("/v1/progress", json("POST", updates, userId));
  }
  await send("/v1/sync", { method: "POST" });
}

/** What the dashboard's panels show of a course: each with the rows of its query. */
export async function read(query, course) {
  const { panels } = JSON.parse(await readFile(file, "utf8"));
  const found = [];
  for (const panel of panels) {
    const sql = panel.targets[0].rawSql.replaceAll("$course", course).replace(/\$__timeFilter\((\w+)\)/g, "$1 > now() - interval '30 days'");
    const limited = panel.type === "table" ? sql.replace("LIMIT 100", "LIMIT 5") : sql;
    found.push({ ...panel, rows: await query(limited) });
  }
  return found;
}

/** Draws the panels, in the browser's page: plainer than Grafana does, and with the same rows at the same places. */
export function draw(panels) {
  const colours = ["#3871dc", "#f2a53a", "#8f3bb8"];
  const make = (name, attributes, ...children) => {
    const element = document.createElementNS(name === "div" || name === "h2" || name === "b" ? "http://www.w3.org/1999/xhtml" : "http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const told = (value, { unit, decimals = 0 } = {}) =>
    typeof value !== "number" ? String(value ?? "–").replace(/T(\d\d:\d\d).*/, " $1")
    : unit === "s" ? (value / 60).toFixed(decimals) + " min" : value.toFixed(decimals) + (unit === "percent" ? " %" : "");
  const chart = ({ rows, fieldConfig: { defaults }, options: { xField, stacking } }, width, height) => {
    const series = Object.keys(rows[0]).filter((name) => name !== xField);
    const isStacked = stacking === "normal";
    const highest = Math.max(...rows.map((row) => series.map((name) => row[name] ?? 0).reduce((a, b) => (isStacked ? a + b : Math.max(a, b)))), 1);
    const svg = make("svg", { width, height });
    const [room, foot] = [(width - 8) / rows.length, 34];
    rows.forEach((row, i) => {
      let base = height - foot;
      series.forEach((name, s) => {
        const size = ((row[name] ?? 0) / highest) * (height - foot - 16);
        const thick = (room * 0.8) / (isStacked ? 1 : series.length);
        const x = 4 + i * room + room * 0.1 + (isStacked ? 0 : s * thick);
        svg.append(make("rect", { x, y: base - size, width: thick, height: size, fill: colours[s] }));
        if (series.length === 1) svg.append(make("text", { x: x + thick / 2, y: base - size - 4, "text-anchor": "middle" }, told(row[name], defaults)));
        if (isStacked) base -= size;
      });
      if (rows.length < 16 || i % 3 === 0) svg.append(make("text", { x: 4 + (i + 0.5) * room, y: height - foot + 14, "text-anchor": "middle" }, row[xField]));
    });
    if (series.length > 1) series.forEach((name, s) => svg.append(
      make("rect", { x: 8 + s * 110, y: height - 12, width: 10, height: 10, fill: colours[s] }), make("text", { x: 22 + s * 110, y: height - 3 }, name)));
    return svg;
  };
  const [column, line] = [50, 30];
  for (const panel of panels) {
    const { x, y, w, h } = panel.gridPos;
    const body = panel.type === "stat" ? make("b", {}, told(Object.values(panel.rows[0])[0], panel.fieldConfig.defaults))
      : panel.type === "table" ? table(panel.rows) : chart(panel, w * column - 34, h * line - 52);
    document.body.append(make("div", { style: `left:${x * column + 4}px;top:${y * line + 4}px;width:${w * column - 8}px;height:${h * line - 8}px` }, make("h2", {}, panel.title), body));
  }
  function table(rows) {
    const table = document.createElement("table");
    table.insertRow().append(...Object.keys(rows[0] ?? {}).map((name) => Object.assign(document.createElement("th"), { textContent: name })));
    for (const row of rows) for (const cell of [table.insertRow()]) for (const value of Object.values(row)) cell.insertCell().textContent = typeof value === "number" ? String(Math.round(value * 10) / 10) : told(value);
    return table;
  }
}

export const html = `<!doctype html><title>Progress of a course</title><style>
  body { margin: 0; background: #f4f5f5; font: 13px system-ui, sans-serif; color: #24292e; }
  div { position: absolute; box-sizing: border-box; background: #fff; border: 1px solid #dcdee2; border-radius: 3px; padding: 8px 12px; overflow: hidden; }
  h2 { font-size: 13px; font-weight: 600; margin: 0 0 8px; } b { font-size: 30px; font-weight: 600; white-space: nowrap; } svg { overflow: visible; }
  text { font-size: 11px; fill: #4a4f57; } table { border-collapse: collapse; width: 100%; text-align: left; } th, td { padding: 4px 8px; border-bottom: 1px solid #e6e7ea; }
</style>`;
