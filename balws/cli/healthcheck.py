# -*- test-case-name: tests.cli.test_healthcheck -*-
"""
C{balws healthcheck}: whether a service is ready, for whoever starts and watches it.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar
from urllib.parse import urlsplit

from twisted.python.usage import UsageError

from balws.cli.admin import TIMEOUT
from balws.cli.body import linesOf
from balws.cli.hint import hinted
from balws.cli.numbers import amount
from balws.cli.reaching import ReachingOptions
from balws.cli.tables import clipped
from balws.config.secure import ClientSecureSocket
from balws.errors import ConfigurationError, Error
from balws.http.unreachable import Unreachable
from balws.logs.escape import escaped

__all__ = ["HealthCheck"]

_SCHEMES = ("http", "https", "ws", "wss")

#: Bytes of the longest page that is looked at.
MAX_PAGE = 2**20

#: What /readyz says, and so much of any other page is shown.
_WORDS = 80

#: What there is to do about an answer of a URL.
_MENDS = {
    401: "; ask a page that everybody may see, such as balws.server.health:ReadyResource",
    403: "; ask a page that everybody may see, such as balws.server.health:ReadyResource",
    404: "; mount balws.server.health:ReadyResource there, or ask a WebSocket service by ws:// or wss://",
}


def _wordsOf(body: bytes) -> str:
    """
    @return: the first line, as far as it is for people.
    """
    line = next(iter(linesOf(body)), "")
    return "" if line.startswith("{") else clipped(line, _WORDS)


class HealthCheck(ReachingOptions):
    """
    Asks C{/readyz} of the admin endpoint, which wants no token for it; or any URL.
    """

    synopsis = "Usage: balws healthcheck [--timeout SECONDS] [--quiet] [URL]"
    longdesc = (
        "Ends with status 0 when the service is ready, or degraded: it serves then, and does not reach other nodes. "
        "With 1 when it is not, or does not answer. Without a URL it asks /readyz of the admin endpoint. "
        "Of http and https any answer from 200 to 299 will do; with ws and wss a connection is made and closed. "
        "Example: balws healthcheck ws://127.0.0.1:9090/chat "
        "and, in a Dockerfile, HEALTHCHECK CMD balws healthcheck --config /srv/balws.toml --quiet"
    )
    optParameters: ClassVar[Any] = [
        ["timeout", "t", TIMEOUT, "Seconds for the whole answer."],
        ["ca-file", None, None, "Trust these certificates (PEM), and no others (https, wss)."],
        ["server-name", None, None, "The host that the certificate is for, if not that of the URL (https, wss)."],
    ]
    optFlags: ClassVar[Any] = [["quiet", "q", "Print nothing when it is ready."]]

    url: str | None = None

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for several URLs, or one that cannot be asked.
        """
        if len(arguments) > 1:
            raise UsageError("one URL is asked")
        for url in arguments:
            try:
                parts = urlsplit(url)
                isUrl = parts.scheme in _SCHEMES and bool(parts.hostname) and "@" not in parts.netloc
                parts.port  # noqa: B018 - it says what is no port
                url.encode("ascii")
            except ValueError:
                isUrl = False
            if not isUrl or not url.isprintable() or " " in url:
                raise UsageError("the URL is one of http, https, ws or wss, without user and password")
            self.url = url

    def postOptions(self) -> None:
        """
        @raise UsageError: for a time that cannot be, and for options without what they are for.
        """
        super().postOptions()
        self["timeout"] = amount(self, "timeout", 0.001, 3600)
        if self.url is not None and (self["admin"] is not None or self["config"] is not None):
            raise UsageError("either a URL, or the admin endpoint by --admin or --config")
        if self._secure is not None and not (self.url or "").startswith(("https:", "wss:")):
            raise UsageError("--ca-file and --server-name go with a URL of https or wss")

    @property
    def _secure(self) -> ClientSecureSocket | None:
        if self["ca-file"] is None and self["server-name"] is None:
            return None
        return ClientSecureSocket(cert=self["ca-file"], serverName=self["server-name"])

    async def main(self, reactor: Any) -> int | None:
        """
        Ask once.
        """
        if self.url is None:
            admin = self.reach(reactor, self["timeout"])
            name, answer = admin.address.name, await admin.ask("GET", "/readyz")
        elif self.url.startswith("ws"):
            await self._connect(reactor, self.url)
            return self._ready("accepts connections")
        else:
            name, answer = self.url.partition("?")[0], await self._fetch(reactor, self.url)
        words = _wordsOf(answer.body)
        if answer.isSuccess:
            return self._ready(words if self.url is None else f"answers {answer.status}")
        mend = self._mend(answer.status)
        told = f"{escaped(name)} answers {answer.status} {words}".rstrip() if words and not mend else ""
        print(f"balws: not ready: {told or f'{escaped(name)} answers {answer.status}{mend}'}", file=sys.stderr)
        return 1

    def _mend(self, status: int) -> str:
        """
        @return: what to do about an answer that nobody needs who asks whether a service is ready.
        """
        if self.url is None:
            return "; is that the admin endpoint of balws?" if status == 404 else ""
        if status == 426:
            return f"; ask ws{escaped(self.url.partition('?')[0].removeprefix('http'))}"
        if 300 <= status < 400:
            return "; ask where it leads to: no redirection is followed"
        return _MENDS.get(status, "")

    def _ready(self, words: str) -> int:
        if not self["quiet"]:
            print(words)
        return 0

    async def _connect(self, reactor: Any, url: str) -> None:
        from balws.cli.connect.outcome import outcomeOf
        from balws.client.client import Client
        from balws.errors import ConnectionClosureError, InvalidHandshakeError

        try:
            client = await Client.connect(
                url,
                reactor=reactor,
                handShakeTimeout=self["timeout"],
                connectionClosureTimeout=self["timeout"],
                secureSocket=self._secure,
            )
        except ConfigurationError as error:
            raise hinted(error, url) from None
        except InvalidHandshakeError as error:
            words = ": ".join(clipped(line, _WORDS) for line in outcomeOf(error).lines[:2])
            raise Unreachable(f"{escaped(url.partition('?')[0])}: {words}") from None
        except Error as error:
            raise Unreachable(escaped(str(hinted(error, url)))) from None
        try:
            await client.close(1000)
        except ConnectionClosureError:
            pass  # it was let in, which is what was asked

    async def _fetch(self, reactor: Any, url: str) -> Any:
        from balws.http.asking import ask
        from balws.http.route import MAX_HEAD, Route
        from balws.tls.client import TlsClient

        parts, timeout = urlsplit(url), self["timeout"]
        host, isSecure = parts.hostname or "", parts.scheme == "https"
        try:
            tls = TlsClient(host, self._secure, reactor) if isSecure else None
        except ConfigurationError as error:
            raise hinted(error, url) from None
        port = parts.port or (443 if isSecure else 80)
        route = Route(reactor, host, port, tls, timeout, MAX_PAGE + MAX_HEAD)
        return await ask(reactor, route, url, name=f"{host}:{port}", timeout=timeout, longest=MAX_PAGE)
