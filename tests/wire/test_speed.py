"""
Tests of L{balws.wire.speed}, and of the extension L{balws.wire._speed} where it was built.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import signal
import socket
import subprocess
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.needed import missing
from tests.native.built import Built, native
from tests.native.contract import KEY, FramedContract, FramesContract, MaskContract
from tests.native.oracle import frame

#: What a process says of each way, in the order of WAYS; a module that is None cannot be imported.
SAY = """
import importlib, os, sys
from balws import wire
from balws.wire import plain
for line in sys.stdin.read().splitlines():
    way, bare = line.split(",")
    for name in ("speed", "_speed"):
        sys.modules.pop(f"balws.wire.{name}", None)
        vars(wire).pop(name, None)
    if bare:
        sys.modules["balws.wire._speed"] = None
    os.environ["BALWS_FRAMES"] = way
    if way == "absent":
        del os.environ["BALWS_FRAMES"]
    try:
        speed = importlib.import_module("balws.wire.speed")
    except ImportError as problem:
        print(problem)
        continue
    twin = [name for name in ("mask", "unmask", "framed", "frames") if getattr(speed, name) is getattr(plain, name)]
    print(speed.WAY, *twin, speed.sendToAll and "sendToAll", len(list(speed.frames(bytes((0x82, 0)) * 3, 9, False))))
"""

WAYS = [(way, bare) for bare in ("", "bare") for way in ("python", "autobahn", "c", "absent", "C", "")]

PYTHON = "python mask unmask framed frames None 3"
AUTOBAHN = "autobahn mask unmask framed None 0"
C = "c sendToAll 3"


@functools.cache
def said() -> dict[tuple[str, str], str]:
    """
    @return: of each way, and whether the extension was hidden, which functions it has or why it is none.
    """
    done = subprocess.run(
        [sys.executable, "-c", SAY],
        input="".join(f"{way},{bare}\n" for way, bare in WAYS),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), *sys.path]))},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return dict(zip(WAYS, done.stdout.splitlines(), strict=True))


class SpeedTests(SynchronousTestCase):
    """
    Which way is taken, asked in another process.
    """

    def test_asked(self) -> None:
        """
        Python and Autobahn are always there.
        """
        for bare in ("", "bare"):
            self.assertEqual(said()["python", bare], PYTHON)
            self.assertEqual(said()["autobahn", bare], AUTOBAHN)

    def test_unbuilt(self) -> None:
        """
        Where the extension is not there, Python serves; who asks for C is told.
        """
        self.assertEqual(said()["absent", "bare"], PYTHON)
        self.assertEqual(said()["c", "bare"], "BALWS_FRAMES is c, and the extension was not built")

    def test_built(self) -> None:
        """
        Where it is there, it is used, asked for or not.
        """
        if native is None:
            missing("the extension")
        self.assertEqual((said()["c", ""], said()["absent", ""]), (C, C))

    def test_unknown(self) -> None:
        """
        What is no way is refused, with the names of those that are.
        """
        for way in ("C", ""):
            self.assertEqual(said()[way, ""], f"BALWS_FRAMES is c, python or autobahn, or is not set; it is {way!r}")


class MaskTests(MaskContract, Built):
    """
    Masking in C.
    """


class FramesTests(FramesContract, Built):
    """
    Reading frames in C.
    """

    def test_type(self) -> None:
        """
        Nobody makes an iterator but the function, and nobody changes what iterators are.
        """
        kind = type(native.frames(b"", 0, False))
        self.assertRaises(TypeError, kind)
        with self.assertRaises(TypeError):
            kind.__next__ = None
        self.assertEqual(gc.is_tracked(native.frames(b"", 0, False)), True)

    def test_arguments(self) -> None:
        """
        Wrong arguments are refused at once.
        """
        for given in ((), (b"",), (b"", 1), (b"", 1, True, 0), ("", 1, True), (b"", "1", True), (b"", 1.0, True)):
            self.assertRaises(TypeError, native.frames, *given)

    def test_collected(self) -> None:
        """
        A step may start a collection, whose callbacks may ask for the next step: each frame is given once.
        """
        data = b"".join(frame(0x82, bytes((number,)), KEY) for number in range(200))
        iterator = native.frames(data, 125, True)
        inside: list[Any] = []
        limits = gc.get_threshold()

        def collected(phase: str, info: object) -> None:
            inside.extend([next(iterator, None)])

        gc.callbacks.append(collected)
        gc.set_threshold(1)
        try:
            outside = list(iterator)
        finally:
            gc.set_threshold(*limits)
            gc.callbacks.remove(collected)
        found = sorted(one[2] for one in [*inside, *outside] if one is not None)
        self.assertEqual(found, list(range(7, 1407, 7)))
        self.assertEqual(len(inside) > 1, True)


class FramedTests(FramedContract, Built):
    """
    Making frames in C.
    """


class SendToAllTests(Built):
    """
    One write on many sockets.
    """

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """
        @return: two sockets that are connected; the first may wait, which what is tested must not do.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        theirs.setblocking(False)
        return ours, theirs

    def read(self, theirs: socket.socket) -> bytes:
        """
        @return: all that has come.
        """
        found = b""
        with contextlib.suppress(BlockingIOError):
            while part := theirs.recv(1 << 16):
                found += part
        return found

    def test_all(self) -> None:
        """
        Each gets all of it, and nobody is left over.
        """
        pairs = [self.pair() for _ in range(5)]
        self.assertEqual(native.sendToAll([ours.fileno() for ours, _ in pairs], b"to all"), {})
        self.assertEqual([self.read(theirs) for _, theirs in pairs], [b"to all"] * 5)

    def test_nobody(self) -> None:
        """
        To nobody nothing is sent, and of nothing all is taken.
        """
        ours, _ = self.pair()
        self.assertEqual(native.sendToAll([], b"data"), {})
        self.assertEqual(native.sendToAll([ours.fileno()], b""), {})

    def test_twice(self) -> None:
        """
        Who stands in the list twice gets it twice.
        """
        ours, theirs = self.pair()
        self.assertEqual(native.sendToAll([ours.fileno()] * 2, bytearray(b"ab")), {})
        self.assertEqual(self.read(theirs), b"abab")

    def test_full(self) -> None:
        """
        Who does not read takes a part, then nothing, and keeps nobody else from taking all.
        """
        (slow, lazy), (quick, eager) = self.pair(), self.pair()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        quick.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        data = bytes(range(256)) * 250
        descriptors = [slow.fileno(), quick.fileno()]
        left = native.sendToAll(descriptors, data)
        self.assertEqual(list(left), [0])
        taken = left[0]
        self.assertEqual(0 < taken < len(data), True)
        while (more := native.sendToAll([slow.fileno()], b"x")) == {}:
            taken += 1
        self.assertEqual(more, {0: 0})
        self.assertEqual(native.sendToAll(descriptors, b"more"), {0: 0})
        self.assertEqual(self.read(eager), data + b"more")
        self.assertEqual(self.read(lazy), data[: left[0]] + b"x" * (taken - left[0]))

    def test_gone(self) -> None:
        """
        Whose peer is gone is an error and no signal, and keeps nobody else from taking all.
        """
        signals: list[int] = []
        self.addCleanup(signal.signal, signal.SIGPIPE, signal.signal(signal.SIGPIPE, lambda *_: signals.append(1)))
        (first, away), (second, there) = self.pair(), self.pair()
        away.close()
        self.assertEqual(native.sendToAll([first.fileno(), second.fileno()], b"data"), {0: -1})
        self.assertEqual((self.read(there), signals), (b"data", []))

    def test_noSocket(self) -> None:
        """
        What is no socket is an error; so is what cannot be a descriptor.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        closed, _ = self.pair()
        number = closed.fileno()
        closed.close()
        descriptors = [writing, number, -1, -(2**31) - 1, 2**31, 2**32 + reading, 2**70, -(2**70)]
        self.assertEqual(native.sendToAll(descriptors, b"data"), dict.fromkeys(range(8), -1))
        self.assertEqual(native.sendToAll(descriptors, b""), dict.fromkeys(range(8), -1))

    def test_refused(self) -> None:
        """
        Where a descriptor is no number, or the data no bytes, nobody gets anything.
        """
        ours, theirs = self.pair()
        number = ours.fileno()
        for wrong in ("1", None, 1.0, ours):
            self.assertRaises(TypeError, native.sendToAll, [number, wrong], b"data")
        for descriptors in ((number,), {number: 1}, number, None):
            self.assertRaises(TypeError, native.sendToAll, descriptors, b"data")
        for data in ("text", None, 5):
            self.assertRaises(TypeError, native.sendToAll, [number], data)
        self.assertRaises(TypeError, native.sendToAll, [number])
        self.assertEqual(self.read(theirs), b"")
