import { StrictMode, useEffect, useRef } from "react";
import { createRoot } from "react-dom/client";
import { ProgressSyncIndicator, useOptimizedProgress } from "@progress-sync/client/react";
import { furthest, options, position, whereItIs } from "./page";

function Lesson() {
  const video = useRef<HTMLVideoElement>(null);
  const progress = useOptimizedProgress(options);
  const { attachVideo } = progress;
  useEffect(() => attachVideo(video.current!), [attachVideo]);

  return (
    <>
      <video id="lesson" ref={video} src="/film.webm" controls playsInline preload="auto" aria-describedby="film" />
      <div className="bar">
        <ProgressSyncIndicator state={progress} onForceSync={progress.forceSync} />
      </div>
      <dl className="facts">
        <div><dt>Position</dt><dd data-testid="position">{position(progress)}</dd></div>
        <div><dt>Furthest</dt><dd data-testid="furthest">{furthest(progress)}</dd></div>
        <div><dt>Your progress is</dt><dd data-testid="state">{whereItIs(progress)}</dd></div>
      </dl>
      <p className="bar">
        <button type="button" data-testid="complete" onClick={progress.markCompleted}>Mark as completed</button>
        <button type="button" data-testid="reset" onClick={() => void progress.resetProgress()}>Start anew</button>
      </p>
    </>
  );
}

createRoot(document.getElementById("lesson-page")!).render(<StrictMode><Lesson /></StrictMode>);
