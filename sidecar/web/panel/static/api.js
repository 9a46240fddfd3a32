// Calls of the sidecar.

/** Resolves to what the answer says, or throws an Error with words for a person. */
export async function call(method, path, headers = {}) {
  let response;
  try {
    response = await fetch(path, { method, cache: "no-store", headers: { Accept: "application/json", ...headers } });
  } catch {
    throw new Error("The sidecar does not answer. Is the port still forwarded?");
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text === "" ? null : JSON.parse(text);
  } catch {
    throw new Error(`The answer of the sidecar can't be read (status ${response.status}).`);
  }
  if (!response.ok) throw new Error(answer?.detail ?? `The sidecar answered with status ${response.status}.`);
  return answer;
}
