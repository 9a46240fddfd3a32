import type { AttachOptions, ProgressDetails, ProgressSync } from "./types.js";

/** What following a media element needs of the client. */
export interface VideoTarget extends Pick<ProgressSync, "updateProgress" | "getState" | "subscribe"> {
  flush(): void;
}

/** Tells the client what a media element does. */
export function followVideo(sync: VideoTarget, video: HTMLMediaElement, { resume = true }: AttachOptions = {}): () => void {
  const ending = new AbortController();
  let ownSeek = false;

  const report = (details?: ProgressDetails) =>
    sync.updateProgress(video.currentTime, video.duration, { playbackSpeed: video.playbackRate, ...details });

  const tick = () => {
    if (!video.seeking) report();
  };

  const on: Record<string, () => void> = {
    play: tick,
    ratechange: tick,
    timeupdate: tick,
    seeked: () => {
      if (ownSeek) ownSeek = false;
      else report({ seekEvents: 1 });
    },
    pause: () => {
      if (video.ended || video.seeking) return;
      report({ pauseEvents: 1 });
      sync.flush();
    },
    ended: () => {
      report();
      sync.flush();
    },
    loadedmetadata: goBack,
  };

  function goBack() {
    const { isLoading, progressSeconds } = sync.getState();
    if (!resume || isLoading || !(video.readyState > 0)) return;
    resume = false;
    const part = progressSeconds / video.duration;
    if (video.currentTime < 1 && part > 0.05 && part < 0.9) {
      ownSeek = true;
      video.currentTime = progressSeconds;
    }
  }

  for (const event in on) video.addEventListener(event, on[event] as () => void, ending);
  const unsubscribe = sync.subscribe(goBack);
  goBack();
  return () => {
    ending.abort();
    unsubscribe();
  };
}
