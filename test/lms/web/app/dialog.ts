/** Opens a dialog of the page; true if it was left by the button whose value is "yes". */
export function confirmed(id: string): Promise<boolean> {
  const dialog = document.getElementById(id) as HTMLDialogElement;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}
