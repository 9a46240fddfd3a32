import type { ProgressStorage, ProgressSyncOptions, Stored, StoredUpdate } from "../src/types.js";

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  body: any;
  headers: Record<string, string>;
  keepalive: boolean;
}

type Reply = { status: number; body?: object; headers?: Record<string, string> } | "network";

/** Behaves like a sidecar: merges, knows event ids, and saves when told to. */
export class Sidecar {
  seen: Seen[] = [];
  /** Undefined for a sidecar that does not say which one it is. */
  writer: string | undefined = "one";
  /** The learner's home can't be asked. */
  stale = false;
  events = new Set<string>();
  rows = new Map<string, any>();
  held = new Map<string, number>();
  /** Lessons of which something waited when a hint came that told nothing else. */
  hurried: string[] = [];
  /** Taken in turn instead of the normal reply to writes. */
  replies: Reply[] = [];
  /** Taken in turn instead of the normal reply to the question where the learner is. */
  reads: Reply[] = [];
  /** Taken in turn instead of the normal reply to the question what a learner did of a course. */
  statistics: Reply[] = [];
  /** The answer is lost after the write was taken. */
  loseAnswers = 0;
  down = false;
  /** It knows of no receipts, or a proxy keeps from it that one is wanted. */
  older = false;
  /** How far its clock is ahead of the page's, in milliseconds. */
  ahead = 0;
  /** A write waits for this before it is answered. */
  gate: Promise<void> | undefined;
  most = 0;
  #open = 0;

  get posts(): any[] {
    return this.seen.filter((s) => s.method === "POST" && s.path === "/progress/v1/progress");
  }

  get updates(): any[] {
    return this.posts.flatMap((s) => s.body);
  }

  save(): void {
    this.held.clear();
  }

  row(lesson = "channels", user = "ada", course = "go-101"): any {
    return this.rows.get([user, course, lesson].join());
  }

  fetch = async (url: any, init: any = {}): Promise<Response> => {
    const at = new URL(String(url), "http://lms.example");
    const seen: Seen = {
      method: init.method, path: at.pathname, query: at.searchParams, headers: init.headers,
      keepalive: init.keepalive, body: init.body ? JSON.parse(init.body) : undefined,
    };
    this.seen.push(seen);
    const writing = seen.method !== "GET" && seen.path.endsWith("/progress");
    if (!writing) return this.#answer(seen, at);
    this.most = Math.max(this.most, ++this.#open);
    try {
      await this.gate;
      return await this.#answer(seen, at);
    } finally {
      this.#open--;
    }
  };

  #answer(seen: Seen, at: URL): Response {
    const json = (body: object, status = 200, headers: Record<string, string> = {}) =>
      new Response(JSON.stringify(body), { status, headers });
    if (this.down) throw new TypeError("no network");
    const key = ["userId", "courseId", "lessonId"].map((f) => at.searchParams.get(f)).join();
    if (seen.method === "GET" && at.pathname.endsWith("/progress")) {
      const read = this.reads.shift();
      if (read === "network") throw new TypeError("no network");
      if (read) return json(read.body ?? {}, read.status, read.headers);
      const row = this.rows.get(key);
      const pendingUpdates = this.held.get(key) ?? 0;
      return json({ progress: row ? [{ ...row, saved: !pendingUpdates, pendingUpdates }] : [], stale: this.stale, sync: this.#sync() });
    }
    if (seen.method === "GET" && at.pathname.endsWith("/stats")) {
      const reply = this.statistics.shift();
      if (reply === "network") throw new TypeError("no network");
      if (reply) return json(reply.body ?? {}, reply.status, reply.headers);
      return json({ userId: at.searchParams.get("userId"), courses: this.#course(at.searchParams), stale: this.stale });
    }
    if (seen.method === "GET") return json(this.#sync(this.held.get(key) ?? 0));
    const reply = this.replies.shift();
    if (reply === "network") throw new TypeError("no network");
    if (reply) return json(reply.body ?? {}, reply.status, reply.headers);
    if (at.pathname.endsWith("/sync")) {
      this.held.delete(key);
      return json(this.#sync(0));
    }
    if (seen.method === "DELETE") {
      this.rows.set(key, { positionSeconds: 0, maxPositionSeconds: 0, percentage: 0, completed: false, timeSpentSeconds: 0, seekEvents: 0, pauseEvents: 0, generation: Date.now() });
      this.held.set(key, 1);
      return json({ progress: this.rows.get(key), sync: this.#sync() });
    }
    const progress = seen.body.map((update: any) => this.#merge(update));
    if (this.loseAnswers-- > 0) throw new TypeError("answer lost");
    if (this.older || seen.headers?.["Prefer"] !== "return=receipt") return json({ progress, sync: this.#sync() });
    return json({ progress: progress.map(receipt), sync: brief(this.#sync()) });
  }

  /** As of a course without a catalogue. */
  #course(asked: URLSearchParams): object[] {
    const rows = [...this.rows].filter(([key]) => key.startsWith([asked.get("userId"), asked.get("courseId"), ""].join())).map(([, row]) => row);
    const sum = (value: (row: any) => number) => rows.reduce((sum, row) => sum + value(row), 0);
    return rows.length === 0 ? [] : [{
      courseId: asked.get("courseId"), percentOf: "started", lessonsStarted: rows.length, lessonsCompleted: sum((row) => +row.completed),
      percent: sum((row) => row.completed ? 100 : row.percentage) / rows.length, timeSpentSeconds: sum((row) => row.timeSpentSeconds),
    }];
  }

  #merge(u: any): any {
    const key = [u.userId, u.courseId, u.lessonId].join();
    const told = Object.keys(u).filter((field) => !["eventId", "userId", "courseId", "lessonId", "occurredAt", "sentAt", "leaving"].includes(field));
    if (u.leaving && !told.length) {
      const pendingUpdates = this.held.get(key);
      if (!pendingUpdates) return { userId: u.userId, courseId: u.courseId, lessonId: u.lessonId, saved: true, pendingUpdates: 0 };
      this.hurried.push(u.lessonId);
      return { ...this.rows.get(key), saved: false, pendingUpdates };
    }
    const row = this.rows.get(key) ?? { positionSeconds: 0, maxPositionSeconds: 0, percentage: 0, completed: false, timeSpentSeconds: 0, seekEvents: 0, pauseEvents: 0, generation: 0, at: 0 };
    if (this.events.has(u.eventId)) {
      if (!this.held.get(key)) return { userId: u.userId, courseId: u.courseId, lessonId: u.lessonId, saved: true, pendingUpdates: 0, duplicate: true };
    } else {
      this.events.add(u.eventId);
      const behind = Date.now() + this.ahead - u.sentAt;
      const at = u.occurredAt + (Math.abs(behind) > 5000 ? behind : 0);
      const newer = at >= (row.at ?? 0);
      if (newer && u.currentTime !== undefined) row.positionSeconds = u.currentTime;
      row.at = Math.max(row.at ?? 0, at);
      row.lastWatchedAt = new Date(row.at).toISOString();
      row.maxPositionSeconds = Math.max(row.maxPositionSeconds, u.currentTime ?? 0);
      row.percentage = Math.max(row.percentage, u.percentage ?? (u.duration ? (100 * u.currentTime) / u.duration : 0));
      row.timeSpentSeconds += u.watchedDelta ?? 0;
      if (u.watchedSegments) row.watchedSegments = join([...row.watchedSegments ?? [], ...u.watchedSegments]);
      row.seekEvents += u.seekEvents ?? 0;
      row.pauseEvents += u.pauseEvents ?? 0;
      row.completed ||= !!u.completed || row.percentage >= 95;
      this.held.set(key, (this.held.get(key) ?? 0) + 1);
    }
    this.rows.set(key, row);
    return { ...row, saved: false, pendingUpdates: this.held.get(key) ?? 0 };
  }

  #sync(pendingUpdates = [...this.held.values()].reduce((a, b) => a + b, 0)): object {
    return {
      status: pendingUpdates ? "pending" : "synced", pendingUpdates, lastSyncedAt: null,
      nextSyncAt: pendingUpdates ? new Date(Date.now() + 180_000).toISOString() : null, retryCount: 0, error: null,
      writer: this.writer,
      ...this.stale && { stale: true },
    };
  }
}

/** Stretches as the sidecar keeps them of a lesson of less than 1024 seconds: by whole ones. */
function join(stretches: [number, number][]): [number, number][] {
  const seconds = new Set(stretches.flatMap(([from, to]) => Array.from({ length: Math.round(to) - Math.round(from) }, (_, i) => Math.round(from) + i)));
  const starts = [...seconds].filter((second) => !seconds.has(second - 1)).sort((a, b) => a - b);
  const ends = [...seconds].filter((second) => !seconds.has(second + 1)).sort((a, b) => a - b);
  return starts.map((start, i) => [start, ends[i]! + 1]);
}

/** What a receipt has of a record. */
function receipt({ userId, positionSeconds, percentage, completed, lastWatchedAt, generation }: any): object {
  if (userId) return { saved: true };
  return { positionSeconds, percentage, ...completed && { completed }, lastWatchedAt, ...generation && { generation } };
}

/** What a receipt has of a sync state. */
const brief = ({ pendingUpdates, nextSyncAt, writer, stale }: any) => ({ pendingUpdates, ...nextSyncAt && { nextSyncAt }, writer, ...stale && { stale } });

/** What survives a page. */
export class Shelf implements ProgressStorage {
  items = new Map<string, Stored>();

  /** Without what was seen. */
  get updates(): StoredUpdate[] {
    return [...this.items.values()].filter((item) => "update" in item);
  }

  async list(): Promise<Stored[]> {
    return structuredClone([...this.items.values()]);
  }

  async write(put: Stored[], remove: string[]): Promise<void> {
    for (const id of remove) this.items.delete(id);
    for (const item of put) this.items.set(item.id, structuredClone(item));
  }
}

/** Web Locks, as far as they are used, for all "tabs" of a test. */
export class Locks {
  #tails = new Map<string, Promise<unknown>>();
  #held = new Set<string>();

  request(name: string, ...given: [work: () => Promise<unknown>] | [options: { signal: AbortSignal }, work: () => Promise<unknown>]): Promise<unknown> {
    const work = given[given.length - 1] as () => Promise<unknown>;
    const signal = given.length > 1 ? (given[0] as { signal: AbortSignal }).signal : undefined;
    const run = (this.#tails.get(name) ?? Promise.resolve()).then(async () => {
      if (signal?.aborted) throw signal.reason;
      this.#held.add(name);
      try {
        return await work();
      } finally {
        this.#held.delete(name);
      }
    });
    this.#tails.set(name, run.catch(() => {}));
    return run;
  }

  async query(): Promise<{ held: { name: string }[] }> {
    return { held: [...this.#held].map((name) => ({ name })) };
  }

  /** All tabs are gone, and with them what they held. */
  forget(): void {
    this.#tails.clear();
    this.#held.clear();
  }
}

/** The tabs of an origin, which hear each other at once. */
export class Channel {
  static all = new Set<Channel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly name: string) {
    Channel.all.add(this);
  }

  postMessage(data: unknown): void {
    for (const other of [...Channel.all]) {
      if (other !== this && other.name === this.name) other.onmessage?.({ data: structuredClone(data) });
    }
  }

  close(): void {
    Channel.all.delete(this);
  }
}

/** What the browser says of the network, right or wrong. */
export function setOnline(online: boolean): void {
  Object.defineProperty(navigator, "onLine", { value: online, configurable: true });
  window.dispatchEvent(new Event(online ? "online" : "offline"));
}

export function setHidden(hidden: boolean): void {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}

export const LESSON = { endpoint: "/progress", userId: "ada", courseId: "go-101", lessonId: "channels", moduleId: "week-2" } satisfies ProgressSyncOptions;
