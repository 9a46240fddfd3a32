// What the chart draws, made from the samples of /ui/data.

/**
 * Sums since the begin of the window (milliseconds), or since the first sample if
 * that is later, up to now. The last sample from before the window is where the
 * lines start. `lag` is the longest save lag since the point before, null for none.
 */
export function points({ history, status: { counters } }, now, window) {
  const samples = history.map((sample) => ({
    at: Date.parse(sample.at), accepted: sample.updatesAccepted, written: sample.rowsWritten, lag: sample.saveLagSeconds,
  }));
  const first = Math.max(0, samples.findLastIndex(({ at }) => at <= now - window));
  const zero = samples[first];
  const list = [...samples.slice(first), { at: now, accepted: counters.updatesAccepted, written: counters.rowsWritten, lag: null }];
  return list.map((point, i) => ({
    at: Math.max(point.at, now - window), accepted: point.accepted - zero.accepted, written: point.written - zero.written,
    lag: i === 0 ? null : point.lag,
  }));
}

/** The points as they stood at whole multiples of so many milliseconds, and at last, the newest first. */
export function buckets(list, every) {
  const rows = [];
  let from = 0;
  const until = (at, to) => {
    const lags = list.slice(from, to + 1).map(({ lag }) => lag).filter((lag) => lag !== null);
    const { accepted, written } = list[to];
    rows.unshift({ at, accepted, written, lag: lags.length > 0 ? Math.max(...lags) : null });
    from = to + 1;
  };
  const end = list.at(-1).at;
  for (let at = Math.ceil(list[0].at / every) * every; at < end; at += every) {
    until(at, list.findLastIndex((point) => point.at <= at));
  }
  until(end, list.length - 1);
  return rows;
}
