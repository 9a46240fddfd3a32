import { StrictMode, useRef } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { ProgressSyncIndicator, useOptimizedProgress } from "@progress-sync/client/react";
import { options, shown, signInAddress, startOver } from "./page";

function Lesson() {
  const video = useRef<HTMLVideoElement>(null);
  const progress = useOptimizedProgress({ ...options, video });
  const { position, furthest, completed, signedOut } = shown(progress);

  return (
    <>
      <video id="lesson" ref={video} src="/film.webm" controls playsInline preload="auto" aria-describedby="film" />
      <div className="saving">
        <ProgressSyncIndicator state={progress} onForceSync={progress.forceSync} onResume={progress.resume} />
        <a className="sign-in" href={signInAddress} target="_blank" hidden={!signedOut}>Sign in again</a>
        <p className="facts">
          <span>At <span data-testid="position">{position}</span></span>{" "}
          <span>Watched <span data-testid="furthest">{furthest}</span></span>
        </p>
      </div>
      <div className="actions">
        <button
          type="button"
          className="primary complete"
          data-testid="complete"
          aria-disabled={completed}
          onClick={() => completed || progress.markCompleted()}
        >
          <span>Mark as completed</span>
          <span>✓ Completed</span>
        </button>
        <button type="button" className="quiet" data-testid="reset" onClick={() => void startOver(progress, video.current!)}>
          Start over…
        </button>
      </div>
    </>
  );
}

// At once, in place of the same that the server wrote, so that nothing moves.
flushSync(() => createRoot(document.getElementById("lesson-page")!).render(<StrictMode><Lesson /></StrictMode>));
