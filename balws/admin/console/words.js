// How figures and texts are written.

const whole = new Intl.NumberFormat("en");
const tenth = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const NONE = "–";

/** 1234567 as "1,234,567", and as "12.3 M" where eight characters would not hold it. */
export function count(number) {
  if (number < 10_000_000) return whole.format(number);
  if (number < 1e9) return `${tenth.format(number / 1e6)} M`;
  return `${tenth.format(number / 1e9)} G`;
}

/** Something per second; null is not known yet. */
export function rate(number) {
  if (number === null || number === undefined) return NONE;
  return number > 0 && number < 9.95 ? tenth.format(number) : count(Math.round(number));
}

export function bytes(number) {
  if (number === null || number === undefined) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = number, unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 99.95 ? tenth.format(size) : whole.format(Math.round(size))} ${units[unit]}`;
}

/** Seconds, by their two largest units. */
export function age(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(all / 86400), "d"], [Math.floor(all / 3600) % 24, "h"], [Math.floor(all / 60) % 60, "m"], [all % 60, "s"]];
  const first = Math.min(parts.findIndex(([value]) => value) >>> 0, 3);
  return parts.slice(first, first + 2).map(([value, unit], place) => `${place ? String(value).padStart(2, "0") : value} ${unit}`).join(" ");
}

export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

/** A peer's text: what has no picture of its own, or turns the direction of what follows, is written out. */
export function plain(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const CODES = {
  1000: "done", 1001: "going away", 1002: "broke the protocol", 1003: "cannot take such data", 1005: "without a code",
  1006: "connection lost", 1007: "invalid data", 1008: "against the rules", 1009: "message too big",
  1010: "extension missing", 1011: "error of the service", 1012: "restart", 1013: "try again later", 1014: "bad gateway",
  "3xxx": "code of a library", "4xxx": "code of the application",
};

export const meaning = (code) => CODES[code] ?? (/^3\d{3}$/.test(code) ? CODES["3xxx"] : /^4\d{3}$/.test(code) ? CODES["4xxx"] : "");

/** The kinds of endings, in the order in which they are drawn; the colours are the style's. */
export const KINDS = ["normal", "lost", "fault", "own"];

export function kind(code) {
  if (/^[34]/.test(code)) return "own";
  if (["1000", "1001", "1005", "1012", "1013"].includes(code)) return "normal";
  return code === "1006" ? "lost" : "fault";
}

/** Which codes may be sent, as the service has it. */
export function isSendable(code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999);
}
