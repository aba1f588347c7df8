"""
Tests of the explanations: what they name exists, and their figures are those of the code.
"""

from __future__ import annotations

import importlib
import re

from twisted.trial.unittest import SynchronousTestCase

from balws.config import HubConfiguration, ListenerConfiguration, ServerConfiguration, WSServiceConfig
from balws.hub import follower
from balws.server import admission, proxied
from balws.server.shortcut import MAX_HEADERS
from balws.session import queue
from balws.tls import server as tls
from balws.wire import compression, prompt
from balws.wire.pressure import WAITER
from balws.wire.receiving import FRAMES_A_TURN
from balws.wire.settings import LINGER, MIN_COMPRESSED
from tests import ROOT

PAGES = ("upgrade", "message", "back-pressure", "autobahn")

_MODULE = re.compile(r"``((?:auth|binding|client|hub|server|session|tls|wire)(?:\.\w+)+)``")

#: The same in a picture: behind the number of a stop, or at the beginning of a line.
_DRAWN = re.compile(r"^ +(?:\d  )?((?:server|session|wire|tls)\.\w+)", re.MULTILINE)


def text(name: str) -> str:
    """
    @return: a page, its lines joined.
    """
    return " ".join((ROOT / "docs" / "explanation" / f"{name}.rst").read_text("utf-8").split())


def table(name: str) -> str:
    """
    @return: a page as it stands.
    """
    return (ROOT / "docs" / "explanation" / f"{name}.rst").read_text("utf-8")


class NameTests(SynchronousTestCase):
    """
    The names on the pages.
    """

    def test_modules(self) -> None:
        """
        Every module that a page names exists.
        """
        for page in PAGES:
            named = _MODULE.findall(table(page)) + _DRAWN.findall(table(page))
            self.assertGreater(len(named), 5, page)
            for name in named:
                importlib.import_module(f"balws.{name}")

    def test_settings(self) -> None:
        """
        Every setting in the table of buffers is one.
        """
        rows = re.findall(r"^   \* - .*\n     - .*\n     - (``.*``)$", table("back-pressure"), re.MULTILINE)
        self.assertGreater(len(rows), 8)
        listener = ListenerConfiguration()
        records = (listener, listener.requestLimits, listener.http1Settings, WSServiceConfig(), HubConfiguration())
        for name in re.findall(r"``(\w+)``", " ".join(rows)):
            self.assertTrue(any(hasattr(record, name) for record in records), name)


class FigureTests(SynchronousTestCase):
    """
    The numbers on the pages.
    """

    def test_figures(self) -> None:
        """
        Each bound that is told is the one that holds.
        """
        # With its library comes the reactor.
        from balws.hub.redis import protocol, pushes, reader

        listener, service, hub = ListenerConfiguration(), WSServiceConfig(), HubConfiguration()
        limits = listener.requestLimits
        sizes = f"{limits.maxUriLength >> 10} KiB, {limits.maxHeaderSize >> 10} KiB, {MAX_HEADERS} headers"
        for name, words in (
            ("upgrade", f"or more than {MAX_HEADERS} of them"),
            ("upgrade", f"{(limits.maxUriLength + limits.maxHeaderSize) >> 10} KiB with the defaults"),
            ("upgrade", f"header of the PROXY protocol - {proxied.PATIENCE:g} "),
            ("upgrade", f"``handshakeTimeout`` - {tls.HANDSHAKE_TIMEOUT:g} "),
            ("upgrade", f"``timeout`` - {listener.timeout:g} "),
            ("upgrade", f"answer of ``server.channel`` - {LINGER:g} "),
            ("message", f"takes {FRAMES_A_TURN} of them"),
            ("message", f"has {MIN_COMPRESSED} bytes or more"),
            ("back-pressure", f"of them ({service.maxPendingMessages}), or {queue.MAX_BYTES >> 20} MiB"),
            ("back-pressure", f"After {FRAMES_A_TURN} frames"),
            ("back-pressure", f"counts {WAITER} bytes more"),
            ("back-pressure", f"{hub.maxQueue >> 20} MiB, with {pushes.OVERHEAD} bytes more"),
            ("back-pressure", f"and {pushes.PATIENCE:g} seconds"),
            ("back-pressure", f"pages of {reader.PAGE} messages or {reader.MAX_BYTES >> 20} MiB"),
            ("back-pressure", f"up to {follower.MAX_WAITING} messages or {follower.MAX_BYTES >> 20} MiB"),
            ("back-pressure", f"commands of {protocol.MAX_PENDING >> 20} MiB"),
            ("back-pressure", sizes),
            ("back-pressure", f"read ahead - {listener.http1Settings.maxPipelinedRequests} -"),
            ("back-pressure", f"{prompt.READ >> 10} KiB; {prompt.READ_LARGE >> 10} KiB within a large frame"),
            ("back-pressure", f"a frame that is not whole - {service.maxFrameSize >> 10} KiB"),
            ("back-pressure", f"{service.maxMessageSize >> 20} MiB, {service.maxFragments} frames"),
            ("back-pressure", f"for a method - {service.maxPendingMessages}, or {queue.MAX_BYTES >> 20} MiB"),
            ("back-pressure", f"{service.maxSendBuffer >> 20} MiB for {service.slowConsumerTimeout:g} s"),
            ("back-pressure", f"after a close - {LINGER:g} s"),
            ("back-pressure", f"window is {1 << compression.WINDOW_BITS - 10} KiB"),
            ("back-pressure", f"{hub.history.size:,} messages, {hub.history.age:g} s"),
            ("back-pressure", f"64 MiB, {hub.timeout:g} s"),
        ):
            self.assertIn(words, text(name), name)
        self.assertEqual(admission.UNDECIDED, 2)
        self.assertEqual(ServerConfiguration().maxConnections, 10_000)
