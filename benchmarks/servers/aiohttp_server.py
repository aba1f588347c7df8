"""
aiohttp, with its defaults but for the access log, which it writes none of here, and the level of
compression: balws'; its own is the fastest, which compresses less.
"""

from __future__ import annotations

import asyncio
import functools
import json

import aiohttp._websocket.writer as writer
import msgspec
from aiohttp import WSMsgType, web
from arguments import parsed, tls

options = parsed()
members = set()
compressor = writer.ZLibCompressor
writer.ZLibCompressor = lambda **fields: compressor(**{**fields, "level": 5})


class Order(msgspec.Struct):
    event: str
    item: str
    count: int
    tags: list[str]


decoder = msgspec.json.Decoder(Order)


async def echo(connection, message):
    if message.type == WSMsgType.TEXT:
        await connection.send_str(message.data)
    elif message.type == WSMsgType.BINARY:
        await connection.send_bytes(message.data)


async def toAll(connection, message):
    for member in members:
        await member.send_str(message.data)


async def plain(connection, message):
    order = json.loads(message.data)
    await connection.send_str(json.dumps({"item": order["item"], "count": order["count"]}))


async def bound(connection, message):
    order = decoder.decode(message.data)
    await connection.send_str(msgspec.json.encode({"item": order.item, "count": order.count}).decode())


async def dispatch(connection, message):
    data = json.loads(message.data)
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
    await connection.send_str(json.dumps(answer))


SERVICES = {
    "echo": echo,
    "broadcast": toAll,
    "groups": toAll,
    "dict": plain,
    "struct": bound,
    "dispatch": dispatch,
}


async def serve(service, request):
    connection = web.WebSocketResponse(heartbeat=options.ping)
    await connection.prepare(request)
    if service is toAll:
        members.add(connection)
    try:
        async for message in connection:
            await service(connection, message)
    finally:
        members.discard(connection)
    return connection


async def main():
    application = web.Application()
    for name, service in SERVICES.items():
        application.router.add_get(f"/{name}", functools.partial(serve, service))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    context = tls(options.certificate)
    await web.TCPSite(runner, "127.0.0.1", options.port, ssl_context=context, backlog=1024).start()
    await asyncio.Event().wait()


asyncio.run(main())
