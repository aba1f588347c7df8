const socket = new WebSocket(`ws://${location.host}/news`);
socket.onmessage = (event) => {
  const line = document.createElement("li");
  line.textContent = event.data;
  document.getElementById("log").append(line);
};
