import type { AttachOptions, ProgressSync } from "./types.js";
/** What following a media element needs of the client. */
export interface VideoTarget extends Pick<ProgressSync, "updateProgress" | "getState" | "subscribe"> {
    flush(): void;
}
/** Tells the client what a media element does. */
export declare function followVideo(sync: VideoTarget, video: HTMLMediaElement, { resume }?: AttachOptions): () => void;
