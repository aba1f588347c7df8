// Echoes four messages through a service with npm's ws: node wsclient.cjs URL, and prints what came back as JSON.
const WebSocket = require('ws');
const socket = new WebSocket(process.argv[2], { perMessageDeflate: process.argv[3] === 'deflate' });
const sent = ['hello', Buffer.from([0, 1, 2, 255]), 'x'.repeat(20000), 'grüße ☃ 𝄞'];
const got = [];
socket.on('open', () => sent.forEach((message) => socket.send(message)));
socket.on('message', (data, isBinary) => {
  got.push(isBinary ? [...data] : data.toString());
  if (got.length === sent.length) socket.close(4001, 'enough');
});
socket.on('close', (code, reason) => {
  console.log(JSON.stringify({ got, code, reason: reason.toString(), extensions: socket.extensions }));
});
socket.on('error', (error) => { console.error(error.message); process.exit(1); });
