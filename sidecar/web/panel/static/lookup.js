// "Where is my update?": asks the local API for one learner. What was asked and
// answered is in the page alone, and gone when it is hidden or left.
import { $, cell, fill, foreign, make, number, row, time } from "./dom.js";
import { call } from "./api.js";
import { plural, span, timeText } from "./format.js";
import { found } from "./found.js";

const page = 1000; // dead letters of one answer
const most = 10; // pages

let data = null; // what the page shows
let now = Date.now; // the sidecar's clock, in milliseconds
let question = 0; // an answer to an earlier one comes too late

export function update(next) {
  data = next;
  $("look").disabled = false;
}

/** Asks for what is known of these ids, of which only userId has to be there. */
async function ask(ids) {
  const { ingest, sync: { interval } } = data.config;
  const query = new URLSearchParams(ids);
  // With a user header, progress is read in the name of the learner alone.
  const headers = ingest.userHeader ? { [ingest.userHeader]: bytesOf(ids.userId) } : {};
  const [read, sync, { letters, more }] = await Promise.all([
    call("GET", `../v1/progress?${query}`, headers),
    call("GET", `../v1/sync?${query}`),
    deadLetters(ids),
  ]);
  return { read, sync, letters, more, interval };
}

/** A header takes bytes, one a character: those of UTF-8, as a proxy sends them. */
const bytesOf = (text) => String.fromCharCode(...new TextEncoder().encode(text));

/** The dead letters of these ids; there may be more than are looked at. */
async function deadLetters(ids) {
  const letters = [];
  let cursor = "0";
  for (let i = 0; i < most && cursor !== null; i++) {
    const answer = await call("GET", `../v1/dead-letters?limit=${page}&cursor=${cursor}`);
    letters.push(...answer.deadLetters
      .filter(({ record }) => Object.entries(ids).every(([name, value]) => record[name] === value))
      .map(({ id, sqlState, constraint, record: { courseId, lessonId } }) => ({ id, sqlState, constraint, courseId, lessonId })));
    cursor = answer.next;
  }
  return { letters, more: cursor !== null };
}

async function look(event) {
  event.preventDefault();
  const ids = {};
  for (const [name, id] of [["userId", "look-learner"], ["courseId", "look-course"], ["lessonId", "look-lesson"]]) {
    const value = $(id).value.trim();
    if (value !== "") ids[name] = value;
  }
  if (!ids.userId) {
    show("Write the learner's id first: the one that the LMS sends as userId.", []);
    $("look-learner").focus();
    return;
  }
  const mine = ++question;
  show("Looking…", []);
  try {
    const answer = await ask(ids);
    if (mine !== question) return;
    const { summary, lessons } = found(answer, now());
    show(`At ${timeText(Date.now())}: ${summary}`, lessons);
  } catch (error) {
    if (mine === question) show(error.message, []);
  }
}

function show(text, lessons) {
  $("look-result").textContent = text;
  $("look-table").hidden = lessons.length === 0;
  fill($("look-rows"), lessons.map(lessonRow), $("look-heading"));
}

function lessonRow({ courseId, lessonId, places, letters, record }) {
  const links = letters.map(({ id }) => make("a", { href: "#quarantine-heading" }, `Dead letter ${id}`));
  return row(
    foreign(lessonId),
    cell(foreign(courseId)),
    make("td", { class: "place" }, ...places.map((place) => make("p", {}, place)), ...links.flatMap((link) => [link, " "])),
    cell(record === null ? "–" : position(record)),
    record === null ? cell("–") : number(record.updateCount),
    cell(record?.lastWatchedAt ? time(record.lastWatchedAt) : "–"),
  );
}

function position({ positionSeconds, durationSeconds, percentage, completed }) {
  const of = durationSeconds > 0 ? ` of ${span(durationSeconds)}` : "";
  return `${span(positionSeconds)}${of}, ${Math.floor(percentage)}%${completed ? ", completed" : ""}`;
}

function clear() {
  question++;
  $("look-form").reset();
  show("", []);
}

export function start(clock) {
  now = clock;
  $("look-form").addEventListener("submit", look);
  $("look-clear").addEventListener("click", () => {
    clear();
    $("look-learner").focus();
  });
  document.addEventListener("visibilitychange", () => document.hidden && clear());
  window.addEventListener("pagehide", clear); // a page that is kept to come back to may not be hidden before
}
