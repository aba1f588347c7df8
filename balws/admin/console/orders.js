// The dialogs that do something to a connection, a group or a service, and the one that shows a connection.

import { LineChart } from "./chart.js";
import { Points, Rates } from "./history.js";
import { make, put } from "./rows.js";
import { NONE, age, bytes, count, isSendable, many, meaning, plain, rate } from "./words.js";

const byId = (id) => document.getElementById(id);

/** Asks for what an order needs, gives it out, and waits for the answer. */
class Order {
  #target = null;
  #isWaiting = false;

  /** @param give (event) => whether it went out */
  constructor(name, give) {
    this.dialog = byId(name);
    this.failure = this.dialog.querySelector(".failure");
    this.submit = this.dialog.querySelector("[type=submit]");
    this.name = name;
    this.dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const order = this.order(this.#target);
      if (order === null) return;
      this.#wait(true);
      if (!give({ event: name, order })) this.fail("There is no connection to the service now.");
    });
  }

  /** @param target { key, value, words, number } */
  open(target) {
    this.#target = target;
    put(this.dialog.querySelector(".target"), target.words);
    this.#wait(false);
    this.prepare(target);
    this.dialog.showModal();
  }

  #wait(isWaiting) {
    this.#isWaiting = isWaiting;
    this.submit.disabled = isWaiting;
    if (isWaiting || !this.dialog.open) put(this.failure, "");
  }

  /** It is done; who has opened the dialog anew meanwhile goes on. */
  done() {
    if (this.#isWaiting) this.dialog.close();
  }

  fail(words) {
    this.#wait(false);
    put(this.failure, plain(words));
  }

  /** No answer comes any more. */
  lost() {
    if (this.#isWaiting) this.fail("The connection was lost before the answer came: it may be done, or not.");
  }
}

export class SendOrder extends Order {
  constructor(give) {
    super("send", give);
    this.text = byId("send-text");
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit.click();
    });
  }

  prepare() {
    this.text.value = "";
  }

  order(target) {
    return { target: { [target.key]: target.value }, text: this.text.value };
  }
}

export class KickOrder extends Order {
  constructor(give) {
    super("kick", give);
    this.code = byId("kick-code");
    this.reason = byId("kick-reason");
    this.code.addEventListener("input", () => this.#explain());
  }

  prepare(target) {
    // The members of a group are on all nodes, and these close with 1000.
    this.dialog.querySelector(".fields").hidden = target.key === "group";
    this.code.value = "1008";
    this.reason.value = "closed by the operator";
    put(this.submit, target.number === 1 ? "Kick" : `Kick ${many(target.number, "connection")}`);
    this.#explain();
  }

  #explain() {
    const code = Number(this.code.value);
    put(byId("kick-meaning"), isSendable(code) ? meaning(String(code)) : "1000–1003, 1007–1011, 3000–4999");
  }

  order(target) {
    const address = { [target.key]: target.value };
    if (target.key === "group") return { target: address, code: 1000 };
    const code = Number(this.code.value);
    if (!isSendable(code)) {
      this.code.focus();
      this.fail("This code cannot be sent.");
      return null;
    }
    if (new TextEncoder().encode(this.reason.value).length > 123) {
      this.reason.focus();
      this.fail("A reason has 123 bytes at the most.");
      return null;
    }
    return { target: address, code, reason: this.reason.value };
  }
}

const user = (connection) => (connection.user === null ? "nobody signed in" : plain(connection.user));

export const ofConnection = (connection) => ({
  key: "connection", value: connection.id, number: 1,
  words: `Connection ${connection.id.slice(0, 8)} · ${user(connection)} · ${plain(connection.path)}`,
});

/** One connection by itself. */
export class Detail {
  #facts = new Map();
  #rates;
  #points;
  connection = null;

  constructor(send, kick, changed) {
    this.dialog = byId("detail");
    this.chart = new LineChart(byId("chart-detail"), ["in", "out"], (point) => `${rate(point.in)} in, ${rate(point.out)} out`, count, true);
    byId("detail-send").addEventListener("click", () => send.open(ofConnection(this.connection)));
    byId("detail-kick").addEventListener("click", () => kick.open(ofConnection(this.connection)));
    this.dialog.addEventListener("close", () => {
      this.connection = null;
      changed();
    });
    this.changed = changed;
  }

  open(connection) {
    this.#rates = new Rates();
    this.#points = new Points();
    this.connection = connection;
    put(byId("detail-title"), `Connection ${connection.id.slice(0, 8)}`);
    this.#state(true);
    this.#write(connection);
    this.chart.draw([]);
    this.dialog.showModal();
    this.changed();
  }

  /** @param connection null where it has ended */
  take(at, connection) {
    if (this.connection === null) return;
    if (connection !== null && connection.id !== this.connection.id) return;
    this.#state(connection !== null);
    if (connection === null) return;
    this.connection = connection;
    const rates = this.#rates.take(at, connection);
    this.#points.add({ at, in: rates.received, out: rates.sent });
    this.chart.draw(this.#points.list);
    const words = (name) => { const found = this.#points.spread(name); return found ? `now ${rate(found.now)}, highest ${rate(found.highest)}` : "not known yet"; };
    this.chart.describe(`Messages per second of this connection: in ${words("in")}; out ${words("out")}`);
    this.#write(connection, rates);
  }

  #state(isOpen) {
    put(byId("detail-state"), isOpen ? "open" : "has ended");
    this.dialog.classList.toggle("ended", !isOpen);
    for (const id of ["detail-send", "detail-kick"]) if (byId(id).disabled === isOpen) byId(id).disabled = !isOpen;
  }

  #write(connection, rates = null) {
    const list = (names) => (names.length ? names.map(plain).join(", ") + (names.length >= 20 ? ", …" : "") : NONE);
    const traffic = (messages, size) => `${many(connection[messages], "message")}, ${bytes(connection[size])}`;
    const speed = (size) => (rates?.[size] === null || !rates ? "" : `${bytes(rates[size])}/s`);
    put(byId("detail-in"), rate(rates?.received));
    put(byId("detail-out"), rate(rates?.sent));
    put(byId("detail-bytes-in"), speed("receivedBytes"));
    put(byId("detail-bytes-out"), speed("sentBytes"));
    const facts = {
      Id: connection.id, User: user(connection), Path: plain(connection.path), Service: plain(connection.service),
      Address: plain(connection.address), Encrypted: connection.secure ? "yes, by TLS" : "no",
      "Sub-protocol": connection.subProtocol === null ? NONE : plain(connection.subProtocol),
      Age: age(connection.age), Received: traffic("received", "receivedBytes"), Sent: traffic("sent", "sentBytes"),
      Unsent: bytes(connection.queue), Waiting: many(connection.pending, "message"),
      Names: list(connection.names), Groups: list(connection.groups),
    };
    if (typeof connection.worker === "number") facts.Worker = String(connection.worker);
    for (const name of this.#facts.keys()) {
      if (name in facts) continue;
      this.#facts.get(name).parentElement.remove();
      this.#facts.delete(name);
    }
    for (const [name, value] of Object.entries(facts)) {
      if (!this.#facts.has(name)) {
        const pair = make("div"), description = make("dd");
        pair.append(make("dt", "", name), description);
        byId("detail-facts").append(pair);
        this.#facts.set(name, description);
      }
      put(this.#facts.get(name), value);
    }
  }
}
