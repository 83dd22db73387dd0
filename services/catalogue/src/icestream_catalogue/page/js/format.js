// Times are UTC and say so; durations and sizes take the unit that people think in.

const DAY = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
const MOMENT = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});

export function day(text) {
  return DAY.format(new Date(text));
}

export function moment(text) {
  return `${MOMENT.format(new Date(text))} UTC`;
}

// An interval whose end is exclusive: whole days are told as days.
export function interval(start, end) {
  const from = new Date(start);
  const to = new Date(end);
  const whole = from.getTime() % 864e5 === 0 && to.getTime() % 864e5 === 0;
  if (!whole) return `${moment(start)} to ${moment(end)}`;
  const last = new Date(to.getTime() - 864e5);
  return last.getTime() <= from.getTime() ? day(from) : `${day(from)} to ${day(last)}`;
}

export function duration(seconds) {
  const size = Math.abs(seconds);
  const steps = [[120, 1, "s"], [7200, 60, "min"], [172800, 3600, "h"], [63072000, 86400, "days"], [Infinity, 31557600, "years"]];
  const [, unit, word] = steps.find(([limit]) => size < limit);
  const value = seconds / unit;
  return `${Math.abs(value) < 10 ? value.toFixed(1) : Math.round(value)} ${word}`;
}

export function ago(text, now = Date.now()) {
  const seconds = (now - new Date(text).getTime()) / 1000;
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

export function bytes(count) {
  const steps = [["B", 1], ["kB", 1e3], ["MB", 1e6], ["GB", 1e9], ["TB", 1e12]];
  const [word, unit] = [...steps].reverse().find(([, size]) => count >= size) ?? steps[0];
  return `${unit === 1 ? count : (count / unit).toPrecision(3)} ${word}`;
}

export function count(number, word, plural = `${word}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? word : plural}`;
}
