"use strict";

const LONGEST_LOG = 200;

const byId = (id) => document.getElementById(id);
const state = byId("state");
const address = (path) => `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;

let echo = null; // the two sockets; null while there is none
let chat = null;

function write(log, kind, text, look = "") {
  const line = document.createElement("li");
  line.className = look;
  for (const [name, content] of [["kind", kind], ["text", text]]) {
    if (content) {
      const part = document.createElement("span");
      part.className = name;
      part.textContent = content;
      line.append(part, " ");
    }
  }
  const follow = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  log.append(line);
  while (log.children.length > LONGEST_LOG) log.firstElementChild.remove();
  if (follow) log.scrollTop = log.scrollHeight;
}

function refresh() {
  const isOpen = (socket) => socket?.readyState === WebSocket.OPEN;
  const [name, text] = isOpen(echo) && isOpen(chat) ? ["open", "Connected"]
    : isOpen(echo) || isOpen(chat) ? ["opening", "Partly connected"]
    : echo || chat ? ["opening", "Connecting …"]
    : ["closed", "Not connected"];
  if (state.textContent !== text) state.textContent = text;
  state.dataset.state = name;
  byId("connect").disabled = Boolean(echo && chat);
  byId("disconnect").disabled = !(echo || chat);
  for (const id of ["echo-text", "echo-send", "echo-binary"]) byId(id).disabled = !isOpen(echo);
  for (const id of ["chat-text", "chat-send"]) byId(id).disabled = !isOpen(chat);
}

// Echo

function describe(data) {
  if (typeof data === "string") return data;
  const bytes = new Uint8Array(data);
  const shown = Array.from(bytes.slice(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${bytes.length} bytes: ${shown}${bytes.length > 16 ? " …" : ""}`;
}

function openEcho() {
  const socket = new WebSocket(address("/basic/ws"));
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    write(byId("log"), "opened", socket.url, "note");
    refresh();
  };
  socket.onmessage = (event) => write(byId("log"), "received", describe(event.data), "received");
  socket.onclose = (event) => {
    const reason = event.reason ? `: ${event.reason}` : "";
    write(byId("log"), "closed", `code ${event.code}${reason}`, event.wasClean ? "note" : "trouble");
    if (echo === socket) echo = null;
    refresh();
  };
  return socket;
}

byId("echo-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (echo?.readyState !== WebSocket.OPEN) return;
  const text = byId("echo-text").value;
  const data = byId("echo-binary").checked ? new TextEncoder().encode(text) : text;
  echo.send(data);
  write(byId("log"), "sent", describe(data));
});

// Chat

const chatName = () => byId("chat-name").value.trim();

function openChat(first) {
  const socket = new WebSocket(address(`/chat?name=${encodeURIComponent(chatName())}`));
  socket.name = chatName();
  socket.onopen = () => {
    if (first) socket.send(first);
    refresh();
  };
  socket.onmessage = (event) => {
    const [, name, text] = /^(.{1,40}?): (.*)$/s.exec(event.data) ?? [];
    if (name) write(byId("chat-log"), name, text);
    else write(byId("chat-log"), "", event.data, "note");
  };
  socket.onclose = (event) => {
    if (chat !== socket) return; // another one took its place under another name
    chat = null;
    if (!event.wasClean) write(byId("chat-log"), "", "The connection was lost.", "trouble");
    refresh();
  };
  return socket;
}

byId("chat-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("chat-text");
  const text = field.value.trim();
  if (chat?.readyState !== WebSocket.OPEN) return;
  if (text && chatName() === chat.name) {
    chat.send(text);
  } else if (text) {
    const before = chat;
    chat = openChat(text);
    before.close(1000);
  }
  field.value = "";
  field.focus();
});

// Both

byId("connect").addEventListener("click", () => {
  if (!byId("chat-form").reportValidity()) return;
  echo ??= openEcho();
  chat ??= openChat();
  refresh();
});

byId("disconnect").addEventListener("click", () => {
  for (const socket of [echo, chat]) socket?.close(1000);
});

for (const place of document.querySelectorAll(".address")) place.textContent = address(place.dataset.path);
byId("chat-name").value = `guest ${100 + Math.floor(Math.random() * 900)}`;
refresh();
