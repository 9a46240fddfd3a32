import { clear, createProgressSync } from "@progress-sync/client";
import { confirmed } from "./dialog";
import { token } from "./token";

/** How long signing out waits for what is not sent yet, in milliseconds. */
const PATIENCE = 2000;

const form = document.getElementById("sign-out") as HTMLFormElement;

// Computers are shared: the next one to sit here finds nothing of this learner.
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void signOut(form.dataset.learner!);
});

async function signOut(learner: string) {
  const clients = Object.values(window.progressSync ?? {});
  // A page without a lesson may have to send what closed tabs have left.
  if (!clients[0]) clients.push(createProgressSync({ endpoint: "/progress", userId: learner, courseId: form.dataset.course!, lessonId: "sign-out", csrfToken: token }));
  const all = Promise.all(clients.map((client) => client.forceSync()));
  const late = new Promise((done) => setTimeout(() => done("late"), PATIENCE));
  const unsent = (await Promise.race([all, late])) === "late" || clients.some((client) => client.getState().forceResult === "failed");
  if (unsent && !(await confirmed("unsent"))) return;
  await clear(learner);
  // The session may be another one than this page was opened in.
  const field = form.elements.namedItem("csrfToken") as HTMLInputElement;
  field.value = token() ?? field.value;
  form.submit();
}
