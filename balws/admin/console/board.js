// What the page shows of the service: pictures, totals and tables.

import { BarChart, LineChart } from "./chart.js";
import { Endings, Points, Rates, RatesOf } from "./history.js";
import { Rows, make, put } from "./rows.js";
import { KINDS, NONE, age, bytes, count, kind, many, meaning, plain, rate } from "./words.js";

const byId = (id) => document.getElementById(id);

/** Seconds over which the rates in tables are. */
const CALM = 5;

/** Seconds of one bar. */
const STRETCH = 5;

export class Board {
  #rates = new Rates();
  #connectionRates = new RatesOf(CALM);
  #pathRates = new RatesOf(CALM);
  #points = new Points();
  #endings = new Endings();
  #totals = new Map();
  isHeld = false;

  /** @param open, send, kick (target) */
  constructor({ open, send, kick }) {
    this.connectionsChart = new LineChart(byId("chart-connections"), ["connections"], (point) => many(point.connections, "connection"), count);
    this.messagesChart = new LineChart(byId("chart-messages"), ["in", "out"], (point) => `${rate(point.in)} in, ${rate(point.out)} out`, count, true);
    this.closedChart = new BarChart(byId("chart-closed"), KINDS,
      (bar) => KINDS.filter((name) => bar[name]).map((name) => `${count(bar[name])} ${name === "own" ? "app" : name}`).join(", "), count, STRETCH);
    const ofGroup = (group) => ({ key: "group", value: group.name, number: group.members, words: `Group ${plain(group.name)} · ${many(group.members, "member")} here` });
    const ofPath = (path) => ({ key: "path", value: path.path, number: path.connections, words: `Every connection to ${plain(path.path)} · ${count(path.connections)} now` });
    const acts = (target, what) => [
      ["Send", (item) => `Send a message to ${what(item)}`, (item) => send(target(item))],
      ["Kick", (item) => `Kick ${what(item)}`, (item) => kick(target(item)), "danger"],
    ];
    this.connections = new Rows(byId("connections-table"), [
      { text: (item) => item.id.slice(0, 8), title: (item) => item.id, className: "c-id", act: open },
      { text: (item) => (item.user === null ? NONE : plain(item.user)), title: (item) => plain(item.user ?? ""), className: "c-user", clamp: true },
      { text: (item) => plain(item.path), title: (item) => plain(`${item.path} · ${item.service}`), className: "c-path", clamp: true },
      { text: (item) => plain(item.address), title: (item) => plain(item.address), className: "c-address" },
      { text: (item) => age(item.age), className: "n" },
      { text: (item) => bytes(item.queue), className: "n" },
      { text: (item) => rate(item.rates.received), className: "n" },
      { text: (item) => rate(item.rates.sent), className: "n" },
      { text: (item) => count(item.received), className: "n total" },
      { text: (item) => count(item.sent), className: "n total" },
    ]);
    this.services = new Rows(byId("services-table"), [
      { text: (item) => plain(item.path), title: (item) => plain(`${item.path} · ${item.service}`), clamp: true },
      { text: (item) => count(item.connections), className: "n" },
      { text: (item) => rate(item.rates.received), className: "n rate" },
      { text: (item) => rate(item.rates.sent), className: "n rate" },
      { acts: acts(ofPath, (item) => `everybody at ${plain(item.path)}`), className: "acts", idle: (item) => (item.connections ? "" : "nobody") },
    ]);
    this.groups = new Rows(byId("groups-table"), [
      { text: (item) => plain(item.name), title: (item) => plain(item.name), clamp: true },
      { text: (item) => count(item.members), className: "n" },
      { acts: acts(ofGroup, (item) => `the group ${plain(item.name)}`), className: "acts" },
    ]);
    this.codes = new Rows(byId("codes-table"), [
      { text: ({ code }) => `${code} ${meaning(code)}`, clamp: true },
      { text: (item) => count(item.recent), className: "n" },
      { text: (item) => count(item.all), className: "n" },
    ]);
    this.figures = new Rows(byId("figures-table"), [
      { text: (item) => item.name },
      ...["now", "lowest", "mean", "highest"].map((name) => ({ text: (item) => (item.spread ? rate(item.spread[name]) : NONE), className: "n" })),
    ]);
  }

  /** @param search, groupsSearch what was asked for, for the words where nothing was found */
  take({ at, summary, connections, groups }, search, groupsSearch) {
    const sum = { received: 0, sent: 0, receivedBytes: 0, sentBytes: 0, queue: 0, slow: 0 };
    for (const path of summary.paths) for (const name of Object.keys(sum)) sum[name] += path[name];
    const rates = this.#rates.take(at, sum);
    this.#points.add({ at, connections: summary.connections, in: rates.received, out: rates.sent });
    this.#endings.take(at, summary.paths);
    const connectionRates = this.#connectionRates.take(at, connections.connections, "id");
    const pathRates = this.#pathRates.take(at, summary.paths, "path");
    if (document.hidden) return;
    this.#now(at, summary, rates);
    this.#pictures(at);
    this.#sums(summary, sum);
    if (this.isHeld) return;
    this.connections.show(connections.connections.map((item, number) => ({ ...item, rates: connectionRates[number] })), (item) => item.id);
    put(byId("connections-count"), count(summary.connections));
    const shown = connections.connections.length;
    put(byId("connections-shown"), shown ? `${count(shown)} of ${many(connections.total, "connection")}${search ? " that fit" : ""}` : "");
    byId("more").hidden = shown >= connections.total || shown >= 500;
    this.#empty("connections", shown, search ? `No connection fits “${search}”.` : "Nobody is connected. Whoever comes stands here within a second.");
    this.services.show(summary.paths.map((item, number) => ({ ...item, rates: pathRates[number] })), (item) => item.path);
    put(byId("services-count"), count(summary.paths.length));
    this.#empty("services", summary.paths.length);
    this.groups.show(groups.groups, (item) => item.name);
    put(byId("groups-count"), count(groups.total));
    this.#empty("groups", groups.groups.length, groupsSearch ? `No group fits “${groupsSearch}”.` : "No group has members here.");
  }

  #now(at, summary, rates) {
    put(byId("uptime"), age(summary.uptime));
    put(byId("pids"), summary.pids.length > 3 ? `${summary.pids.length} workers` : summary.pids.join(", "));
    put(byId("version"), plain(summary.version));
    put(byId("now-connections"), count(summary.connections));
    put(byId("now-in"), rate(rates.received));
    put(byId("now-out"), rate(rates.sent));
    put(byId("now-bytes-in"), rates.receivedBytes === null ? "" : `${bytes(rates.receivedBytes)}/s`);
    put(byId("now-bytes-out"), rates.sentBytes === null ? "" : `${bytes(rates.sentBytes)}/s`);
  }

  #pictures(at) {
    const names = { connections: "Connections", in: "Messages in per second", out: "Messages out per second" };
    const spreads = Object.fromEntries(Object.keys(names).map((name) => [name, this.#points.spread(name)]));
    const words = (spread) => (spread ? `now ${rate(spread.now)}, lowest ${rate(spread.lowest)}, highest ${rate(spread.highest)}` : "not known yet");
    this.connectionsChart.draw(this.#points.list);
    this.connectionsChart.describe(`Connections in the last five minutes: ${words(spreads.connections)}`);
    this.messagesChart.draw(this.#points.list);
    this.messagesChart.describe(`Messages per second in the last five minutes: in ${words(spreads.in)}; out ${words(spreads.out)}`);
    const recent = this.#endings.recent();
    const ended = Object.values(recent).reduce((all, number) => all + number, 0);
    this.closedChart.draw(at, this.#endings.stretches(STRETCH));
    const codes = Object.entries(recent).map(([code, number]) => `${count(number)} with ${code}`).join(", ");
    this.closedChart.describe(`Connections that ended in the last five minutes: ${codes || "none"}`, ended ? "" : "None since this page watches");
    put(byId("now-closed"), count(ended));
    const all = Object.keys(this.#endings.all).sort();
    this.codes.show(all.map((code) => ({ code, recent: recent[code] ?? 0, all: this.#endings.all[code] })), (item) => item.code);
    this.codes.body.querySelectorAll("tr").forEach((row, number) => { row.dataset.kind = kind(all[number]); });
    this.#empty("codes", all.length);
    this.figures.show(Object.keys(names).map((name) => ({ name: names[name], spread: spreads[name] })), (item) => item.name);
  }

  #sums(summary, sum) {
    const { hub } = summary;
    const refused = Object.entries(summary.refused).filter(([, number]) => number);
    const wrongTokens = summary.adminRefusals ?? 0;
    // What is wrong when it is not 0 has a third member: true; then come words for the pointer, and what stands beside it.
    const facts = [
      ["Unsent", bytes(sum.queue)],
      ["In", bytes(sum.receivedBytes)],
      ["Out", bytes(sum.sentBytes)],
      ["Stored names", count(hub.names)],
      ["Turned away", count(refused.reduce((all, [, number]) => all + number, 0)), refused.length > 0, refused.map(([name, number]) => `${name}: ${count(number)}`).join("\n")],
      ["Wrong logins", count(summary.authFailures), summary.authFailures > 0, wrongTokens ? `admin: ${many(wrongTokens, "wrong token")} shown to this console or its endpoint, no login of a peer` : "", wrongTokens ? `· admin ${count(wrongTokens)}` : ""],
      ["Slow peers cut", count(sum.slow), sum.slow > 0],
      ["Stalls", count(summary.stalls), summary.stalls > 0],
      ["Not delivered", count(hub.undelivered), hub.undelivered > 0],
      ["Missed", count(hub.lost), hub.lost > 0],
    ];
    for (const [name, value, isWrong = false, title = "", also = ""] of facts) {
      if (!this.#totals.has(name)) {
        const pair = make("div"), description = make("dd");
        description.append(make("span", "value"), " ", make("span", "also"));
        pair.append(make("dt", "", name), description);
        byId("totals").append(pair);
        this.#totals.set(name, description);
      }
      const description = this.#totals.get(name);
      put(description.firstElementChild, value);
      put(description.lastElementChild, also);
      description.parentElement.classList.toggle("wrong", isWrong);
      description.parentElement.classList.toggle("zero", value === "0" || value === "0 B");
      if (description.title !== title) description.title = title;
    }
  }

  #empty(name, number, words = null) {
    const place = byId(`${name}-empty`);
    if (words !== null) put(place, words);
    if (place.hidden !== number > 0) place.hidden = number > 0;
    byId(`${name}-table`).classList.toggle("bare", number === 0);
  }
}
