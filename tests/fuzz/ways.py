"""
The target C{ways}: whether frames are taken by the extension in C, by its twin in Python, by
Autobahn's state machine alone, or by each of them in turn, nobody can tell from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from balws.wire.frames import FIN
from tests.fuzz.bench import OFFERS
from tests.fuzz.course import STYLES, WAYS, Case, Course, Gathering, Outcome, Way
from tests.fuzz.material import BINARY, CLOSE, PING, PONG, TEXT, Material, pieces
from tests.fuzz.oracle import Inflation, Limits
from tests.fuzz.watch import Found, Watch
from tests.wire.transports import AbruptTransport, Transport

#: What a server may agree to, and how its messages are to be inflated then.
_ACCEPTED = ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", Inflation(12))

_LIMITS = (Limits(64, 300, 4), Limits(130, 130, 8), Limits(512, 200, 2), Limits(200, 400, 5), Limits(70000, 140000, 9))

_TRANSPORTS: tuple[type[Transport], ...] = (Transport, Gathering, AbruptTransport)


def differences(case: Case, portions: list[bytes]) -> str | None:
    """
    Take the same portions in every way, and in each of the ways in turn.

    @return: what is not the same; L{None} where all is.
    """
    first: Outcome | None = None
    chance = Random(case.seed)
    takers: list[tuple[str, Callable[[], Way]]] = [(way.word, lambda way=way: way) for way in WAYS]  # type: ignore[misc]
    takers.append(("mixed", lambda: chance.choice(WAYS)))
    for word, taker in takers:
        outcome = Course(case).run(portions, taker)
        if first is None:
            first = outcome
        elif outcome != first:
            return "; ".join(
                f"{name}: {WAYS[0].word} {one!r}, {word} {other!r}"
                for name, one, other in zip(first._fields, first, outcome, strict=True)
                if one != other
            )
    return None


def agreed(case: Case, outcome: Outcome) -> tuple[Any, ...]:
    """
    @return: what must be the same in whatever portions the bytes come.  Of two mistakes in one
        compressed message the first that is met is told: it may be no text (1007), or too large (1009).
    """
    told, said = outcome.told, outcome.said
    either = ("failed", "CorruptedFrameError", 1007), ("failed", "PayloadTooLargeError", None)
    if case.offer is not None and not set(either).isdisjoint(told):
        told = [either[0] if each in either else each for each in told if each[0] != "ended"]
        said = [each for each in said if each[0] != FIN | CLOSE]
    return told, said, outcome.ended


def smallest(case: Case, portions: list[bytes], differ: Callable[[Case, list[bytes]], str | None]) -> list[bytes]:
    """
    @return: of portions for which there are differences what is enough for that.
    """
    size, left = max(map(len, portions), default=0), 500
    while size and left:
        for number, at in [(number, at) for number, each in enumerate(portions) for at in range(0, len(each), size)]:
            shorter = portions[number][:at] + portions[number][at + size :]
            less = [each for each in (*portions[:number], shorter, *portions[number + 1 :]) if each]
            left -= 1
            if differ(case, less) is not None:
                portions = less
                break
            if not left:
                break
        else:
            size //= 2
    return portions


class Ways:
    """
    The target.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def run(self, seed: int) -> None:
        """
        One session: the same bytes in all ways, and at times in other portions.

        @raise Found: when something is not the same.
        """
        random = Random(seed)
        case, data = made(random, seed)
        portions = pieces(random, data)
        if differences(case, portions) is not None:
            portions = smallest(case, portions, differences)
            raise Found(f"{case} of {portions!r}: {differences(case, portions)}")
        if case.peerReads and random.random() < 0.5:
            others = pieces(random, data)
            one, other = (Course(case).run(each, lambda: random.choice(WAYS)) for each in (portions, others))
            for first, second in zip(agreed(case, one), agreed(case, other), strict=True):
                if first != second:
                    raise Found(f"{case}: {portions!r} give {first}, {others!r} give {second}")
        course = Course(case)
        course.run(portions, lambda: random.choice(WAYS))
        self.watch.letGo(course.wire, course.transport, course.session)


def made(random: Random, seed: int) -> tuple[Case, bytes]:
    """
    @return: a connection and what its peer sends.
    """
    isServer = random.random() < 0.6
    limits = random.choice(_LIMITS)
    offer: str | None = None
    inflation: Inflation | None = None
    if random.random() < 0.5:
        if isServer:
            known, inflation = random.choice(OFFERS)
            offer = known.decode()
        else:
            offer, inflation = _ACCEPTED
    case = Case(
        isServer,
        limits,
        offer,
        random.choice(list(STYLES)),
        random.choice(_TRANSPORTS),
        peerReads=random.random() < 0.7,
        attached=random.random() < 0.1,
        seed=seed,
    )
    material = Material(random, limits, inflation, masked=isServer)
    if random.random() < 0.4:
        data = material.stream(8)
    else:
        data = b"".join(_sound(random, material) for _ in range(random.randint(1, 30)))
        if random.random() < 0.3:
            data += material.closing()
        if random.random() < 0.4:
            data = material.mutated(data)
    if random.random() < 0.2:
        data = data[: random.randint(0, len(data))]
    return case, data


def _sound(random: Random, material: Material) -> bytes:
    """
    @return: a frame that nearly always is as it should be, so that much comes behind it.
    """
    chance, opcode = random.random(), random.choice((TEXT, BINARY))
    if chance < 0.03:
        return material.piece()
    if chance < 0.04:
        # Hardly wrong: it ends within a character, or says its length in the longer form.
        return material.frame(TEXT, b"a" * random.randrange(60) + random.choice((b"\xc3", b"\xe2\x82")))
    if chance < 0.05:
        form, size = random.choice(((126, 125), (126, 126), (127, 126), (127, 65535), (127, 65536)))
        return material.frame(opcode, bytes(size), form=form)
    if chance < 0.3:
        return material.frame(random.choice((PING, PONG)), material.small())
    size = random.randrange(min(material.limits.frame, material.limits.message, 2000) + 1)
    if chance < 0.5 and material.inflation is not None:
        return material.frame(opcode, material.deflated(material.content(opcode, size // 2)), rsv=4)
    return material.frame(opcode, material.content(opcode, size if chance < 0.8 else random.randrange(20)))
