"""
What a node finds in Redis: of its own kind, mangled, or somebody else's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

from balws.errors import HistoryLostError
from balws.hub.broker import Audience, Verb
from balws.hub.history import GroupHistory
from balws.hub.message import Message
from balws.hub.redis.audiences import Audiences
from balws.hub.redis.envelope import MAX_SIZE, Envelope, Kind, body, read
from balws.hub.redis.groups import Groups
from balws.hub.redis.history import History
from balws.hub.redis.names import Names
from tests.fuzz.outcome import Outcome
from tests.fuzz.watch import Found
from tests.hub.redis.stationed import MINE, OTHER, Placed

_EPOCH = "0123456789abcdef"
_CHAT = Audience(1, "/chat")
_NUMBERS = (0, 1, 2, 3, 7, 2**32, 2**63, 2**64 - 1)
_TEXTS = (b"", b"hi", "ä€".encode(), b"\xff", b"\xed\xa0\x80", b"\0" * 40)
_SAID = (
    b'["1",null]', b'["1",{"a":[1]}]', b'["\\ud800",1]', b'["1"]', b'["1",2,3]', b"[1,2]", b'"ab"', b'{"a":1,"b":2}',
    b"null", b"", b"[" * 40, b'["1",' + b"9" * 5000 + b"]", b"\xff\xff",
)  # fmt: skip


def mangled(random: Random, data: bytes) -> bytes:
    """
    @return: as it is, or with a few bytes changed, taken out, put in, or cut off.
    """
    value = bytearray(data)
    for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
        at = random.randrange(len(value) + 1)
        match random.randrange(5):
            case 0 if at < len(value):
                value[at] = random.choice((0, 1, 9, 10, 13, 32, 255, random.randrange(256)))
            case 1 if at < len(value):
                value[at] ^= 1 << random.randrange(8)
            case 2:
                del value[at : at + random.choice((1, 1, 2, 9))]
            case 3:
                value[at:at] = random.randbytes(random.choice((1, 1, 3, 20)))
            case _:
                del value[at:]
    return bytes(value)


class _Said(NamedTuple):
    """
    An envelope as a second reading of the same bytes finds it.
    """

    kind: int
    sender: bytes
    number: int
    body: bytes

    @classmethod
    def of(cls, data: bytes) -> _Said | None:
        """
        @return: L{None} where it is none.
        """
        if len(data) < 26 or data[0] != 1 or data[1] not in range(1, 12):
            return None
        return cls(data[1], data[2:18], int.from_bytes(data[18:26], "big"), data[26:])

    def text(self, payload: bytes) -> bool:
        """
        @return: whether this is the payload of a message.
        """
        return self.kind in (Kind.BINARY, Kind.STORED_BINARY) or _isText(payload)

    def who(self) -> Any:
        """
        @return: whose presence it is, L{None} for nobody's.
        """
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        isPair = isinstance(found, list) and len(found) == 2 and isinstance(found[0], str)
        return found[0] if isPair else None

    def addressed(self) -> tuple[str, int, bytes] | None:
        """
        @return: of what is for a connection: name, fence, payload.
        """
        size = int.from_bytes(self.body[8:12], "big")
        if len(self.body) < 12 + size:
            return None
        name = _name(self.body[12 : 12 + size])
        return None if name is None else (name, int.from_bytes(self.body[:8], "big"), self.body[12 + size :])


def _isText(payload: bytes) -> bool:
    try:
        payload.decode()
    except ValueError:
        return False
    return True


def _name(data: bytes) -> str | None:
    try:
        return data.decode("utf-8", "surrogatepass")
    except ValueError:
        return None


class Envelopes(Placed):
    """
    One node's ear, and what it makes of what it hears.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        station = self.place()
        groups, names, audiences = Groups(station, lambda _: None), Names(station), Audiences(station)
        keys = station.keys
        channels = [keys.group("g"), keys.own, keys.audience(_CHAT)]
        station.channels.expect(keys.own, names.received)
        groups.expect({"g"}, set())
        audiences.expect({_CHAT})
        self._reads: dict[bytes, Callable[[_Said], list[Any] | None]] = dict(
            zip(channels, (self._toGroup, self._toMe, self._toAll), strict=True)
        )
        self._last: dict[tuple[bytes, bytes], int] = {}

    def run(self) -> None:
        """
        Some that come.

        @raise Found: where one is not taken, or dropped, as a second reading says.
        """
        random, station = self.random, self.station
        for _ in range(random.randint(1, 8)):
            channel = random.choice(list(self._reads))
            data = mangled(random, self._made())
            said = _Said.of(data)
            self._compare(data, said)
            strange = station.strange
            station.channels.received(channel, data)
            told = self.node.take()
            expected = None if said is None else self._reads[channel](said)
            dropped = station.strange - strange
            found = [each for each in told if each[0] != "lost"]
            lost = [each for each in told if each[0] == "lost"]
            missed = 0 if said is None else self._missed(channel, said)
            if found != (expected or []) or dropped != (expected is None) or (missed > 0) != (len(lost) == 1):
                raise Found(f"{data!r} on {channel!r}: {told}, {dropped} dropped; expected {expected}, {missed} missed")
            if lost and lost[0][2] != missed:
                raise Found(f"{data!r}: {lost}, and {missed} were missed")

    def _made(self) -> bytes:
        random = self.random
        kind = random.choice(list(Kind))
        payload = random.choice(_TEXTS)
        match kind:
            case Kind.JOIN | Kind.LEAVE:
                payload = random.choice(_SAID)
            case Kind.STORED_TEXT | Kind.STORED_BINARY:
                payload = _EPOCH.encode() + random.randbytes(8) + payload
            case Kind.REPLACED:
                payload = random.randbytes(8) + payload
            case _ if random.random() < 0.5:
                payload = random.randbytes(8) + body(random.choice(("a", "ä\ud800", "x y"))) + payload
        sender = random.choice((OTHER, OTHER, MINE, b"\x33" * 16))
        return Envelope(kind, sender, random.choice(_NUMBERS), payload).data()

    def _compare(self, data: bytes, said: _Said | None) -> None:
        found = read(data)
        if (found and (found.kind, found.sender, found.number, found.body)) != said:
            raise Found(f"{data!r} was read as {found}")
        if found is not None and said is not None:
            if found.data() != data or found.addressed() != said.addressed():
                raise Found(f"{data!r} is for {found.addressed()}")
            stored = found.stored()
            epoch, time, payload = said.body[:16], said.body[16:24], said.body[24:]
            isStored = len(time) == 8 and epoch.isalnum()
            if stored != ((epoch.decode(), int.from_bytes(time, "big"), payload) if isStored else None):
                raise Found(f"{data!r} is stored as {stored}")

    def _missed(self, channel: bytes, said: _Said) -> int:
        """
        @return: how many numbers are missing before this one.
        """
        isMine = channel == self.station.keys.own
        if said.kind == Kind.REPLACED and isMine:
            return 0
        if not isMine and (said.sender == MINE or not said.number or self._isForReaders(channel, said)):
            return 0
        key = channel, b"" if isMine else said.sender
        last = self._last.get(key)
        self._last[key] = said.number
        if last is None:
            return 0
        return max(0, said.number - last - (said.kind != Kind.BEAT or not isMine))

    def _isForReaders(self, channel: bytes, said: _Said) -> bool:
        isStored = said.kind in (Kind.STORED_TEXT, Kind.STORED_BINARY)
        return isStored and channel == self.station.keys.group("g")

    def _toGroup(self, said: _Said) -> list[Any] | None:
        if said.sender == MINE:
            return []
        match Kind(said.kind):
            case Kind.TEXT | Kind.BINARY:
                return [("g", said.body, "")] if said.text(said.body) else None
            case Kind.REMOVE | Kind.CLOSE:
                return [("g", Verb.REMOVE if said.kind == Kind.REMOVE else Verb.CLOSE)]
            case Kind.JOIN | Kind.LEAVE:
                who = said.who()
                return None if who is None else [("g", who, said.kind == Kind.JOIN, False)]
        return []

    def _toAll(self, said: _Said) -> list[Any] | None:
        if said.sender == MINE:
            return []
        isMessage = Kind(said.kind).verb is Verb.DELIVER and said.text(said.body)
        return [("audienceReceived", _CHAT, _Same(said.body))] if isMessage else None

    def _toMe(self, said: _Said) -> list[Any] | None:
        if said.kind == Kind.REPLACED:
            name = _name(said.body[8:])
            return [("replaced", name, _integer(said.body[:8]))] if name else None
        if said.kind == Kind.BEAT:
            return []
        found, verb = said.addressed(), Kind(said.kind).verb
        if found is None or verb is None or (verb is Verb.DELIVER and not said.text(found[2])):
            return None
        content = _Same(found[2]) if verb is Verb.DELIVER else None
        return [("connectionReceived", found[0], found[1], verb, content)]


def _integer(data: bytes) -> int:
    return int.from_bytes(data, "big")


class _Same:
    """
    Is equal to a message with this payload.
    """

    def __init__(self, payload: bytes) -> None:
        self._payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and other.payload == self._payload

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"a message {self._payload!r}"


def tooLong(random: Random) -> None:
    """
    Nothing longer than the limit is read.

    @raise Found: where it is.
    """
    size = MAX_SIZE + random.choice((-1, 0, 1))
    data = _Zeros(size)
    if (read(data) is None) != (size > MAX_SIZE):
        raise Found(f"an envelope of {size} bytes")


class _Zeros(bytes):
    """
    Looks as long as it is told: an envelope without the cost of a large one.
    """

    def __new__(cls, size: int) -> _Zeros:
        made = super().__new__(cls, Envelope(Kind.BINARY, OTHER, 1, b"").data())
        made.size = size
        return made

    size: int

    def __len__(self) -> int:
        return self.size


class Positions(Placed):
    """
    What clients give as C{since}.
    """

    def run(self, random: Random) -> None:
        """
        Some positions, for both kinds of history.

        @raise Found: where one leads to what it does not mean, or is not understood.
        """
        size = random.choice((1, 3, 300))
        kept = GroupHistory(size)
        payloads = [b"%d" % number for number in range(random.choice((0, 1, 4, 600)))]
        for payload in payloads:
            kept.add(Message(payload, True))
        history = History(self.place())
        for _ in range(random.randint(1, 6)):
            number = random.choice((0, 1, len(payloads) - 1, len(payloads), len(payloads) + 1, 2**63))
            right = f"{kept.epoch}.{number}"
            position = mangled(random, right.encode()).decode("utf-8", "surrogateescape")
            oldest = max(0, len(payloads) - size)
            page = kept.after(position)
            isKnown = position in {f"{kept.epoch}.{each}" for each in range(oldest, len(payloads) + 1)}
            start = int(position.rpartition(".")[2]) if isKnown else 0
            if (page is None) == isKnown:
                raise Found(f"{position!r} gave {page}")
            if page is not None and [entry.message.payload for entry in page] != payloads[start : start + 256]:
                raise Found(f"{position!r} gave {page}")
            self._asked(history, mangled(random, f"{_EPOCH}.{number}".encode()).decode("utf-8", "surrogateescape"))

    def _asked(self, history: History, position: str) -> None:
        asked: Deferred[Any] = history.after("s", position)
        if self.link.asked:
            number = self.link.asked.pop().args[2]
            if position and position != f"{position[:16]}.{number}":
                raise Found(f"{position!r} was asked for as {number}")
            asked.addErrback(lambda _: None)
            asked.cancel()
        else:
            Outcome(asked).among(HistoryLostError)
            epoch, dot, number = position.partition(".")
            isNumber = number.isascii() and number.isdigit() and len(number) < 16 and number == str(int(number))
            if not position or (len(epoch) == 16 and not epoch.strip("0123456789abcdef") and dot and isNumber):
                raise Found(f"{position!r} was refused")
