import { handle } from "./handlers.js";
import { isWorthResuming } from "./place.js";
import type { AttachOptions, ProgressDetails, ProgressSync } from "./types.js";

/** What following a media element needs of the client. */
export interface VideoTarget extends Pick<ProgressSync, "updateProgress" | "getState" | "subscribe" | "resume"> {
  /** Names the learner's lesson, so that an element can tell whose film it played. */
  lesson: string;
  /** Where the learner was, in seconds; undefined while nobody knows. */
  where(): number | undefined;
  /** Sends what is there. */
  flush(): void;
  /** Sends it with the hint that the learner leaves. */
  leave(): void;
}

/** A media element that is followed. */
export interface Following {
  end(): void;
  goTo(seconds: number): void;
}

/** How often an element is told again where to go. Safari does not go before it can play, and hls.js goes back to its own start. */
const TRIES = 5;

/** A learner who has played less of a film than this is taken to where they were without being asked, in seconds. */
const JUST_BEGUN = 10;

/** A film that stands for so long may have been left, in milliseconds; most pauses are shorter. */
const STANDING = 20_000;

/** Which lesson an element last reported, and its source then. Of the page, since an element goes from one client to the next. */
const reported = new WeakMap<HTMLMediaElement, [lesson: string, source: string]>();

/** A seek of the client's, from the time that it is wanted until the film plays on from there. */
interface Trip {
  /** In seconds. */
  target: number;
  /** How often the element may still be told to go there. */
  tries: number;
  /** The film has been there, but its player may still go back when it begins to play. */
  reached: boolean;
}

/** Tells the client what a media element does. */
export function followVideo(sync: VideoTarget, video: HTMLMediaElement, { resume = true }: AttachOptions = {}): Following {
  const [lesson, source] = reported.get(video) ?? [];
  /** The film is still that of the lesson before. */
  let isForeign = !!lesson && lesson !== sync.lesson && source === video.currentSrc;
  /** It is not decided yet where the film begins. */
  let isOpen = resume;
  /** The learner, or the page, has said where to be. */
  let hasChosen = !resume;
  let trip: Trip | undefined;
  /** Where the last seek ended, in seconds; undefined while one is under way. */
  let from: number | undefined = 0;
  /** Where the film was seen last, in seconds. */
  let last = 0;
  /** The seek is from the end to the start: the film begins anew, by itself or by the play button. */
  let isReplay = false;
  /** A second or more was played since the last seek. */
  let hasPlayed = true;
  /** What is between the film's position and the last one reported was not played. */
  let jumped = false;

  let timer: ReturnType<typeof setTimeout> | undefined;

  const isNear = (seconds: number) => Math.abs(video.currentTime - seconds) < 1;

  function report(details?: ProgressDetails) {
    // Nobody's progress is where a film stands that is another lesson's, or not yet where the learner was.
    if (isForeign || trip) return;
    reported.set(video, [sync.lesson, video.currentSrc]);
    sync.updateProgress(video.currentTime, video.duration, { playbackSpeed: video.playbackRate, jumped, ...details });
    jumped = false;
  }

  function tick() {
    if (!video.readyState || video.seeking || from === undefined) return;
    const at = video.currentTime;
    if (trip) {
      const isShort = at < trip.target - 1;
      if (isShort && trip.tries-- > 0) video.currentTime = trip.target;
      // It has played on from there, or will not go there.
      else if (isShort || at > trip.target + 0.1) trip = undefined;
    }
    // Only what is played counts: a page that was just opened must not overwrite what another device did.
    if (video.paused) return;
    last = at;
    hasPlayed ||= at - from >= 1;
    if (!isOpen || at >= 1) report();
  }

  function goTo(seconds: number) {
    isOpen = false;
    trip = { target: seconds, tries: TRIES, reached: false };
    if (video.readyState) video.currentTime = seconds;
  }

  /** Takes the learner to where they were, if that is known and they are not elsewhere by their own will. */
  function goBack() {
    const { resumeAt } = sync.getState();
    const there = resumeAt ?? sync.where();
    if (isForeign || there === undefined || !video.readyState) return;
    const isWanted = resumeAt === null
      ? isOpen && (isNear(0) || video.seeking && isNear(there))
      : !hasChosen && video.currentTime - from! < JUST_BEGUN;
    isOpen = false;
    // A live stream has no place to go back to.
    if (!isWanted || video.duration === Infinity || !isWorthResuming(there, video.duration)) return;
    if (resumeAt === null) goTo(there);
    else sync.resume();
  }

  /** The film stands, and the learner has done something just now. */
  function stand() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (video.paused) sync.leave();
    }, STANDING);
  }

  /** Begins with the next film, or with another quality of the same. */
  function beginAnew() {
    isForeign = false;
    isOpen = resume;
    trip = undefined;
    from = last = 0;
  }

  const end = handle(video, {
    play() {
      // Lessons may share a film, and who starts it means this lesson.
      isForeign = false;
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
      isReplay = isNear(0) && last > video.duration - 2 * video.playbackRate;
    },
    seeked() {
      from = last = video.currentTime;
      if (trip) {
        trip.reached ||= isNear(trip.target);
        // A film that is at its start all of a sudden was put there by its player.
        if (isNear(trip.target) || isNear(0) && !(trip.reached && video.paused)) return tick();
        trip = undefined;
      } else if (isReplay || isForeign) return;
      hasChosen = true;
      isOpen = false;
      report({ seekEvents: +hasPlayed });
      hasPlayed = false;
      stand();
    },
    pause() {
      if (video.ended || video.seeking) return;
      report({ pauseEvents: 1 });
      sync.flush();
      stand();
    },
    ended() {
      last = video.duration;
      report();
      sync.leave();
    },
    emptied: beginAnew,
    loadstart: beginAnew,
    loadedmetadata: goBack,
  });
  const unsubscribe = sync.subscribe(goBack);
  goBack();
  return {
    goTo,
    end() {
      clearTimeout(timer);
      end();
      unsubscribe();
    },
  };
}
