// Shows /ui/data, and asks for it again when the sidecar says that something
// changed (/v1/sync/events), or every two seconds where it can't say so.
import { $, cell, fill, make, row, say, time } from "./dom.js";
import { call } from "./api.js";
import { figures } from "./figures.js";
import { span, timeText } from "./format.js";
import { classRows, stretch, variantRows } from "./breakdown.js";
import * as batches from "./batches.js";
import * as chart from "./chart.js";
import * as lookup from "./lookup.js";
import * as quarantine from "./quarantine.js";
import * as words from "./words.js";

const seconds = 1000;
const atMost = 0.5 * seconds; // between two reads
const polling = 2 * seconds;
const listening = 10 * seconds; // for what changes without an event
const again = 30 * seconds; // until events are tried again

let data = null;
let offset = 0; // of the sidecar's clock, in milliseconds
let lost = null; // when the sidecar stopped answering
let events = null;
let timer = 0;
let due = 0; // when timer fires
let reading = false;
let troubled = null; // the trouble that was announced, null for none

const now = () => Date.now() + offset;

// Reading.

function readIn(delay) {
  const at = Date.now() + delay;
  if (timer !== 0 && due <= at) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(read, delay);
}

async function read() {
  timer = 0;
  if (document.hidden) return;
  if (reading) return readIn(atMost); // that answer may not know of the latest change
  reading = true;
  const began = Date.now();
  try {
    const next = await call("GET", "data");
    offset = Date.parse(next.now) - (began + Date.now()) / 2;
    data = next;
    if (lost !== null) announce("The sidecar answers again.");
    lost = null;
    show();
  } catch (error) {
    if (lost === null) announce(error.message);
    lost ??= Date.now();
    if (data === null) say($("state-sentence"), error.message);
    showLink();
  }
  reading = false;
  readIn(isLive() && lost === null ? listening : polling);
}

const isLive = () => events?.readyState === EventSource.OPEN;

function listen() {
  if (document.hidden || events !== null) return;
  events = new EventSource("../v1/sync/events");
  events.addEventListener("state", () => readIn(atMost));
  events.addEventListener("open", showLink);
  events.addEventListener("error", () => {
    showLink();
    readIn(polling);
    if (events.readyState !== EventSource.CLOSED) return; // the browser tries again
    events = null;
    setTimeout(listen, again);
  });
}

// Showing.

function show() {
  showLink();
  showIdentity();
  showState();
  showAdvice();
  showFigures();
  showBreakdown();
  batches.update(data);
  lookup.update(data);
  showConfig();
  quarantine.update(data);
  drawChart();
}

function drawChart() {
  if (data !== null) chart.draw(data, now());
}

function showLink() {
  let text = isLive() ? "Live" : "Read every 2 seconds";
  if (lost !== null) text = `No answer since ${timeText(lost)}; what is shown is older`;
  say($("link"), text);
  $("link").className = lost !== null ? "lost" : "";
}

function showIdentity() {
  const { version, policyNamespace, policyName, policyGeneration, startedAt } = data.status;
  const policy = policyName ? `policy ${policyNamespace}/${policyName} (generation ${policyGeneration})` : "no policy";
  say($("identity"), `Version ${version}, ${policy}, up ${span((now() - Date.parse(startedAt)) / 1000)}`);
}

const shapes = {
  synced: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM7 12l3.5 3.5L17 9",
  pending: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM12 6.5V12l4 2.5",
  syncing: "M12 21V4M5 11l7-7 7 7",
  retrying: "M20 12a8 8 0 1 1-2.5-5.8M20 2v5h-5",
  parked: "M3 3h18v18H3ZM9.5 8v8M14.5 8v8",
  offline: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM5 5l14 14",
  error: "M8 2h8l6 6v8l-6 6H8l-6-6V8ZM12 7v6M12 16.5v.5",
};

const sentence = () => words.sentence(data.status, now());

function showState() {
  const { state } = data.status.sync;
  $("banner").className = state;
  $("state-shape").firstElementChild.setAttribute("d", shapes[state]);
  say($("state"), state);
  say($("state-sentence"), sentence());
  document.title = `${state} – progress-sync sidecar`;
  const news = words.news(troubled, data.status);
  troubled = words.trouble(data.status);
  if (news !== null) announce(news);
}

function announce(text) {
  $("announcement").textContent = text;
}

function showAdvice() {
  const { error } = data.status.sync;
  const advice = words.advice(data.status).map((text) => make("li", {}, text));
  if (error) {
    const code = error.sqlState ? `${error.class}, SQLSTATE ${error.sqlState}` : error.class;
    advice.unshift(make("li", {}, error.message, make("small", {}, ` (${code}, since `, time(error.since), ")")));
  }
  $("trouble").hidden = advice.length === 0;
  fill($("advice"), advice, $("state-heading"));
}

function showFigures() {
  const list = $("figures");
  for (const [i, [name, value, detail]] of figures(data, now()).entries()) {
    const dd = list.children[i]?.lastElementChild ?? make("dd", {}, make("span"), " ", make("small"));
    if (!dd.parentElement) list.append(make("div", {}, make("dt", {}, name), dd));
    say(dd.firstElementChild, value);
    say(dd.lastElementChild, detail);
  }
}

function showBreakdown() {
  const cells = ([name, ...texts]) => row(name, ...texts.map((text) => make("td", { class: "number" }, text)));
  const variants = variantRows(data);
  say($("adaptive"), stretch(data.status.adaptive));
  fill($("classes"), classRows(data, now()).map(cells), $("classes-heading"));
  fill($("variants"), variants.map(cells), $("classes-heading"));
  $("variants-table").hidden = variants.length === 0;
}

function showConfig() {
  const { policy, ...sections } = data.config;
  say($("config-source"), words.origin(policy, data.status.configSource));
  const rows = [];
  const add = (name, value) => {
    if (value !== null && typeof value === "object") {
      for (const key of Object.keys(value)) add(name === "" ? key : `${name}.${key}`, value[key]);
      return;
    }
    rows.push(row(name, cell(String(value))));
  };
  add("", sections);
  fill($("config"), rows, $("config-heading"));
}

// Acting.

async function forceSync() {
  const button = $("force-sync");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  const result = $("force-sync-result");
  result.textContent = "Writing…";
  let came = "not saved";
  try {
    const done = await call("POST", "../v1/sync");
    came = "written, but what is set aside is not known";
    const { status } = await call("GET", "data");
    result.textContent = `At ${timeText(Date.now())}: ${words.written(done, status.deadLetters.count)}`;
  } catch (error) {
    result.textContent = `At ${timeText(Date.now())}: ${came}. ${error.message}`;
  }
  button.removeAttribute("aria-disabled");
  readIn(0);
}

$("force-sync").addEventListener("click", forceSync);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    events?.close(); // others may need the place
    events = null;
    return;
  }
  listen();
  readIn(0);
});
setInterval(() => {
  if (data === null || document.hidden) return;
  if (lost === null) {
    showIdentity();
    say($("state-sentence"), sentence());
    showFigures();
  }
  drawChart();
}, seconds);
chart.start(drawChart);
batches.start();
lookup.start(now);
quarantine.start();
listen();
readIn(0);
