import { createProgressSync } from "@progress-sync/client";
import "@progress-sync/client/element";
import { follow, type Player } from "./follow";

/** In place of a player in an iframe or on a canvas: one that tells of itself by calls alone. */
function createPlayer(place: HTMLElement): Player {
  const video = document.createElement("video");
  Object.assign(video, { src: "/lesson.webm", controls: true, width: 640 });
  place.append(video);
  const on = (event: string, listener: () => void) => {
    video.addEventListener(event, listener);
    return () => video.removeEventListener(event, listener);
  };
  return {
    time: () => video.currentTime,
    duration: () => video.duration,
    seek: (to) => (video.currentTime = to),
    onPlaying: (listener) => on("timeupdate", () => video.paused || listener()),
    onSeeked: (listener) => on("seeked", listener),
  };
}

const sync = createProgressSync({ endpoint: "/progress", userId: "ada", courseId: "go-101", lessonId: "channels" });
const player = createPlayer(document.querySelector<HTMLElement>("#lesson")!);
const unfollow = follow(sync, player, document.querySelector<HTMLButtonElement>("#resume")!);
document.querySelector("progress-sync-indicator")!.progress = sync;

/** When the learner leaves the lesson without leaving the page. */
export function close() {
  unfollow();
  sync.destroy();
}
