// The connection to the service: opened, lost, opened again.

/** Seconds without a snapshot after which the page says so. */
const QUIET = 5;
const LONGEST_WAIT = 15;

/** The service closes with this where too many consoles are open. */
const TOO_MANY = 4429;

/** What may stand in a list of sub-protocols, and so in a token that a page shows (RFC 9110, 5.6.2). */
const isToken = (text) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);

const here = (name) => new URL(name, location.href);

/**
 * Keeps a connection.  Its owner is told by
 *   told(event)          something that the service said
 *   turned(state, words) connecting, open, quiet, lost (wait: words), refused, full, off
 *   opened()             the service listens
 */
export class Line {
  #socket = null;
  #timer = 0;
  #attempts = 0;
  #heard = 0;
  #until = 0;
  #isWanted = false;
  #try = 0;

  constructor(owner) {
    this.owner = owner;
    this.token = null;
    this.state = "off";
    setInterval(() => this.#look(), 500);
    addEventListener("online", () => this.again());
    document.addEventListener("visibilitychange", () => document.hidden || this.again());
  }

  /** @param token null where none is asked for */
  begin(token) {
    this.end();
    this.token = token;
    this.#attempts = 0;
    this.#isWanted = true;
    this.#open();
  }

  end() {
    this.#isWanted = false;
    this.#try += 1;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#turn("off");
  }

  /** Do not wait any longer. */
  again() {
    if (this.state === "lost" || this.state === "full") this.#open();
  }

  /** @return whether it went out */
  say(event) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(event));
    return true;
  }

  #turn(state, words = "") {
    this.state = state;
    this.owner.turned(state, words);
  }

  async #open() {
    clearTimeout(this.#timer);
    this.#isWanted = true;
    this.#try += 1;
    const attempt = this.#try;
    this.#turn("connecting");
    if (this.token !== null && !isToken(this.token)) {
      this.#refuse("A browser cannot send it: a token for the console has letters, digits, and of other signs only ! # $ % & ' * + - . ^ _ ` | ~");
      return;
    }
    // A page is not told why a WebSocket connection was refused; of this question it is.
    let status;
    try {
      const headers = this.token === null ? {} : { Authorization: `Bearer ${this.token}` };
      ({ status } = await fetch(here("api/summary"), { headers, cache: "no-store", signal: AbortSignal.timeout(10000) }));
    } catch {
      status = 0;
    }
    if (attempt !== this.#try) return;
    if (status === 0) this.#lose();
    else if (status === 401 || status === 403) this.#refuse(this.token === null ? "" : "This is not the token of this endpoint.");
    else if (status === 429) this.#refuse("Too many wrong tokens came from this machine: wait a minute, then try again.");
    else if (status === 421) this.#refuse("The endpoint answers to names of its own machine only: open this page as 127.0.0.1 or localhost.");
    else this.#connect();
  }

  #connect() {
    const address = here("live");
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.token === null ? new WebSocket(address) : new WebSocket(address, ["balws.bearer", this.token]);
    this.#socket = socket;
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#heard = performance.now();
      this.owner.opened();
    };
    socket.onmessage = (message) => {
      if (socket !== this.#socket) return;
      this.#heard = performance.now();
      this.#attempts = 0;
      if (this.state !== "open") this.#turn("open");
      this.owner.told(JSON.parse(message.data));
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (event.code === TOO_MANY) this.#turn("full", event.reason);
      else this.#lose();
    };
  }

  #refuse(words) {
    this.#isWanted = false;
    this.#turn("refused", words);
  }

  #lose() {
    const wait = Math.min(LONGEST_WAIT, 2 ** this.#attempts) * (0.75 + Math.random() / 2);
    this.#attempts += 1;
    this.#until = performance.now() + wait * 1000;
    this.#timer = setTimeout(() => this.#open(), wait * 1000);
    this.#turn("lost", this.#wait());
  }

  #wait() {
    return String(Math.max(1, Math.ceil((this.#until - performance.now()) / 1000)));
  }

  #look() {
    if (!this.#isWanted) return;
    if (this.state === "lost") this.owner.turned("lost", this.#wait());
    const quiet = Math.floor((performance.now() - this.#heard) / 1000);
    if ((this.state === "open" || this.state === "quiet") && quiet >= QUIET) this.#turn("quiet", String(quiet));
  }
}
