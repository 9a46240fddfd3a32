import { handle } from "./handlers.js";
import type { AttachOptions, ProgressDetails, ProgressSync } from "./types.js";

/** What following a media element needs of the client. */
export interface VideoTarget extends Pick<ProgressSync, "updateProgress" | "getState" | "subscribe" | "resume"> {
  /** Names the learner's lesson, so that an element can tell whose film it played. */
  lesson: string;
  /** Where the learner was, in seconds; undefined while nobody knows. */
  where(): number | undefined;
  flush(): void;
}

/** A media element that is followed. */
export interface Following {
  end(): void;
  goTo(seconds: number): void;
}

/** Tells the client what a media element does. */
export function followVideo(sync: VideoTarget, video: HTMLMediaElement, { resume = true }: AttachOptions = {}): Following {
  /** It is not known yet where to go on. */
  let undecided = resume;
  /** Where a seek ends that is not the learner's. */
  let expected: number | undefined;

  const report = (details?: ProgressDetails) =>
    sync.updateProgress(video.currentTime, video.duration, { playbackSpeed: video.playbackRate, ...details });

  /** Only what is played counts: a page that was just opened must not overwrite what another device did. */
  const tick = () => {
    if (video.readyState && !video.paused && !video.seeking && !(undecided && video.currentTime < 1)) report();
  };

  function goBack() {
    const progressSeconds = sync.where();
    if (!undecided || progressSeconds === undefined || !video.readyState) return;
    undecided = false;
    const part = progressSeconds / video.duration;
    if (video.currentTime < 1 && part > 0.05 && part < 0.9) video.currentTime = expected = progressSeconds;
  }

  const end = handle(video, {
    play: tick,
    ratechange: tick,
    timeupdate: tick,
    seeked() {
      if (!(Math.abs(video.currentTime - expected!) < 1)) report({ seekEvents: 1 });
      expected = undefined;
    },
    pause() {
      if (video.ended || video.seeking) return;
      report({ pauseEvents: 1 });
      sync.flush();
    },
    ended() {
      report();
      sync.flush();
      // Playing it again begins with a seek to the start.
      expected = 0;
    },
    // Another source, such as another quality of the same film.
    emptied() {
      undecided = resume;
    },
    loadedmetadata: goBack,
  });
  const unsubscribe = sync.subscribe(goBack);
  goBack();
  return {
    end() {
      end();
      unsubscribe();
    },
    goTo: (seconds) => void (video.currentTime = expected = seconds),
  };
}
