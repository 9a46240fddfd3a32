import type { ProgressState } from "@progress-sync/client";

/** What the server wrote into the page, for the client. */
const { learner, csrfToken, course, lesson, intervalMs } = document.getElementById("lesson-page")!.dataset;

export const options = {
  endpoint: "/progress",
  userId: learner!,
  courseId: course!,
  lessonId: lesson!,
  csrfToken: csrfToken!,
  intervalMs: Number(intervalMs) || undefined,
};

/** Where the learner's progress is, in words. */
export function whereItIs(progress: ProgressState): string {
  if (progress.isLoading) return "being looked up";
  if (progress.isDirty) return "in this browser only";
  if (progress.isPendingSync) return "accepted, not saved yet";
  return "saved";
}

export const position = ({ progressSeconds }: ProgressState) =>
  `${Math.floor(progressSeconds / 60)}:${String(Math.floor(progressSeconds % 60)).padStart(2, "0")}`;

export const furthest = ({ watchedPercentage, completed }: ProgressState) =>
  `${Math.floor(watchedPercentage)} %${completed ? ", completed" : ""}`;
