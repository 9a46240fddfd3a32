/** The session's token, in a cookie that scripts may read; read again for each request, so a new session's is found. */
export const csrfToken = () => decodeURIComponent(/(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "");
