/** What the server says of the course: package web's `overview`. */
interface Overview {
  known: boolean;
  percentage: number;
  summary: string;
  next: { address: string; text: string };
  lessons: { id: string; known: boolean; percentage: number; words: string }[];
}

/** How often it is asked again what could not be told, in milliseconds. */
const PAUSE = 5000;

const page = document.getElementById("course")!;
const find = <T extends HTMLElement>(selector: string) => page.querySelector<T>(selector)!;

function write(node: HTMLElement, text: string) {
  // A change of nothing would be read out.
  if (node.textContent !== text) node.textContent = text;
}

function draw(bar: HTMLProgressElement, percentage: number, known: boolean) {
  bar.value = percentage;
  bar.classList.toggle("unknown", !known);
}

function show({ known, percentage, summary, next, lessons }: Overview) {
  page.dataset.known = String(known);
  write(find("#summary"), summary);
  draw(find("#total"), percentage, known);
  const link = find<HTMLAnchorElement>("#next");
  link.href = next.address;
  write(link, next.text);
  for (const lesson of lessons) {
    const card = find(`[data-lesson="${lesson.id}"]`);
    write(card.querySelector<HTMLElement>(".percentage")!, lesson.words);
    draw(card.querySelector("progress")!, lesson.percentage, lesson.known);
  }
}

async function ask() {
  try {
    const answer = await fetch("/course/progress");
    if (answer.ok) show(await answer.json());
  } catch {
    // There is no network; it is asked again.
  }
}

setInterval(() => {
  if (!document.hidden && page.dataset.known === "false") void ask();
}, PAUSE);

// Lessons may have been watched in other tabs.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void ask();
});
