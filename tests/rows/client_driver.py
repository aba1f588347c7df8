"""
The client in a process of its own: told what to do by lines of JSON on its standard
input, it answers each with one line on its standard output when that is done.

A line has a name under C{as}, which comes back in the answer, and the command under C{do};
the methods of L{Driver} say what else.  Faults in Twisted's log are lines too.
"""

from __future__ import annotations

import gc
import json
import socket
import sys
import threading
import time
from collections import Counter
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults, maybeDeferred
from twisted.internet.stdio import StandardIO
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, formatEvent, globalLogBeginner
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from balws import AsyncClient, Client, Service

reactor: Any = _reactor

#: Longer values are told by their length.
MAX_SHOWN = 200


class Told(Service):
    """
    The callbacks of an L{AsyncClient}, as lines.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def onOpen(self) -> None:
        say({"as": self._name, "told": "onOpen"})

    def onTextMessage(self, text: str) -> None:
        say({"as": self._name, "told": "onTextMessage", "value": shown(text)})

    def onClose(self, statusCode: int, reason: str) -> None:
        say({"as": self._name, "told": "onClose", "code": statusCode})

    def onError(self, error: Exception) -> None:
        say({"as": self._name, "told": "onError", "error": type(error).__name__})


class Driver(LineReceiver):
    """
    Each command is a method; a Deferred that it returns is waited for.
    """

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def __init__(self) -> None:
        self._clients: dict[str, Client | AsyncClient] = {}
        self._pending: dict[str, Deferred[Any]] = {}

    def lineReceived(self, line: bytes) -> None:
        """
        Do it, and tell what came of it.
        """
        order = json.loads(line)
        name, do = order.pop("as"), order.pop("do")
        began = time.monotonic()
        done = maybeDeferred(getattr(self, do), name, **order)
        self._pending[name] = done

        def tell(result: Any) -> None:
            self._pending.pop(name, None)
            answer = problem(result) if isinstance(result, Failure) else {"value": shown(result)}
            say({"as": name, "seconds": round(time.monotonic() - began, 3), **answer})

        done.addBoth(tell)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        The test is over.
        """
        released.set()
        if reactor.running:
            reactor.stop()

    # Commands

    def connect(
        self, name: str, url: str, fields: dict[str, Any], calling: bool = False, telling: bool = False
    ) -> Deferred[Any]:
        """
        @param calling: an L{AsyncClient} whose callbacks are told.
        @param telling: say when the connection is being made again and when it was.
        """
        if telling:
            fields["onReconnecting"] = lambda _, why: say({"as": name, "told": "reconnecting", **problem(Failure(why))})
            fields["onReconnected"] = lambda _: say({"as": name, "told": "reconnected"})
        connecting: Deferred[Any] = (
            AsyncClient.connect(url, Told(name), **fields) if calling else Client.connect(url, **fields)
        )

        def keep(client: Client | AsyncClient) -> str | None:
            self._clients[name] = client
            return client.getNegotiatedSubProtocol()

        return connecting.addCallback(keep)

    def call(self, name: str, of: str, method: str, args: list[Any], size: int | None = None) -> Any:
        """
        Call a method of a client.

        @param size: in place of arguments: so many bytes, or characters for text.
        """
        if size is not None:
            args = ["x" * size if "Text" in method else bytes(size)]
        elif method in ("ping", "pong", "writeBinaryMessage"):
            args = [each.encode() for each in args]
        return getattr(self._clients[of], method)(*args)

    def readAll(self, name: str, of: str) -> Deferred[int]:
        """
        @return: how many messages came until the reads failed with what the next told.
        """
        count = 0
        client: Any = self._clients[of]
        done: Deferred[int] = Deferred()

        def more(_: Any = None) -> None:
            nonlocal count
            if _ is not None:
                count += 1
            client.readMessage().addCallbacks(more, lambda _: done.callback(count))

        more()
        return done

    def pump(self, name: str, of: str, count: int, size: int, waiting: bool) -> Deferred[Any]:
        """
        Write many binary messages.

        @param waiting: for each before the next, as who heeds back-pressure does.
        @return: how often each outcome came.
        """
        tally: Counter[str] = Counter()
        client = self._clients[of]
        payload = bytes(size)

        def written(result: Any) -> None:
            tally[result.type.__name__ if isinstance(result, Failure) else "done"] += 1

        async def run() -> dict[str, int]:
            writes = []
            for _ in range(count):
                write = client.writeBinaryMessage(payload).addBoth(written)
                writes.append(write)
                if waiting:
                    await write
            for write in writes:
                await write
            return dict(tally)

        return Deferred.fromCoroutine(run())

    def flood(self, name: str, of: str, count: int, size: int) -> Deferred[int]:
        """
        Write small messages, 100 in a turn, and look at none of the answers.

        @return: how many were written while the connection was open.
        """
        client = self._clients[of]
        payload = bytes(size)

        async def run() -> int:
            written = 0
            while written < count and client.isOpen():
                for _ in range(100):
                    client.writeBinaryMessage(payload)
                written += 100
                await deferLater(reactor, 0, lambda: None)
            return written

        return Deferred.fromCoroutine(run())

    def cancel(self, name: str, which: str) -> None:
        """
        Cancel what a command that is not done yet waits for.
        """
        self._pending[which].cancel()

    def churn(
        self, name: str, count: int, method: str, args: list[Any], of: str = "", after: float = 0.0
    ) -> Deferred[Any]:
        """
        Call a method and cancel what it returns, many times.

        @param method: of a client, or C{connect} with a URL and fields.
        @param after: seconds until it is cancelled; 0 is in the same turn.
        @return: how often each outcome came.
        """
        tally: Counter[str] = Counter()
        turns = DeferredSemaphore(50)

        def once() -> Deferred[None]:
            if method == "connect":
                url, fields = args
                running: Deferred[Any] = Client.connect(url, **fields)
            else:
                running = getattr(self._clients[of], method)(*args)
            ended = running.addBoth(
                lambda result: tally.update([result.type.__name__ if isinstance(result, Failure) else "done"])
            )
            if not after:
                running.cancel()
                return deferLater(reactor, 0, lambda: None)
            return deferLater(reactor, after, running.cancel).addCallback(lambda _: ended)

        return gatherResults([turns.run(once) for _ in range(count)]).addCallback(lambda _: dict(tally))

    def names(self, name: str, table: dict[str, list[str] | None]) -> None:
        """
        Answer look-ups of host names from a table, in the place of the system.

        @param table: the addresses of each name in their order; L{None} never answers.
            What is not in it does not exist.
        """
        from twisted.internet._resolver import GAIResolver

        def find(host: str, port: int, *_: Any) -> list[tuple[Any, ...]]:
            found = table[host] if host in table else [host] if ":" in host or host[-1].isdigit() else []
            if found is None:
                released.wait(60)
                found = []
            if not found:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
                if ":" in each
                else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
                for each in found
            ]

        reactor.installNameResolver(GAIResolver(reactor, reactor.getThreadPool, find))

    def about(self, name: str, of: str) -> dict[str, Any]:
        """
        @return: what a client says of itself.
        """
        client = self._clients[of]
        return {"open": client.isOpen(), "reconnecting": client.isReconnecting(), "secure": client.isSecure()}

    def forget(self, name: str) -> None:
        """
        Hold on to no client that is over.
        """
        self._clients = {key: each for key, each in self._clients.items() if each.isOpen() or each.isReconnecting()}

    def figures(self, name: str) -> dict[str, int]:
        """
        @return: delayed calls, and what the reactor watches.
        """
        gc.collect()
        return {
            "calls": len(reactor.getDelayedCalls()),
            "watched": len(set(reactor.getReaders()) | set(reactor.getWriters())),
        }


released = threading.Event()


def say(what: dict[str, Any]) -> None:
    """
    One line.
    """
    sys.__stdout__.write(json.dumps({"at": time.monotonic(), **what}) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def shown(value: Any) -> Any:
    """
    @return: the value as JSON can have it.
    """
    if isinstance(value, (str, bytes)):
        if len(value) > MAX_SHOWN:
            return {"length": len(value)}
        return value if isinstance(value, str) else {"bytes": value.decode("latin-1")}
    return value


def problem(failure: Failure) -> dict[str, Any]:
    """
    @return: what a test may want to know of an error.
    """
    error: Any = failure.value
    response = getattr(error, "response", None)
    return {
        "error": type(error).__name__,
        "text": str(error)[:1000],
        "status": getattr(response, "status", None),
        "location": getattr(error, "location", None),
        "code": getattr(error, "statusCode", None),
        "kinds": [each.__name__ for each in type(error).__mro__],
    }


def observe(event: Any) -> None:
    """
    Tell of faults.
    """
    if event.get("log_level") in (LogLevel.error, LogLevel.critical) or event.get("isError"):
        trace = event["log_failure"].getTraceback() if "log_failure" in event else ""
        say({"log": (formatEvent(event) + "\n" + trace)[:4000]})


def main() -> None:
    """
    Run until the standard input ends.
    """
    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False)
    StandardIO(Driver())
    reactor.callWhenRunning(say, {"ready": True})
    reactor.run()


if __name__ == "__main__":
    main()
