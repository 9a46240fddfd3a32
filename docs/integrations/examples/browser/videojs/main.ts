import { createProgressSync } from "@progress-sync/client";
import "@progress-sync/client/element";
import videojs from "video.js";
import "video.js/dist/video-js.css";

const video = document.querySelector<HTMLVideoElement>("#lesson")!;
const player = videojs(video);
player.src({ src: "/lesson.m3u8", type: "application/x-mpegURL" });

const sync = createProgressSync({ endpoint: "/progress", userId: "ada", courseId: "go-101", lessonId: "channels" });
const detach = sync.attachVideo(video);
document.querySelector("progress-sync-indicator")!.progress = sync;

/** When the learner leaves the lesson without leaving the page. */
export function close() {
  detach();
  sync.destroy();
  player.dispose();
}
