"""
Echo by the websockets package, with its defaults but for the keep-alive: the load generator
answers no pings.
"""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1]), ping_interval=None) as server:
        await server.serve_forever()


asyncio.run(main())
