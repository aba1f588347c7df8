"""
Tests of L{benchmarks.loader} and of the load generator itself, with the C server.
"""

from __future__ import annotations

import os
import socket
import threading

import frames
import loader
from frames import Volley
from loader import Load, Loader
from server import Server
from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks.compiler import needsCompiler

CORE = min(os.sched_getaffinity(0))
REQUEST = frames.request("/echo")


def volley(content: str, depth: int = 1) -> Volley:
    return Volley(frames.message(content) * depth, depth)


class LoaderTests(SynchronousTestCase):
    """
    Prepared messages go out, and what comes back is counted.
    """

    def setUp(self) -> None:
        needsCompiler()
        self.server = Server("floor", CORE)
        self.addCleanup(self.server.__exit__, None, None, None)

    def loader(self, *volleys: Volley, **fields: float) -> Loader:
        made = Loader(Load(request=REQUEST, volleys=volleys, **fields), self.server.port, CORE)
        self.addCleanup(made.__exit__, None, None, None)
        return made

    def test_echo(self) -> None:
        """
        Every message of every connection is counted, with its bytes, and how long it took.
        """
        told = self.loader(volley("hello", 4), talkers=5).tell("echo", 100)
        self.assertEqual((told["messages"], told["payload"], told["lost"]), (100, 500, 0))
        self.assertTrue(0 < told["p50"] <= told["p99"] <= told["max"], told)

    def test_lengths(self) -> None:
        """
        Messages of every form of length come back whole.
        """
        sizes = (0, 1, 125, 126, 65535, 65536, 1 << 20)
        told = self.loader(*(volley("x" * size) for size in sizes), talkers=2).tell("echo", 2 * len(sizes))
        self.assertEqual((told["messages"], told["payload"]), (2 * len(sizes), 2 * sum(sizes)))

    def test_again(self) -> None:
        """
        Each command counts what it did alone, on the same connections.
        """
        loader = self.loader(volley("a"), talkers=3)
        self.assertEqual([loader.tell("echo", 30)["messages"] for _ in range(3)], [30] * 3)

    def test_calls(self) -> None:
        """
        Connections are made and closed as often as was asked for.
        """
        self.assertEqual(self.loader(callers=4).tell("call", 25)["calls"], 25)

    def test_company(self) -> None:
        """
        Who floods, calls, stays or never reads does not count, and others are answered all the same.
        """
        loader = self.loader(volley("b"), talkers=2, idlers=3, mutes=1, flooders=1, callers=2, rate=500)
        self.assertEqual(loader.tell("echo", 200)["messages"], 200)
        told = loader.tell("hold", 50)
        self.assertEqual((told["messages"], told["lost"]), (0, 0))
        self.assertGreater(told["calls"], 0)

    def test_serverEnds(self) -> None:
        """
        A server that ends is an error, not a figure.
        """
        loader = self.loader(volley("c"), talkers=2)
        self.server.__exit__(None, None, None)
        error = self.assertRaises(RuntimeError, loader.tell, "echo", 10)
        self.assertEqual(str(error), "the server closed a connection")

    def test_noCompiler(self) -> None:
        """
        Without a C compiler it says what it needs.
        """
        self.patch(os, "environ", {**os.environ, "CC": "/nowhere/cc"})
        error = self.assertRaises(SystemExit, loader.compiled.__wrapped__, "loader")
        self.assertIn("C compiler", str(error))


class ScriptedTests(SynchronousTestCase):
    """
    Against a server that says what the test wants.
    """

    def setUp(self) -> None:
        needsCompiler()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.socket.close)
        self.port = self.socket.getsockname()[1]

    def serving(self, answer: bytes, then: bytes = b"") -> list[bytes]:
        """
        Answer the upgrade of one connection, say more, and take what comes until it ends.
        """
        got: list[bytes] = []

        def serve() -> None:
            peer, _ = self.socket.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(answer)
                peer.sendall(then)
                while data := peer.recv(4096):
                    got.append(data)

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join, 10)
        self.thread = thread
        return got

    def test_pings(self) -> None:
        """
        A ping is answered with what it says, masked.
        """
        got = self.serving(b"HTTP/1.1 101 Yes\r\n\r\n", b"\x89\x03abc")
        with Loader(Load(request=REQUEST, volleys=(), idlers=1), self.port, CORE) as loader:
            for _ in range(500):
                if got:
                    break
                loader.tell("hold", 20)
        self.thread.join(10)
        self.assertEqual(b"".join(got), b"\x8a\x83\0\0\0\0abc")

    def test_refused(self) -> None:
        """
        A refused upgrade is an error.
        """
        self.serving(b"HTTP/1.1 503 No\r\n\r\n")
        load = Load(request=REQUEST, volleys=(), idlers=1)
        error = self.assertRaises(RuntimeError, Loader, load, self.port, CORE)
        self.assertEqual(str(error), "refused: HTTP/1.1 503 No")
