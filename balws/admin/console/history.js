// Rates and the last five minutes, from snapshots.

import { KINDS, kind } from "./words.js";

/** Seconds that are kept, and drawn. */
export const SPAN = 300;

/** Longer than this between two snapshots is a gap: nobody knows what was in it. */
const GAP = 10;

const COUNTERS = ["received", "sent", "receivedBytes", "sentBytes"];

/** Rates of anything that has the four counters. */
export class Rates {
  #seen = []; // { at, ... }, the oldest first

  /** @param span over so many seconds: what comes seldom would only flicker from one to the next */
  constructor(span = 0) {
    this.span = span;
  }

  /**
   * @param at seconds of the service's clock
   * @return by counter, what came per second; null is not known yet
   */
  take(at, counters) {
    const last = this.#seen.at(-1);
    // Smaller than before: the service was restarted, or a process of it.
    if (last && !(at > last.at && at - last.at <= GAP && COUNTERS.every((name) => counters[name] >= last[name]))) this.#seen = [];
    while (this.#seen.length > 1 && this.#seen[1].at <= at - this.span) this.#seen.shift();
    const first = this.#seen[0];
    this.#seen.push({ at, ...Object.fromEntries(COUNTERS.map((name) => [name, counters[name]])) });
    return Object.fromEntries(COUNTERS.map((name) => [name, first ? (counters[name] - first[name]) / (at - first.at) : null]));
  }
}

/** Rates of many, by what tells them apart; who is not seen any more is forgotten. */
export class RatesOf {
  #known = new Map();

  constructor(span) {
    this.span = span;
  }

  take(at, items, name) {
    const now = new Map();
    const found = items.map((item) => {
      const rates = this.#known.get(item[name]) ?? new Rates(this.span);
      now.set(item[name], rates);
      return rates.take(at, item);
    });
    this.#known = now;
    return found;
  }
}

/** The points of a picture: { at, ... }, not older than SPAN. */
export class Points {
  list = [];

  add(point) {
    const last = this.list.at(-1);
    if (last && point.at < last.at) this.list = []; // another clock: the service was restarted
    else if (last && point.at - last.at > GAP) this.list.push({ at: (last.at + point.at) / 2, isGap: true });
    this.list.push(point);
    while (this.list[0].at < point.at - SPAN) this.list.shift();
  }

  /** @return now, lowest, mean and highest of a figure; null where there is none */
  spread(name) {
    const values = this.list.map((point) => point[name]).filter((value) => value !== null && value !== undefined);
    if (!values.length) return null;
    const sum = values.reduce((all, value) => all + value, 0);
    return { now: values.at(-1), lowest: Math.min(...values), mean: sum / values.length, highest: Math.max(...values) };
  }
}

/** How many connections ended, by code and over time. */
export class Endings {
  #before = null;
  all = {};
  list = []; // { at, codes: { code: count } }

  take(at, paths) {
    const all = {};
    for (const path of paths) for (const [code, number] of Object.entries(path.closed)) all[code] = (all[code] ?? 0) + number;
    if (this.#before && at < this.#before.at) this.list = [];
    const codes = {};
    if (this.#before && at - this.#before.at > 0 && at - this.#before.at <= GAP) {
      for (const [code, number] of Object.entries(all)) {
        const more = number - (this.#before.all[code] ?? 0);
        if (more > 0) codes[code] = more;
      }
    }
    if (Object.keys(codes).length) this.list.push({ at, codes });
    while (this.list.length && this.list[0].at < at - SPAN) this.list.shift();
    this.#before = { at, all };
    this.all = all;
  }

  /** By code, of the last five minutes. */
  recent() {
    const found = {};
    for (const { codes } of this.list) for (const [code, number] of Object.entries(codes)) found[code] = (found[code] ?? 0) + number;
    return found;
  }

  /** By kind, in stretches of so many seconds: { at, normal, lost, fault, own }. */
  stretches(seconds) {
    const found = new Map();
    for (const { at, codes } of this.list) {
      const begin = Math.floor(at / seconds) * seconds;
      if (!found.has(begin)) found.set(begin, Object.fromEntries([["at", begin], ...KINDS.map((name) => [name, 0])]));
      for (const [code, number] of Object.entries(codes)) found.get(begin)[kind(code)] += number;
    }
    return [...found.values()];
  }
}
