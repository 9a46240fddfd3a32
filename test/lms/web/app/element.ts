import { createProgressSync } from "@progress-sync/client";
import "@progress-sync/client/element";
import { options, shown, startOver } from "./page";

const sync = createProgressSync(options);
const video = document.querySelector("video")!;
sync.attachVideo(video);
document.querySelector("progress-sync-indicator")!.progress = sync;

const part = (name: string) => document.querySelector<HTMLElement>(`[data-testid=${name}]`)!;
const signIn = document.querySelector<HTMLElement>(".sign-in")!;

function show() {
  const { position, furthest, completed, signedOut } = shown(sync.getState());
  part("position").textContent = position;
  part("furthest").textContent = furthest;
  part("complete").ariaDisabled = String(completed);
  signIn.hidden = !signedOut;
}

sync.subscribe(show);
show();
part("complete").addEventListener("click", () => sync.getState().completed || sync.markCompleted());
part("reset").addEventListener("click", () => void startOver(sync, video));
