import { handle } from "./handlers.js";
import { worthResuming } from "./place.js";
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

/** How often an element is told again where to go. Safari does not go before it can play, and hls.js goes back to its own start. */
const TRIES = 5;

/** Which lesson an element last reported, and its source then. Of the page, since an element goes from one client to the next. */
const reported = new WeakMap<HTMLMediaElement, [lesson: string, source: string]>();

/** Tells the client what a media element does. */
export function followVideo(sync: VideoTarget, video: HTMLMediaElement, { resume = true }: AttachOptions = {}): Following {
  const before = reported.get(video);
  /** The film is still that of the lesson before. */
  let foreign = before && before[0] !== sync.lesson && before[1] === video.currentSrc;
  /** It is not known yet where to go on. */
  let undecided = resume;
  /** The learner, or the page, has said where to be. */
  let chosen = !resume;
  /** Where the client takes the film, until it plays on from there. */
  let target: number | undefined;
  let tries = 0;
  /** The film has been at the target, but its player may still go back when it begins to play. */
  let reached = false;
  /** Where the last seek ended; undefined while one is under way. */
  let from: number | undefined = 0;
  /** Where the film was seen last. */
  let last = 0;
  /** The seek is from the end to the start: the film begins anew, by itself or by the play button. */
  let over = false;
  /** A second or more was played since the last seek. */
  let played = true;
  /** What is between the film's position and the last one reported was not played. */
  let jumped = false;

  const near = (seconds: number) => Math.abs(video.currentTime - seconds) < 1;

  function report(details?: ProgressDetails) {
    // Nobody's progress is where a film stands that is another lesson's, or not yet where the learner was.
    if (foreign || target !== undefined) return;
    reported.set(video, [sync.lesson, video.currentSrc]);
    sync.updateProgress(video.currentTime, video.duration, { playbackSpeed: video.playbackRate, jumped, ...details });
    jumped = false;
  }

  function tick() {
    if (!video.readyState || video.seeking || from === undefined) return;
    const at = video.currentTime;
    if (at < target! - 1 && tries-- > 0) video.currentTime = target!;
    else if (at > target! + 0.1 || tries < 0) target = undefined;
    // Only what is played counts: a page that was just opened must not overwrite what another device did.
    if (video.paused) return;
    last = at;
    played ||= at - from >= 1;
    if (!undecided || at >= 1) report();
  }

  function goTo(seconds: number) {
    undecided = reached = false;
    target = seconds;
    tries = TRIES;
    if (video.readyState) video.currentTime = seconds;
  }

  function goBack() {
    const { resumeAt } = sync.getState();
    const there = resumeAt ?? sync.where();
    if (foreign || there === undefined || !video.readyState) return;
    const open = resumeAt === null
      ? undecided && (near(0) || video.seeking && near(there))
      : !chosen && video.currentTime - from! < 10;
    undecided = false;
    // A live stream has no place to go back to.
    if (!open || video.duration === Infinity || !worthResuming(there, video.duration)) return;
    if (resumeAt === null) goTo(there);
    else sync.resume();
  }

  /** The next film, or another quality of the same. */
  function anew() {
    foreign = false;
    undecided = resume;
    target = undefined;
    from = last = 0;
  }

  const end = handle(video, {
    play() {
      // Lessons may share a film, and who starts it means this lesson.
      foreign = false;
      goBack();
      tick();
    },
    ratechange: tick,
    timeupdate() {
      tick();
      // A seek that has ended tells so here before its seeked, which some players forget.
      if (!video.seeking) from ??= video.currentTime;
    },
    canplay: tick,
    seeking() {
      from = undefined;
      jumped = true;
      over = near(0) && last > video.duration - 2 * video.playbackRate;
    },
    seeked() {
      from = last = video.currentTime;
      if (target !== undefined) {
        reached ||= near(target);
        // A film that is at its start all of a sudden was put there by its player.
        if (near(target) || near(0) && !(reached && video.paused)) return tick();
        target = undefined;
      } else if (over || foreign) return;
      chosen = true;
      undecided = false;
      report({ seekEvents: +played });
      played = false;
    },
    pause() {
      if (video.ended || video.seeking) return;
      report({ pauseEvents: 1 });
      sync.flush();
    },
    ended() {
      last = video.duration;
      report();
      sync.flush();
    },
    emptied: anew,
    loadstart: anew,
    loadedmetadata: goBack,
  });
  const unsubscribe = sync.subscribe(goBack);
  goBack();
  return {
    goTo,
    end() {
      end();
      unsubscribe();
    },
  };
}
