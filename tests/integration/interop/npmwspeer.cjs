// npm's ws as client and server; the command line is that of conversation.py.
const crypto = require('node:crypto');
const fs = require('node:fs');
const WebSocket = require('ws');
const { Peer, answer, hold } = require('./conversation.js');

class NpmPeer extends Peer {
  constructor(socket) {
    super(socket);
    this.cuts = true;
    socket.on('upgrade', (response) => {
      this.seen = response.headers['x-seen'];
    });
  }

  // The frames end within characters, and the last is empty.
  sayInPieces(text) {
    const data = Buffer.from(text);
    for (let start = 0; start < data.length; start += 43210) {
      this.socket.send(data.subarray(start, start + 43210), { binary: false, fin: false });
    }
    this.socket.send('', { fin: true });
  }

  digest(text) {
    return crypto.createHash('sha256').update(text).digest('hex');
  }

  ping(payload) {
    return new Promise((resolve) => {
      this.socket.once('pong', (data) => resolve(data.toString()));
      this.socket.ping(payload);
    });
  }
}

const [part, compression, file, url] = process.argv.slice(2);
const script = JSON.parse(fs.readFileSync(file, 'utf8'));
const perMessageDeflate = compression === 'deflate';

if (part === 'server') {
  const closures = [];
  const server = new WebSocket.Server({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate,
    handleProtocols: (protocols) => protocols.has(script.protocol) && script.protocol,
  });
  server.on('headers', (headers, request) => headers.push(`X-Seen: ${request.headers['x-token']}`));
  server.on('connection', (socket) => answer(new NpmPeer(socket), script, closures));
  server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/`));
} else {
  const connect = async () => {
    const headers = { 'X-Token': script.token };
    const peer = new NpmPeer(new WebSocket(url, script.protocols, { perMessageDeflate, headers }));
    await peer.open;
    return peer;
  };
  hold(connect, script).then((found) => console.log(JSON.stringify(found)));
}
