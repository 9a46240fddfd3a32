import { createProgressSync } from "@progress-sync/client";
import "@progress-sync/client/element";
import Hls from "hls.js";

const video = document.querySelector<HTMLVideoElement>("#lesson")!;
const hls = new Hls();
hls.loadSource("/lesson.m3u8");
hls.attachMedia(video);

const sync = createProgressSync({ endpoint: "/progress", userId: "ada", courseId: "go-101", lessonId: "channels" });
const detach = sync.attachVideo(video);
document.querySelector("progress-sync-indicator")!.progress = sync;

/** When the learner leaves the lesson without leaving the page. */
export function close() {
  detach();
  sync.destroy();
  hls.destroy();
}
