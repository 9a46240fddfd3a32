/** No answer within this time is as good as no network. */
const TIMEOUT = 40_000;
/** What keepalive requests of a page may hold together is 64 KiB. */
const KEEPALIVE = 60_000;
export const resolve = (value) => typeof value === "function" ? value() : value;
export async function request(o, method, url, json) {
    const token = resolve(o.csrfToken);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT);
    try {
        const answer = await (o.fetch ?? fetch)(url, {
            method,
            headers: {
                ...(json && { "Content-Type": "application/json" }),
                ...(token && { "X-CSRF-Token": token }),
                ...resolve(o.headers),
            },
            body: json,
            keepalive: method !== "GET" && (json ?? "").length < KEEPALIVE,
            signal: stop.signal,
        });
        const { status, headers } = answer;
        const body = await answer.json().catch(() => ({}));
        const after = headers.get("Retry-After");
        const retryAfter = after ? Math.max(0, Number(after) * 1e3 || Date.parse(after) - Date.now() || 0) : 0;
        return { body, retryAfter, error: answer.ok ? undefined : problem(status, body.detail) };
    }
    catch {
        return { body: {}, retryAfter: 0, error: { kind: "network", message: "no answer" } };
    }
    finally {
        clearTimeout(timer);
    }
}
/** An answer that is no success, in the client's words. */
export const problem = (status, message = "HTTP " + status) => ({
    kind: status === 429 ? "rate_limit" : status === REFUSED ? "validation" : "server",
    message,
    status,
});
/** The content itself is wrong, so that sending it again is no use. All else is kept and sent again. */
export const REFUSED = 422;
/** Sends while the page goes away; nobody hears the answer. */
export function beacon(o, url, json) {
    if (!o.fetch && !("keepalive" in Request.prototype)) {
        navigator.sendBeacon(url, json); // as text/plain
    }
    else
        void request(o, "POST", url, json);
}
