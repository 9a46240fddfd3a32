import type { WireRecord, WireSync } from "./wire.js";

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

/** The tabs of an origin, this one among them, until it closes. */
export interface Tabs {
  postMessage(news: News): void;
  close(): void;
}

/** Joins the other tabs; undefined in a browser that does not let them talk. */
export function joinTabs(hear: (news: News) => void): Tabs | undefined {
  if (!globalThis.BroadcastChannel) return;
  const channel = new BroadcastChannel("progress-sync");
  channel.onmessage = ({ data }) => hear(data);
  return channel;
}
