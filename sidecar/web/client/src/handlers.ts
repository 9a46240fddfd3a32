/** Handles events until the returned function is called. */
export function handle(target: EventTarget, handlers: Record<string, (event: Event) => void>): () => void {
  const ending = new AbortController();
  for (const name in handlers) target.addEventListener(name, handlers[name]!, ending);
  return () => ending.abort();
}
