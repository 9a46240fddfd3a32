import type { ProgressState, ProgressSync } from "@progress-sync/client";
import { confirmed } from "./dialog";
import { token } from "./token";

/** What the server wrote into the page, for the client. */
const { learner, csrfToken, course, lesson, intervalMs, signIn } = document.getElementById("lesson-page")!.dataset;

export const options = {
  endpoint: "/progress",
  userId: learner!,
  courseId: course!,
  lessonId: lesson!,
  csrfToken: () => token() ?? csrfToken!,
  intervalMs: Number(intervalMs) || undefined,
};

/** Where to sign in again and come back. */
export const signInAddress = signIn!;

/** What the page says beside the indicator, which alone speaks of saving. */
export interface Shown {
  position: string;
  furthest: string;
  completed: boolean;
  /** The session has ended. */
  signedOut: boolean;
}

export function shown({ progressSeconds, watchedPercentage, completed, isLoading, isStale, status }: ProgressState): Shown {
  const unknown = isStale || (isLoading && !progressSeconds);
  return {
    position: unknown ? "–" : `${Math.floor(progressSeconds / 60)}:${String(Math.floor(progressSeconds % 60)).padStart(2, "0")}`,
    furthest: unknown ? "–" : `${Math.floor(watchedPercentage)} %${completed ? ", completed" : ""}`,
    completed,
    signedOut: status === "auth",
  };
}

/** Forgets the lesson's progress and takes the film to its start, if the learner really means it. */
export async function startOver(sync: Pick<ProgressSync, "resetProgress">, video: HTMLVideoElement): Promise<void> {
  if (!(await confirmed("start-over"))) return;
  // First, since the way there is a seek, which must not count after the reset.
  await rewind(video);
  await sync.resetProgress();
}

/** How long the way to the start may take, in milliseconds: without a network a film may not get there. */
const PATIENCE = 1000;

async function rewind(video: HTMLVideoElement): Promise<void> {
  video.pause();
  if (!video.readyState) return;
  video.currentTime = 0;
  await new Promise((done) => {
    video.addEventListener("seeked", done, { once: true });
    setTimeout(done, PATIENCE);
  });
}
