// Which of the last batches are told in one row.

const keyOf = ({ lane, number, outcome, finishedAt }) => `${lane} ${number} ${outcome} ${finishedAt}`;

/** Puts batches that follow each other with the same outcome into groups, in the order that they come in. */
export function grouped(batches) {
  const groups = [];
  for (const batch of batches) {
    const last = groups.at(-1);
    if (last && last[0].outcome === batch.outcome && last[0].sqlState === batch.sqlState) last.push(batch);
    else groups.push([batch]);
  }
  return groups;
}

/** What a group has in sum; its round trips are from `fastest` to `slowest`, null where none is known. */
export function summed(group) {
  const sum = (field) => group.reduce((total, batch) => total + batch[field], 0);
  const trips = group.map((batch) => batch.roundTripSeconds).filter((seconds) => seconds > 0);
  return {
    updates: sum("updates"), records: sum("records"), rows: sum("rows"),
    fastest: trips.length > 0 ? Math.min(...trips) : null, slowest: trips.length > 0 ? Math.max(...trips) : null,
  };
}

/**
 * Names groups, so that one keeps its name while batches come to it and go from
 * it. `before` is what this returned the last time: the name of each batch's group.
 */
export function named(groups, before) {
  const names = new Map();
  for (const group of groups) {
    const known = group.map((batch) => before.get(keyOf(batch))).find((name) => name !== undefined);
    for (const batch of group) names.set(keyOf(batch), known ?? keyOf(group.at(-1)));
  }
  return names;
}

export const nameOf = (group, names) => names.get(keyOf(group[0]));
