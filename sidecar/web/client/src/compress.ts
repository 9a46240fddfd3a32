/** A body that is shorter, in characters, is sent as it is: packing it saves less than a cookie takes. */
const LEAST = 1024;

/** The page has gone away, and may come back. */
let isGone = false;
/** What is being packed is sent as it is. */
const hurry = new Set<() => void>();

function leave() {
  for (const send of hurry) send();
}

// A service worker has no page. In a page these run before the client's own, which send what waits.
globalThis.window?.addEventListener("pagehide", () => {
  isGone = true;
  leave();
}, true);
globalThis.window?.addEventListener("pageshow", () => {
  isGone = false;
}, true);
globalThis.window?.addEventListener("visibilitychange", leave, true);

/** The body with gzip; undefined if the page is left before that is done, or it can't be done. */
async function pack(body: string): Promise<ArrayBuffer | undefined> {
  let send = () => {};
  const left = new Promise<undefined>((done) => (send = () => done(undefined)));
  hurry.add(send);
  try {
    return await Promise.race([left, new Response(new Response(body).body!.pipeThrough(new CompressionStream("gzip"))).arrayBuffer()]);
  } catch {
    return;
  } finally {
    hurry.delete(send);
  }
}

/**
 * A `fetch` that packs bodies of 1 KiB and more with gzip, for a client's `fetch` setting. Make one for the page and keep it.
 * It sends as it is what goes to another origin, what is sent while the page is hidden or left, and all else where the browser
 * can't pack. Once the server has refused a packed body by 415, or by 400, and taken it as it is, nothing is packed any more.
 */
export function compressing(send: typeof fetch = fetch): typeof fetch {
  let isRefused = false;
  return async (url, init) => {
    const body = init?.body;
    const isWorth = typeof body === "string" && body.length >= LEAST && !isRefused && !isGone && !globalThis.document?.hidden
      && globalThis.CompressionStream && new URL("" + url, globalThis.document?.baseURI ?? location.href).origin === location.origin;
    const packed = isWorth && await pack(body);
    if (!packed) return send(url, init);
    const headers = new Headers(init!.headers);
    headers.set("Content-Encoding", "gzip");
    const answer = await send(url, { ...init, headers, body: packed });
    // A proxy that reads bodies, and can't read this one, says 400.
    if (answer.status !== 415 && answer.status !== 400) return answer;
    const plain = await send(url, init);
    isRefused ||= answer.status === 415 || plain.ok;
    return plain;
  };
}
