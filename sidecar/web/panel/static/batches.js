// The table of the last batches. Those that follow each other with the same
// outcome are one row, until they are asked for one by one.
import { $, cell, fill, make, number, row, time } from "./dom.js";
import { lags } from "./format.js";
import { grouped, named, nameOf, summed } from "./grouping.js";

let batches = [];
let names = new Map(); // of each batch's group
const unfolded = new Set(); // names of groups

export function update(data) {
  batches = data.batches;
  show();
}

function show() {
  const lanes = $("lanes").checked;
  for (const column of document.querySelectorAll("#batches-table .lane")) column.hidden = !lanes;
  const groups = lanes ? batches.map((batch) => [batch]) : grouped(batches);
  if (!lanes) names = named(groups, names);
  const rows = groups.flatMap((group) => (group.length === 1 ? [single(group[0], lanes)] : several(group)));
  if (rows.length === 0) rows.push(make("tr", {}, make("td", { colspan: lanes ? 8 : 6 }, "None since the sidecar started.")));
  fill($("batches"), rows, $("batches-heading"));
}

function single(batch, lanes) {
  const { lane, number: batchNumber, finishedAt, roundTripSeconds: trip } = batch;
  return row(
    time(finishedAt), outcome(batch), ...(lanes ? [number(lane), number(batchNumber)] : []),
    ...quantities(batch), trips(trip || null, trip || null),
  );
}

function several(group) {
  const name = nameOf(group, names);
  const open = unfolded.has(name);
  const sum = summed(group);
  const button = make("button", {
    type: "button", class: "fold", "data-group": name, "data-focus": `group ${name}`,
    "aria-expanded": open, "aria-label": `×${group.length}: show each batch`,
  }, `×${group.length}`);
  const heading = make("span", { class: "times" }, button, " ", time(group.at(-1).finishedAt), "–", time(group[0].finishedAt));
  const head = row(heading, outcome(group[0]), ...quantities(sum), trips(sum.fastest, sum.slowest));
  if (!open) return [head];
  return [head, ...group.map((batch) => {
    const member = single(batch, false);
    member.className = "member";
    return member;
  })];
}

const outcome = ({ outcome, sqlState }) => cell(make("span", { class: `outcome ${outcome}` }, outcome), sqlState ? ` ${sqlState}` : "");

const quantities = ({ updates, records, rows }) => [updates, records, rows].map(number);

function trips(fastest, slowest) {
  return make("td", { class: "number" }, fastest === null ? "–" : lags(fastest, slowest));
}

export function start() {
  $("lanes").addEventListener("change", show);
  $("batches").addEventListener("click", (event) => {
    const group = event.target.closest("[data-group]")?.dataset.group;
    if (group === undefined) return;
    if (!unfolded.delete(group)) unfolded.add(group);
    show();
  });
}
