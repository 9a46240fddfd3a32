import { createProgressSync } from "@progress-sync/client";
import "@progress-sync/client/element";
import { furthest, options, position, whereItIs } from "./page";

const sync = createProgressSync(options);
sync.attachVideo(document.querySelector("video")!);
document.querySelector("progress-sync-indicator")!.progress = sync;

const part = (name: string) => document.querySelector<HTMLElement>(`[data-testid=${name}]`)!;

function show() {
  const state = sync.getState();
  part("position").textContent = position(state);
  part("furthest").textContent = furthest(state);
  part("state").textContent = whereItIs(state);
}

sync.subscribe(show);
show();
part("complete").addEventListener("click", sync.markCompleted);
part("reset").addEventListener("click", () => void sync.resetProgress());
