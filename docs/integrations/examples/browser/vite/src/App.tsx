import { useRef } from "react";
import { ProgressSyncIndicator, useOptimizedProgress } from "@progress-sync/client/react";

export default function App() {
  const video = useRef<HTMLVideoElement>(null);
  const progress = useOptimizedProgress({ userId: "ada", courseId: "go-101", lessonId: "channels", video });
  return (
    <main>
      <video ref={video} src="/lesson.webm" width={640} controls />
      <p>
        <ProgressSyncIndicator state={progress} onForceSync={progress.forceSync} />
      </p>
    </main>
  );
}
