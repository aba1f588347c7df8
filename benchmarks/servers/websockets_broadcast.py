"""
Broadcast by the websockets package, with the function that it has for it.
"""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve

members = set()


async def chat(connection):
    members.add(connection)
    try:
        async for message in connection:
            broadcast(members, message)
    finally:
        members.discard(connection)


async def main():
    async with serve(chat, "127.0.0.1", int(sys.argv[1]), ping_interval=None, backlog=1024) as server:
        await server.serve_forever()


asyncio.run(main())
