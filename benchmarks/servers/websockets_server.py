"""
The websockets package, with its defaults, which ping every 20 seconds; a broadcast by the function
that it has for it.  Compression is as it would be, but for the level, which is balws'.
"""

from __future__ import annotations

import asyncio
import json

import msgspec
from arguments import parsed, tls
from websockets.asyncio.server import broadcast, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

options = parsed()
members = set()


class Order(msgspec.Struct):
    event: str
    item: str
    count: int
    tags: list[str]


decoder = msgspec.json.Decoder(Order)


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def toAll(connection):
    members.add(connection)
    try:
        async for message in connection:
            broadcast(members, message)
    finally:
        members.discard(connection)


async def plain(connection):
    async for message in connection:
        order = json.loads(message)
        await connection.send(json.dumps({"item": order["item"], "count": order["count"]}))


async def bound(connection):
    async for message in connection:
        order = decoder.decode(message)
        await connection.send(msgspec.json.encode({"item": order.item, "count": order.count}).decode())


async def dispatch(connection):
    async for message in connection:
        data = json.loads(message)
        event = data.get("event")
        if event == "heartbeat":
            answer = {"event": "pong"}
        elif event == "subscribe":
            answer = {"event": "subscribed"}
        elif event == "cancel":
            answer = {"event": "cancelled"}
        elif event == "order":
            answer = {"item": data["item"], "count": data["count"]}
        else:
            answer = {"event": "unknown"}
        await connection.send(json.dumps(answer))


SERVICES = {
    "/echo": echo,
    "/broadcast": toAll,
    "/groups": toAll,
    "/dict": plain,
    "/struct": bound,
    "/dispatch": dispatch,
}


async def route(connection):
    await SERVICES[connection.request.path](connection)


async def main():
    pings = {"ping_interval": options.ping} if options.ping else {}
    context = tls(options.certificate)
    deflate = ServerPerMessageDeflateFactory(
        server_max_window_bits=12, client_max_window_bits=12, compress_settings={"memLevel": 5, "level": 5}
    )
    async with serve(
        route, "127.0.0.1", options.port, ssl=context, backlog=1024, extensions=[deflate], **pings
    ) as server:
        await server.serve_forever()


asyncio.run(main())
