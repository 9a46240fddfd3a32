const NAME = "lms-csrf=";

/** The CSRF token of the session that this browser has at the moment, which another tab may have begun. */
export const token = (): string | undefined =>
  document.cookie.split("; ").find((cookie) => cookie.startsWith(NAME))?.slice(NAME.length);
