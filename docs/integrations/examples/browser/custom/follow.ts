import type { ProgressSync } from "@progress-sync/client";

/** What is needed of a player; times are in seconds. */
export interface Player {
  time(): number;
  duration(): number;
  seek(to: number): void;
  /** Calls back every second or so while it plays. */
  onPlaying(listener: () => void): () => void;
  /** Calls back when the learner has moved. */
  onSeeked(listener: () => void): () => void;
}

/** Follows a player that is no media element; returns what ends that. */
export function follow(sync: ProgressSync, player: Player, resume: HTMLButtonElement): () => void {
  let begun = false;
  /** Where a seek ends that is not the learner's. */
  let expected: number | undefined;

  function goTo(position: number) {
    begun = true;
    player.seek((expected = position));
  }

  /** Goes on where the learner was, as soon as the server has told, or offers it if they have begun by then. */
  function look() {
    const { isLoading, isStale, progressSeconds, resumeAt, completed } = sync.getState();
    resume.hidden = resumeAt === null;
    if (begun || isLoading || isStale) return;
    begun = true;
    if (progressSeconds > 0 && !completed) goTo(progressSeconds);
  }

  resume.onclick = () => {
    const { resumeAt } = sync.getState();
    if (resumeAt !== null) goTo(resumeAt);
    sync.resume();
  };
  const ends = [
    sync.subscribe(look),
    player.onPlaying(() => {
      begun = true;
      sync.updateProgress(player.time(), player.duration());
    }),
    player.onSeeked(() => {
      const own = expected !== undefined && Math.abs(player.time() - expected) < 1;
      expected = undefined;
      if (!own) sync.updateProgress(player.time(), player.duration(), { seekEvents: 1 });
    }),
  ];
  look();
  return () => ends.forEach((end) => end());
}
