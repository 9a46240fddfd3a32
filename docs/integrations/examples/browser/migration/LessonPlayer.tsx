import { ProgressSyncIndicator, useOptimizedProgress } from "@progress-sync/client/react";
import type { ComponentType } from "react";

interface Props {
  lesson: { id: string; courseId: string; moduleId: string };
  userId: string;
  VideoPlayer: ComponentType<{ onTimeUpdate(currentTime: number, duration: number): void }>;
}

export function LessonPlayer({ lesson, userId, VideoPlayer }: Props) {
  const progressHook = useOptimizedProgress({
    lessonId: lesson.id,
    courseId: lesson.courseId,
    moduleId: lesson.moduleId,
    userId,
  });

  const handleTimeUpdate = (currentTime: number, duration: number) => {
    progressHook.updateProgress(currentTime, duration, { seekEvents: 0, pauseEvents: 0, playbackSpeed: 1.0 });
  };

  return (
    <div>
      <ProgressSyncIndicator state={progressHook} onForceSync={progressHook.forceSync} />
      <VideoPlayer onTimeUpdate={handleTimeUpdate} />
    </div>
  );
}
