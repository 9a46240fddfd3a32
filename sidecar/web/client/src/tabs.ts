import type { WireRecord, WireSync } from "./http.js";

/** What a tab tells the others. */
export interface News {
  /** Endpoint and learner that it is of. */
  scope?: string;
  /** The lesson of the record, as in the address of a request. */
  query?: string;
  record?: WireRecord;
  /** What the stream of this tab heard. */
  state?: WireSync;
  /** The learner of whom nothing is to be kept. */
  cleared?: string;
}

/** All tabs of an origin, as far as the browser lets them talk. */
export function openTabs(hear: (news: News) => void) {
  const channel = globalThis.BroadcastChannel && new BroadcastChannel("progress-sync");
  if (channel) channel.onmessage = ({ data }) => hear(data);
  return {
    tell: (news: News) => channel?.postMessage(news),
    close: () => channel?.close(),
  };
}
