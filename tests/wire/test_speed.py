"""
Tests of L{balws.wire.speed}, and of the extension L{balws.wire._speed} where it was built.
"""

from __future__ import annotations

import functools
import gc
import os
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
    twin = [name for name in ("mask", "framed", "frames") if getattr(speed, name) is getattr(plain, name)]
    print(speed.WAY, *twin, len(list(speed.frames(bytes((0x82, 0)) * 3, 9, False))))
"""

WAYS = [(way, bare) for bare in ("", "bare") for way in ("python", "autobahn", "c", "absent", "C", "")]

PYTHON = "python mask framed frames 3"
AUTOBAHN = "autobahn mask framed 0"
C = "c 3"


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
