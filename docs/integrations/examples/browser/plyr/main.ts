import { createProgressSync } from "@progress-sync/client";
import "@progress-sync/client/element";
import Plyr from "plyr";
import "plyr/dist/plyr.css";

const video = document.querySelector<HTMLVideoElement>("#lesson")!;
const player = new Plyr(video, { iconUrl: "/plyr.svg" });

const sync = createProgressSync({ endpoint: "/progress", userId: "ada", courseId: "go-101", lessonId: "channels" });
const detach = sync.attachVideo(video);
document.querySelector("progress-sync-indicator")!.progress = sync;

/** When the learner leaves the lesson without leaving the page. */
export function close() {
  detach();
  sync.destroy();
  player.destroy();
}
