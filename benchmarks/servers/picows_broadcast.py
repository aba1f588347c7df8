"""
Broadcast by the picows package: it has no function for it, so each member is sent the message.
"""

import asyncio
import sys

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

members = set()


class Chat(WSListener):
    def on_ws_connected(self, transport: WSTransport):
        members.add(transport)

    def on_ws_disconnected(self, transport: WSTransport):
        members.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame):
        if frame.msg_type == WSMsgType.TEXT:
            message = frame.get_payload_as_utf8_text().encode()
            for member in members:
                member.send(WSMsgType.TEXT, message)


async def main():
    def factory(request: WSUpgradeRequest):
        return Chat()

    server = await ws_create_server(factory, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


asyncio.run(main())
