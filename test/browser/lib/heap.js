/** What the engine keeps for itself: compiled code, what it learned of calls, and caches of its own. */
const OF_THE_ENGINE = new Set(["code", "hidden", "object shape"]);

/**
 * Returns how many bytes the objects of a page take that its scripts hold. The engine's own share is left out: it grows for
 * minutes while the engine compiles what is called often.
 */
export async function heldBytes(page, devtools) {
  // The browser keeps a note of each of the last 250 requests.
  await page.evaluate(() => performance.clearResourceTimings());
  await devtools.send("HeapProfiler.collectGarbage");
  const chunks = [];
  const take = ({ chunk }) => chunks.push(chunk);
  devtools.on("HeapProfiler.addHeapSnapshotChunk", take);
  await devtools.send("HeapProfiler.takeHeapSnapshot");
  devtools.off("HeapProfiler.addHeapSnapshotChunk", take);
  return sum(JSON.parse(chunks.join("")));
}

/** A snapshot's nodes are numbers in a row; its head names them. */
function sum({ snapshot: { meta }, nodes }) {
  const width = meta.node_fields.length;
  const [type, size] = ["type", "self_size"].map((field) => meta.node_fields.indexOf(field));
  const kinds = meta.node_types[type];
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += width) {
    if (!OF_THE_ENGINE.has(kinds[nodes[at + type]])) bytes += nodes[at + size];
  }
  return bytes;
}
