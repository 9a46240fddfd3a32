import { request, type Answer, type Load } from "./http.js";
import type { Settings } from "./state.js";
import type { ProgressError } from "./types.js";

/** Sends a request: with `json` about what is in there, otherwise about the client's lesson, whose ids are added to the path. */
export type Ask = (method: string, path: string, json?: string, load?: Load) => Promise<Answer>;

/** The value of a setting that may be given as a function. */
const valueOf = <T extends string | object>(setting?: T | (() => T | undefined)): T | undefined =>
  typeof setting === "function" ? setting() : setting;

/** Talks to the sidecar through the LMS, and knows whether there is a network and a session. */
export function createConnection(o: Settings, base: string, query: string) {
  /** The browser says that there is no network, and no answer has shown that it is wrong. */
  let isOffline = false;
  /** Why the learner has to sign in. */
  let auth: ProgressError | undefined;
  /** The CSRF token that was sent last. */
  let token: string | undefined;

  /** Of another origin no receipt is asked: it would have to allow the header first. */
  const isOfPage = () => new URL(base, document.baseURI).origin === location.origin;

  function headers(json?: string): HeadersInit {
    token = valueOf(o.csrfToken);
    return {
      "Content-Type": "application/json",
      ...(token && { "X-CSRF-Token": token }),
      ...(json && isOfPage() && { Prefer: "return=receipt" }),
      ...valueOf(o.headers),
    };
  }

  const ask: Ask = async (method, path, json, load) => {
    const answer = await request(o.fetch ?? fetch, method, base + path + (json ? "" : query), () => headers(json), json, load);
    const kind = answer.error?.kind;
    isOffline = kind === "network" && !navigator.onLine;
    if (kind !== "network") auth = kind === "auth" ? answer.error : undefined;
    return answer;
  };

  return {
    ask,
    facts: () => ({ isOffline, auth }),
    /** Takes the browser's word for whether there is a network, until the next answer. */
    askBrowser() {
      isOffline = navigator.onLine === false;
    },
    /** Whether the session has another token since the learner was signed out. Throws what the application's function does. */
    isRenewed: () => auth && valueOf(o.csrfToken) !== token,
  };
}
