import express from "express";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const sidecar = process.env.PROGRESS_SYNC_URL;
const paths = ["/v1/progress", "/v1/progress/complete", "/v1/sync", "/v1/sync/events", "/v1/stats"];

/** app.use("/progress", progress), after the session and before any other body parser. */
export const progress = express.Router({ strict: true });

progress.use(express.raw({ type: () => true, limit: "256kb" }));

progress.all(paths, async (req, res) => {
  const { learner, csrfToken } = req.session ?? {};
  if (!learner) return res.status(401).json({ detail: "log in first" });
  if (req.method !== "GET" && (!csrfToken || token(req) !== csrfToken)) {
    return res.status(403).json({ detail: "wrong CSRF token" });
  }
  const gone = new AbortController();
  res.on("close", () => gone.abort());
  // Nothing of the browser's headers goes on but these.
  const headers = { "X-Progress-User": Buffer.from(String(learner)).toString("latin1") };
  for (const name of ["Content-Type", "Accept", "Prefer", "Last-Event-ID"]) {
    if (req.get(name)) headers[name] = req.get(name);
  }
  const isStream = req.path === "/v1/sync/events";
  const signal = isStream ? gone.signal : AbortSignal.any([gone.signal, AbortSignal.timeout(35_000)]);
  try {
    // fetch sends the address of the sidecar as Host.
    const answer = await fetch(sidecar + req.url, {
      method: req.method, headers, signal, body: req.body?.length ? req.body : undefined,
    });
    res.status(answer.status);
    for (const name of ["Content-Type", "Retry-After", "Cache-Control", "X-Accel-Buffering"]) {
      if (answer.headers.has(name)) res.set(name, answer.headers.get(name));
    }
    res.flushHeaders();
    if (answer.body) await pipeline(Readable.fromWeb(answer.body), res);
    else res.end();
  } catch {
    if (!res.headersSent) res.status(503).set("Retry-After", "5").json({ detail: "the sidecar does not answer" });
    else res.destroy();
  }
});

progress.use((req, res) => res.sendStatus(404));

/** In the header or, since a beacon has none, in the body. */
function token(req) {
  if (req.get("X-CSRF-Token")) return req.get("X-CSRF-Token");
  try {
    return [JSON.parse(req.body)].flat()[0]?.csrfToken;
  } catch {
    return undefined;
  }
}
