"use client";

import { useRef } from "react";
import { ProgressSyncIndicator, useOptimizedProgress } from "@progress-sync/client/react";

interface Props {
  userId: string;
  lessonId: string;
  csrfToken: string;
}

export function Player({ userId, lessonId, csrfToken }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const progress = useOptimizedProgress({ userId, courseId: "go-101", lessonId, csrfToken, video });
  return (
    <>
      <video ref={video} src="/lesson.webm" width={640} controls />
      <ProgressSyncIndicator state={progress} onForceSync={progress.forceSync} />
    </>
  );
}
