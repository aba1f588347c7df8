"""
Tests of L{benchmarks.server}.
"""

from __future__ import annotations

import os

import attrs
import frames
import server
from server import CONTENDERS, Contender, Server
from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks.compiler import needsCompiler
from tests.integration.needed import missing

CORE = min(os.sched_getaffinity(0))


class ContenderTests(SynchronousTestCase):
    """
    What can be measured.
    """

    def test_installed(self) -> None:
        """
        What balws itself needs is always there, and has a version.
        """
        self.assertIsNone(CONTENDERS["autobahn"].missing)
        self.assertIn(".", CONTENDERS["autobahn"].version)

    def test_missing(self) -> None:
        """
        What is not installed is named.
        """
        contender = Contender(script=None, modules=("twisted", "no_such_module", "nor_this"))
        self.assertEqual(contender.missing, "no_such_module")
        self.assertEqual(Contender(script=None, modules=("no_such_package.module",)).missing, "no_such_package.module")

    def test_noVersion(self) -> None:
        """
        What is not installed as a package has no version.
        """
        self.assertEqual(Contender(script=None, package="no-such-package").version, "a checkout")
        self.assertEqual(Contender(script=None).version, "")


class ServerTests(SynchronousTestCase):
    """
    One of them as a process.
    """

    def test_floor(self) -> None:
        """
        The C server answers, on the core it was given, and its CPU time and memory can be read.
        """
        needsCompiler()
        with Server("floor", CORE) as running:
            before = running.cpuSeconds()
            for content in ("", "short", "l" * 200, "v" * 70_000):
                answer = running.ask(frames.message(content), frames.request("/echo"))
                self.assertEqual(answer, (0x81, content.encode()))
            self.assertGreater(running.cpuSeconds(), before)
            self.assertGreater(running.residentBytes(), 4096)

    def test_raw(self) -> None:
        """
        What only sends back what came is read as what it is.
        """
        with Server("twisted", CORE) as running:
            self.assertEqual(running.ask(frames.message("abc"), frames.request("/echo")), (0x81, b"abc"))

    def test_twistedWeb(self) -> None:
        """
        Twisted's own WebSocket answers with whole messages, text and binary, to one or to all, and pings.
        """
        if module := CONTENDERS["twisted-web"].missing:
            missing(module)
        with Server("twisted-web", CORE) as running:
            for content, first in (("Grüße", 0x81), (b"\xff", 0x82), ("l" * 70_000, 0x81)):
                expected = content.encode() if isinstance(content, str) else content
                answer = running.ask(frames.message(content), frames.request("/echo"))
                self.assertEqual(answer, (first, expected))
            answer = running.ask(frames.fragmented("in two", 2), frames.request("/broadcast"))
            self.assertEqual(answer, (0x81, b"in two"))
        with Server("twisted-web", CORE, ping=0.01) as running:
            self.assertEqual(running.ask(b"", frames.request("/echo")), (0x89, b""))

    def test_reactor(self) -> None:
        """
        Ours serves under its own reactor, too.
        """
        with Server("balws-reactor", CORE) as running:
            self.assertEqual(running.ask(frames.message("abc"), frames.request("/returned")), (0x81, b"abc"))

    def test_unknownPath(self) -> None:
        """
        A server that does not upgrade is an error.
        """
        with Server("aiohttp" if CONTENDERS["aiohttp"].missing is None else "balws", CORE) as running:
            error = self.assertRaises(RuntimeError, running.ask, b"", frames.request("/nowhere"))
            self.assertIn("404", str(error))

    def test_doesNotStart(self) -> None:
        """
        A server that ends at once is an error with its last words.
        """
        broken = attrs.evolve(CONTENDERS["twisted"], arguments=("--no-such-option",))
        self.patch(server, "CONTENDERS", {"twisted": broken})
        error = self.assertRaises(RuntimeError, Server, "twisted", CORE)
        self.assertIn("--no-such-option", str(error))
