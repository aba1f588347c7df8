"""
WebSocket services in an application that has its own Twisted Web site.

There are two ways.  C{Listener(site)} serves services and resources beside what the
site has, on the site's own port; C{upgradeResource} makes one service a resource, to be
put anywhere in a tree.  The same service without a site is C{balws.toml}'s::

    python embed.py 9090

    http://127.0.0.1:9090/                    the site as it was
    ws://127.0.0.1:9090/countdown             by Listener(site)
    ws://127.0.0.1:9090/deep/countdown        by upgradeResource
"""

from __future__ import annotations

import sys
from typing import Any

from countdown import CountdownUpgrade
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from balws import Listener, upgradeResource


async def main(reactor: Any, port: str = "9090") -> None:
    root = Resource()
    root.putChild(b"", Data(b"The site as it was.\n", "text/plain"))
    deep = Resource()
    deep.putChild(b"countdown", upgradeResource(CountdownUpgrade()))
    root.putChild(b"deep", deep)

    site = Site(root)
    listener = Listener(site)
    listener.attach(CountdownUpgrade(), "/countdown")
    await listener.start()

    await serverFromString(reactor, f"tcp:{port}:interface=127.0.0.1").listen(site)
    reactor.addSystemEventTrigger("before", "shutdown", listener.gracefulStop)
    await Deferred()  # until somebody stops us


if __name__ == "__main__":
    react(lambda reactor, *arguments: Deferred.fromCoroutine(main(reactor, *arguments)), sys.argv[1:])
