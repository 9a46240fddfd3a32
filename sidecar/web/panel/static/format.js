// Numbers and times as text.

const numbers = new Intl.NumberFormat("en");
export const count = (n) => numbers.format(n);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });

/** The time of the day here, with the day if it is another one. */
export function timeText(at) {
  const then = new Date(at);
  const today = then.toDateString() === new Date().toDateString();
  return (today ? "" : `${day.format(then)}, `) + clock.format(then);
}

/** A length of time in one or two units. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A length of time that may be short, to three figures below ten seconds. */
export function lag(seconds) {
  if (seconds < 0.9995) return `${Number((seconds * 1000).toPrecision(3))} ms`;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : span(seconds);
}

/** From one to another, which may be the same. */
export function lags(least, most) {
  const texts = [lag(least), lag(most)];
  if (texts[0] === texts[1]) return texts[0];
  if (texts.every((text) => text.endsWith(" ms"))) texts[0] = texts[0].slice(0, -3);
  return texts.join("–");
}

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}
