// The live console of balws: signs in, keeps the connection, and gives each part what is for it.

import { Board } from "./board.js";
import { Line } from "./line.js";
import { Detail, KickOrder, SendOrder } from "./orders.js";
import { put } from "./rows.js";
import { count, many, plain } from "./words.js";

const KEPT = "balws.console.token";
const PAGE = 100;
const MOST = 500;

const byId = (id) => document.getElementById(id);
const board = byId("board"), login = byId("login"), search = byId("search"), groupsSearch = byId("groups-search");

const wanted = { search: "", groupsSearch: "", sort: "age", limit: PAGE };
let state = ""; // what the badge says
let lastSnapshot = null;

// What is said to whoever listens, when something has changed and not for each figure.

let toasting = 0;

function say(words, isShown = false) {
  put(byId("said"), words);
  if (!isShown) return;
  const toast = byId("toast");
  put(toast, words);
  toast.classList.add("shown");
  clearTimeout(toasting);
  toasting = setTimeout(() => toast.classList.remove("shown"), 4000);
}

function badge(name, word, words = "", spoken = word) {
  byId("state").dataset.state = name;
  put(byId("state-word"), word);
  put(byId("notice"), words);
  byId("notice").title = words;
  if (name !== state) say(spoken);
  state = name;
}

// The connection

const line = new Line({
  opened: watch,
  told(event) {
    if (event.event === "snapshot") show(event);
    else if (event.event === "done") finish(event);
    else if (event.re === "watch") badge("quiet", "No figures", plain(event.words));
    else refuse(event);
  },
  turned(now, words) {
    board.classList.toggle("stale", now !== "open");
    byId("again").hidden = now !== "lost" && now !== "full";
    if (now === "connecting" && state === "lost") return; // the words change when it is known how it went
    if (now === "connecting") badge("connecting", "Connecting");
    else if (now === "lost") badge("lost", "Connection lost", `Trying again in ${words} s.${lastSnapshot ? ` The figures are those of ${lastSnapshot.toTimeString().slice(0, 8)}.` : ""}`, "Connection lost, trying again");
    else if (now === "quiet") badge("quiet", "No news", `The service has said nothing for ${words} s.`);
    else if (now === "full") badge("lost", "Too many consoles", plain(words));
    else if (now === "refused") ask(words);
    if (now !== "lost") return;
    document.title = "lost · balws console";
    send.lost();
    kick.lost();
  },
});

function watch() {
  line.say({
    event: "watch",
    connections: { search: wanted.search, sort: wanted.sort, limit: wanted.limit },
    groups: { search: wanted.groupsSearch, limit: PAGE },
    detail: detail.connection?.id ?? null,
  });
}

function show(snapshot) {
  const { summary } = snapshot;
  lastSnapshot = new Date();
  if (board.hidden) {
    board.hidden = false;
    login.hidden = true;
    byId("process").hidden = false;
    byId("leave").hidden = line.token === null;
  }
  if (summary.state === "draining") badge("draining", "Draining", "New peers are turned away; those that are here are told to go.");
  else if (summary.state === "degraded" || summary.hub.degraded) badge("degraded", "Degraded", `Other nodes cannot be reached: ${plain(summary.hub.problem)}`, "Degraded: other nodes cannot be reached");
  else badge("ready", "Live", "", "Connected");
  document.title = `${count(summary.connections)} · balws console`;
  pictures.take(snapshot, wanted.search, wanted.groupsSearch);
  detail.take(snapshot.at, snapshot.detail);
}

function finish({ re, count: number }) {
  (re === "kick" ? kick : send).done();
  say(re === "kick" ? `${many(number, "connection")} closed` : `Sent to ${many(number, "connection")}`, true);
}

function refuse({ re, words }) {
  const order = re === "kick" ? kick : send;
  if (order.dialog.open) order.fail(words);
  else say(plain(words), true);
}

// Who asks

function ask(words) {
  line.end();
  sessionStorage.removeItem(KEPT);
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  board.hidden = true;
  login.hidden = false;
  byId("process").hidden = true;
  byId("leave").hidden = true;
  document.title = "balws console";
  badge("closed", "Signed out");
  put(byId("login-failure"), words);
  byId("token").value = "";
  byId("token").focus();
}

byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = byId("token").value.trim();
  if (!token) return;
  put(byId("login-failure"), "");
  sessionStorage.setItem(KEPT, token);
  line.begin(token);
});
byId("leave").addEventListener("click", () => ask(""));
byId("again").addEventListener("click", () => line.again());

// What is shown

const send = new SendOrder((event) => line.say(event));
const kick = new KickOrder((event) => line.say(event));
const detail = new Detail(send, kick, watch);
const pictures = new Board({
  open: (connection) => detail.open(connection),
  send: (target) => send.open(target),
  kick: (target) => kick.open(target),
});

function searching(field, name) {
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      wanted[name] = field.value.trim();
      wanted.limit = PAGE;
      watch();
    }, 200);
  });
}

searching(search, "search");
searching(groupsSearch, "groupsSearch");

byId("more").addEventListener("click", () => {
  wanted.limit = Math.min(MOST, wanted.limit + PAGE);
  watch();
});

byId("hold").addEventListener("click", () => {
  pictures.isHeld = !pictures.isHeld;
  byId("hold").setAttribute("aria-pressed", String(pictures.isHeld));
  board.classList.toggle("held", pictures.isHeld);
});

function sorted() {
  for (const head of document.querySelectorAll("[data-sort]")) {
    if (head.dataset.sort === wanted.sort) head.setAttribute("aria-sort", "descending");
    else head.removeAttribute("aria-sort");
  }
}

for (const head of document.querySelectorAll("[data-sort]")) {
  head.querySelector("button").addEventListener("click", () => {
    wanted.sort = head.dataset.sort;
    sorted();
    watch();
  });
}
sorted();

// Keys and dialogs

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (board.hidden || event.target.closest("input, textarea, dialog")) return;
  event.preventDefault();
  search.focus();
  search.select();
});

for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
detail.dialog.addEventListener("click", (event) => {
  const box = detail.dialog.getBoundingClientRect();
  if (event.target === detail.dialog && event.clientX < box.left) detail.dialog.close(); // beside it
});

line.begin(sessionStorage.getItem(KEPT));
