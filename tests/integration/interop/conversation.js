// What two peers say to each other, as conversation.py has it, for those that run JavaScript.

class Peer {
  constructor(socket) {
    this.socket = socket;
    this.cuts = false;
    this.seen = null;
    this.closure = null;
    this.came = [];
    this.wake = () => {};
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', (event) => this.note(event.data));
    socket.addEventListener('close', (event) => {
      this.closure = [event.code, event.reason];
      this.note(null);
    });
    this.open = new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('no connection')));
    });
  }

  get protocol() {
    return this.socket.protocol;
  }

  get deflate() {
    return this.socket.extensions.includes('permessage-deflate');
  }

  note(message) {
    this.came.push(message);
    this.wake();
  }

  say(message) {
    this.socket.send(message);
  }

  async hear() {
    while (this.came.length === 0) {
      await new Promise((resolve) => {
        this.wake = resolve;
      });
    }
    return this.came.shift();
  }

  async close(code, reason) {
    this.socket.close(code, reason);
    const last = await this.hear();
    if (last !== null) throw new Error('a message in place of the close frame');
    return this.closure[0];
  }
}

const shown = (message) => (message instanceof ArrayBuffer ? [...new Uint8Array(message)] : message);

async function hold(connect, script) {
  let peer = await connect();
  const found = { protocol: peer.protocol, deflate: peer.deflate, seen: peer.seen, heard: [] };
  for (const message of script.messages) {
    peer.say(Array.isArray(message) ? new Uint8Array(message) : message);
    found.heard.push(shown(await peer.hear()));
  }
  if (peer.cuts) {
    peer.sayInPieces(`!sha256 ${script.toServer}`);
    found.digest = await peer.hear();
  }
  peer.say('!large');
  found.large = await peer.hear();
  if (peer.ping) found.pong = await peer.ping(script.payload);
  peer.say(`!ping ${script.payload}`);
  found.pinged = await peer.hear();
  found.answered = await peer.close(script.code, script.here);
  peer = await connect();
  peer.say('!closed');
  found.noted = await peer.hear();
  peer.say('!close');
  found.last = await peer.hear();
  found.closed = peer.closure;
  return found;
}

async function answer(peer, script, closures) {
  for (;;) {
    const message = await peer.hear();
    if (message === null) break;
    if (message === '!large') {
      peer.sayInPieces(script.fromServer);
    } else if (typeof message === 'string' && message.startsWith('!sha256 ')) {
      peer.say(peer.digest(message.slice('!sha256 '.length)));
    } else if (message === '!closed') {
      peer.say(closures.pop());
    } else if (message === '!close') {
      const answered = await peer.close(script.code, script.there);
      if (answered !== script.code) throw new Error(`the answer to our close frame has ${answered}`);
      return;
    } else if (typeof message === 'string' && message.startsWith('!ping ')) {
      peer.say(`pong ${await peer.ping(message.slice('!ping '.length))}`);
    } else {
      peer.say(message);
    }
  }
  closures.push(peer.closure.join(' '));
}

if (typeof module !== 'undefined') module.exports = { Peer, answer, hold };
