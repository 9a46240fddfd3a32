import { newName } from "./learner.js";
import { eventually } from "./wait.js";

/** The pods of one Service. Their sidecars hand on to each other, and write only what they are asked to. */
export const PODS = ["e", "f", "g"];

const json = async (url, headers) => (await fetch(url, { headers })).json();

/** Resolves when each of the pods knows the others. */
export async function acquainted({ pairs }) {
  for (const pod of PODS) {
    await eventually(`pod ${pod} to know the others`, async () => {
      const { peers } = await json(pairs[pod].status + "/v1/status");
      return peers.candidates === PODS.length && !peers.unreached;
    });
  }
}

/** The pod whose sidecar is the learner's home. For a moment after its start it says that it may not know all. */
async function homeOf({ pairs }, name) {
  const { writer } = await eventually(`${name}'s home to be sure`, async () => {
    const state = await json(`${pairs[PODS[0]].sidecar}/v1/sync?userId=${name}`, { "X-Progress-User": name });
    return !state.stale && state;
  });
  for (const pod of PODS) {
    if ((await json(pairs[pod].sidecar + "/v1/sync")).writer === writer) return pod;
  }
  throw new Error(`${name}'s home is ${writer}, which is none of the pods`);
}

/** A name of a learner whose home is that pod. */
export async function learnerAt(stack, pod, hint) {
  await acquainted(stack);
  for (;;) {
    const name = newName(hint);
    if ((await homeOf(stack, name)) === pod) return name;
  }
}
