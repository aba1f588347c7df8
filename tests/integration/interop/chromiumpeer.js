// A page's WebSocket as client: it can neither ping, nor cut, nor set and see headers.
async function holdInPage([url, script]) {
  const connect = async () => {
    const peer = new Peer(new WebSocket(url, script.protocols));
    await peer.open;
    return peer;
  };
  return hold(connect, script);
}
