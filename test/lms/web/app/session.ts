import { clear } from "@progress-sync/client";
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
  await Promise.race([
    Promise.all(clients.map((client) => client.forceSync())),
    new Promise((done) => setTimeout(done, PATIENCE)),
  ]);
  if (clients.some((client) => client.getState().isDirty) && !(await confirmed("unsent"))) return;
  await clear(learner);
  // The session may be another one than this page was opened in.
  const field = form.elements.namedItem("csrfToken") as HTMLInputElement;
  field.value = token() ?? field.value;
  form.submit();
}
