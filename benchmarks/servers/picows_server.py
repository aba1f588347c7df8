"""
The picows package, with its defaults.  It gives frames, not messages, so that what is fragmented is
put together here; and it has no function for a broadcast, so that each member is sent the message.
"""

from __future__ import annotations

import asyncio

from arguments import parsed, tls
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

options = parsed()
members = set()


class Echo(WSListener):
    """
    Takes the frames apart as an application would: a str for text, bytes for binary.
    """

    parts = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame):
        kind = frame.msg_type
        if kind == WSMsgType.TEXT and frame.fin:
            self.text(transport, frame.get_payload_as_utf8_text())
        elif kind == WSMsgType.BINARY and frame.fin:
            transport.send(WSMsgType.BINARY, frame.get_payload_as_bytes())
        elif kind == WSMsgType.TEXT:
            self.parts = [frame.get_payload_as_bytes()]
        elif kind == WSMsgType.CONTINUATION:
            self.parts.append(frame.get_payload_as_bytes())
            if frame.fin:
                self.text(transport, b"".join(self.parts).decode())
        elif kind == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def text(self, transport: WSTransport, text: str):
        transport.send(WSMsgType.TEXT, text.encode())


class Broadcast(Echo):
    def on_ws_connected(self, transport: WSTransport):
        members.add(transport)

    def on_ws_disconnected(self, transport: WSTransport):
        members.discard(transport)

    def text(self, transport: WSTransport, text: str):
        message = text.encode()
        for member in members:
            member.send(WSMsgType.TEXT, message)


async def main():
    def factory(request: WSUpgradeRequest):
        return Broadcast() if request.path == b"/broadcast" else Echo()

    pings = {}
    if options.ping:
        # It waits for the answer, and only then goes on to wait: the two together are the time between two pings.
        half = options.ping / 2
        pings = {"enable_auto_ping": True, "auto_ping_idle_timeout": half, "auto_ping_reply_timeout": half}
    server = await ws_create_server(
        factory, "127.0.0.1", options.port, ssl=tls(options.certificate), backlog=1024, **pings
    )
    await server.serve_forever()


asyncio.run(main())
