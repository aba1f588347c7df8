"""
Many rounds of random calls, each on both twins: they must give the same.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import time
from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

from balws.wire import plain
from tests.native.material import LIMITS, Material
from tests.native.oracle import head

#: Of AddressSanitizer, where it runs: from now on nobody may read these bytes.
_poison = getattr(ctypes.CDLL(None), "__asan_poison_memory_region", None)


def fenced(data: bytes) -> bytes:
    """
    Python keeps a zero behind bytes: the sanitizer would let that be read.

    @return: the same bytes, with nothing behind them.
    """
    if _poison is None or len(data) < 2:  # Python has one object of each single byte
        return data
    own = bytes(bytearray(data))
    _poison(ctypes.c_void_p(id(own) + bytes.__basicsize__ - 1 + len(own)), ctypes.c_size_t(1))
    return own


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    """
    @return: what a call gives, with its type, or the type of what it raises.
    """
    try:
        given = function(*arguments)
    except Exception as problem:
        return ("raises", type(problem))
    return ("gives", (type(given), given))


class Rounds:
    """
    @ivar speed: what is compared with L{balws.wire.plain}.
    @ivar differences: what was found: the seed of the round, its call, and both outcomes.
    """

    def __init__(self, speed: Any) -> None:
        self.speed = speed
        self.differences: list[str] = []
        self._kept: list[Any] = []

    def run(self, seeds: range) -> None:
        """
        Every head cut everywhere, and one round of each kind for every seed.
        """
        self.cut()
        for seed in seeds:
            self.material = Material(Random(seed))
            self.random = self.material.random
            for kind in (self.mask, self.framed, self.frames, self.together):
                self._seed = seed
                kind()
        self._kept.clear()
        gc.collect()

    def cut(self) -> None:
        """
        A head that ends anywhere is no frame, and nothing is read behind its end.
        """
        self._seed = -1
        for masked, length in product((True, False), (0, 1, 125, 126, 65535, 65536, 2**63)):
            whole = head(0x82, length, b"\1\2\3\4" if masked else None) + b"x"
            for end in range(len(whole) + 1):
                data = fenced(whole[:end])
                ours, theirs = (list(one.frames(data, 2**40, masked)) for one in (self.speed, plain))
                self.compare("cut", ours, theirs, data, masked)

    def compare(self, name: str, ours: Any, theirs: Any, *told: Any) -> None:
        """
        Note it where they differ.
        """
        if ours != theirs:
            self.differences.append(f"seed {self._seed}: {name}{told!r:.300}: {ours!r:.300} is not {theirs!r:.300}")

    def mask(self) -> None:
        """
        A payload in any buffer, and a key of nearly always four bytes.
        """
        data, key = self.material.buffer(self.random.randbytes(self.material.size())), self.material.key()
        if not self.random.randrange(20):
            key = self.random.randbytes(self.random.randrange(9))
        self.compare("mask", outcome(self.speed.mask, data, key), outcome(plain.mask, data, key), data, key)

    def framed(self) -> None:
        """
        Texts, lone surrogates among them, bytes, and what is neither.
        """
        first = self.random.choice((0x81, 0x82, self.random.randrange(256), self.random.choice((-1, 256, 2**70))))
        text = self.material.text()
        payload = self.random.choice((text, text + "\ud800", text.encode(), text.encode(), bytearray(3), None))
        self.compare(
            "framed", outcome(self.speed.framed, first, payload), outcome(plain.framed, first, payload), first, payload
        )

    def frames(self) -> None:
        """
        A read of any kind, taken to its end; now and then it is kept for a while.
        """
        masked = self.random.random() < 0.7
        data = self.material.buffer(fenced(self.material.read(masked)))
        limit = self.random.choice((*LIMITS, *[self.material.size()] * 5))  # often that of a payload
        if self.random.random() < 0.5:
            ours = outcome(lambda: list(self.speed.frames(data, limit, masked)))
        else:  # unpacked, so that there may be but one tuple
            ours = outcome(
                lambda: [(first, payload, end) for first, payload, end in self.speed.frames(data, limit, masked)]
            )
        theirs = outcome(lambda: list(plain.frames(data, limit, masked)))
        self.compare("frames", ours, theirs, data, limit, masked)
        if not self.random.randrange(10):
            self._kept = [ours, theirs, *self._kept[:20]]

    def together(self) -> None:
        """
        Several iterators at once, each left anywhere; their data is forgotten by everybody else.
        """
        pairs = []
        for _ in range(self.random.randint(1, 3)):
            masked = self.random.random() < 0.5
            data = fenced(self.material.read(masked))
            pairs.append((self.speed.frames(data, 2**40, masked), plain.frames(data, 2**40, masked)))
            del data
        for _ in range(self.random.randrange(12)):
            ours, theirs = self.random.choice(pairs)
            held, expected = next(ours, None), next(theirs, None)
            self.compare("next", held, expected)
            if self.random.random() < 0.3:
                self._kept = [held, *self._kept[:20]]


def main() -> int:
    """
    @return: 1 when the twins differed.
    """
    from balws.wire import _speed

    parser = argparse.ArgumentParser(prog="python -m tests.native", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000, help="each calls every function (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; each further one is one more")
    options = parser.parse_args()
    rounds, start = Rounds(_speed), time.perf_counter()
    rounds.run(range(options.seed, options.seed + options.rounds))
    seconds = time.perf_counter() - start
    print(f"{options.rounds} rounds, {options.rounds / seconds:.0f}/s, {len(rounds.differences)} differences")
    print(f"of {_speed.__file__}")
    for difference in rounds.differences[:20]:
        print(f"  {difference}")
    return 1 if rounds.differences else 0
