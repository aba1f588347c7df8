"""
Tests of L{balws.wire._speed}: nothing is lost, however often it is called.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

from tests.native.built import Built, native
from tests.native.contract import KEY
from tests.native.oracle import frame


class LeakTests(Built):
    """
    What the extension takes it gives back.
    """

    #: A leak of one object in each round would be several times what is allowed.
    ROUNDS = 400
    ALLOWED = 5000

    def steady(self, step: Callable[[], object], *held: object) -> None:
        """
        However often this is done, no memory is lost, and no reference to any of these objects.
        """
        for _ in range(20):
            step()
        gc.collect()
        tracemalloc.start()
        try:
            self.rounds(step)
            memory, references = tracemalloc.get_traced_memory()[0], [sys.getrefcount(one) for one in held]
            self.rounds(step)
            lost = tracemalloc.get_traced_memory()[0] - memory
        finally:
            tracemalloc.stop()
        self.assertEqual(lost < self.ALLOWED, True, lost)
        for one, before in zip(held, references, strict=True):
            self.assertEqual(abs(sys.getrefcount(one) - before) < self.ROUNDS // 2, True, one)

    def rounds(self, step: Callable[[], object]) -> None:
        """
        Do it many times.
        """
        for _ in range(self.ROUNDS):
            step()
        gc.collect()

    def refused(self, error: type[Exception], *call: Any) -> None:
        """
        Do what fails.
        """
        try:
            call[0](*call[1:])
        except error:
            return
        self.fail("it did not fail")

    def test_masks(self) -> None:
        """
        Masking, also what is refused, loses nothing.
        """
        data, key, wrong = b"x" * 700, b"\1\2\3\4", b"\1\2\3"
        view = memoryview(bytearray(700))

        def step() -> None:
            native.mask(data, key)
            native.mask(view, key)
            self.refused(ValueError, native.mask, data, wrong)
            self.refused(TypeError, native.mask, None, key)

        self.steady(step, data, key, wrong, view, None)

    def test_frames(self) -> None:
        """
        Neither do frames, taken to the end, left in the middle, kept or broken.
        """
        parts = [(0x81, b"text" * 99), (0x81, "é".encode() * 99), (0x81, b"\xff" * 99), (0x81, b""), (0x82, b"z" * 99)]
        data = b"".join(frame(first, payload, KEY) for first, payload in [*parts, (0x89, b"ping")])
        bare = b"".join(frame(first, payload) for first, payload in parts)
        array, limit = bytearray(data), 1 << 40
        kind = type(native.frames(data, limit, True))

        def step() -> None:
            for first, payload, _ in native.frames(data, limit, True):  # unpacked: the tuple is used again
                self.assertEqual(first == 0x81, type(payload) is not bytes)
            list(native.frames(bare, limit, False))
            next(native.frames(array, limit, True))
            native.frames(data, limit, False)
            self.refused(TypeError, native.frames, "text", limit, True)

        self.steady(step, data, bare, array, limit, None, "", 0x81, 0x82, 0x89, kind)

    def test_framed(self) -> None:
        """
        Nor do frames that are made or refused.
        """
        plain, text, data, broken = "a" * 300, "é" * 300, b"x" * 300, "\ud800" * 300

        def step() -> None:
            native.framed(0x81, plain)
            native.framed(0x81, text)
            native.framed(0x82, data)
            self.refused(UnicodeEncodeError, native.framed, 0x81, broken)
            self.refused(ValueError, native.framed, 256, text)
            self.refused(TypeError, native.framed, 0x81, None)

        self.steady(step, plain, text, data, broken, None, 0x81)
