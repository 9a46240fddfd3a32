// The quarantine: dead letters are listed, replayed and deleted through the
// local API. What is not revealed is not kept here either.
import { $, cell, fill, foreign, make, number, row, say, time } from "./dom.js";
import { call } from "./api.js";
import { count, plural } from "./format.js";

const path = "../v1/dead-letters";
const page = 50;
const most = 1000; // of one answer

let limit = page;
let total = 0;
let seen = "";
let letters = [];

/** Lists again where the number of dead letters, or the last batch that was set aside, changed. */
export function update(data) {
  const refused = data.batches.find((batch) => batch.outcome === "quarantined");
  total = data.status.deadLetters.count;
  const now = `${data.status.startedAt} ${total} ${refused?.finishedAt}`;
  if (now === seen) return;
  seen = now;
  list();
}

async function list() {
  const reveal = $("reveal").checked;
  try {
    const answer = await call("GET", `${path}?limit=${limit}`);
    if (reveal !== $("reveal").checked) return; // another answer is on its way
    letters = answer.deadLetters.map((letter) => ({
      ...letter,
      record: { courseId: letter.record.courseId, lessonId: letter.record.lessonId },
      learner: reveal ? letter.record.userId : null,
    }));
    $("more").hidden = answer.next === null || limit >= most;
  } catch (error) {
    seen = "";
    tell(error.message);
    return;
  }
  show();
}

function show() {
  total = Math.max(total, letters.length);
  if (letters.length === 0) total = 0;
  say($("quarantine-summary"), total === 0
    ? "Empty: no record is set aside."
    : `${plural(total, "record")} set aside. They are not lost: mend the cause, then replay them.`
      + (total > letters.length ? ` The first ${count(letters.length)} are shown.` : ""));
  $("quarantine-table").hidden = letters.length === 0;
  $("replay-all").disabled = letters.length === 0;
  fill($("dead-letters"), letters.map((letter) => row(
    letter.id,
    letter.learner === null ? make("td", { class: "masked" }, "hidden") : cell(foreign(letter.learner)),
    cell(foreign(letter.record.courseId)),
    cell(foreign(letter.record.lessonId)),
    cell(letter.sqlState ?? "not written"),
    cell(letter.constraint ?? "–"),
    number(letter.times),
    cell(time(letter.lastRefusedAt)),
    make("td", { class: "actions" }, button("Replay", letter.id), " ", button("Delete", letter.id)),
  )), $("quarantine-heading"));
}

function button(what, id) {
  const name = `${what} dead letter ${id}`;
  return make("button", { type: "button", "data-id": id, "data-do": what.toLowerCase(), "data-focus": name, "aria-label": name }, what);
}

function tell(text) {
  $("quarantine-result").textContent = text;
}

async function act(method, path, words) {
  try {
    tell(words(await call(method, path)));
  } catch (error) {
    tell(error.message);
  }
  await list();
}

function confirmDelete(id) {
  $("confirm-text").textContent = `Dead letter ${id} is dropped for good, with all updates that are merged in it.`;
  const dialog = $("confirm");
  const end = (yes) => {
    dialog.close();
    if (yes) act("DELETE", `${path}/${id}`, () => `Dead letter ${id} is deleted.`);
  };
  $("confirm-no").onclick = () => end(false);
  $("confirm-yes").onclick = () => end(true);
  dialog.showModal();
}

export function start() {
  $("reveal").addEventListener("change", () => {
    for (const letter of letters) letter.learner = null;
    show();
    list();
  });
  $("more").addEventListener("click", () => {
    limit = Math.min(limit + page, most);
    list();
  });
  $("replay-all").addEventListener("click", () => act("POST", `${path}/replay`, (done) =>
    `${plural(done.replayed, "record")} replayed: accepted, and written again soon.`
    + (done.failed > 0 ? ` ${plural(done.failed, "record")} could not be added to what came since.` : "")
    + (done.more ? " The time was up before all were replayed: replay again." : "")));
  $("dead-letters").addEventListener("click", (event) => {
    const { id, do: what } = event.target.dataset;
    if (what === "replay") act("POST", `${path}/${id}/replay`, () => `Dead letter ${id} is replayed: accepted, and written again soon.`);
    if (what === "delete") confirmDelete(id);
  });
}
