# -*- test-case-name: tests.hub.redis.test_names -*-
"""
Who owns which name (decision 26).
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.errors import HubLimitError, HubUnavailableError, NoSuchConnection
from balws.hub.broker import Verb
from balws.hub.message import Message
from balws.hub.redis.claims import CLAIM, RELEASE, RESTORE_NAMES, SEND
from balws.hub.redis.envelope import HEAD, MAX_SIZE, TOO_LONG, Envelope, Kind, body
from balws.hub.redis.envelope import message as messageIn
from balws.hub.redis.keys import decoded, encoded
from balws.hub.redis.station import Station, kindOf

__all__ = ["Names"]

#: So many names go with one script.
_BATCH = 256

_KINDS = {Verb.REMOVE: Kind.REMOVE, Verb.CLOSE: Kind.CLOSE}


class Names:
    """
    Claims names for this node, and sends to those of others.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        #: What Redis may still take for ours, each with its fence; 0 where that is not known.
        self._owed: dict[str, int] = {}
        #: Those that are being restored.
        self._held: dict[str, int] = {}
        #: The number of the last message in this node's inbox; L{None} until it is known.
        self._last: int | None = None

    def claim(self, name: str) -> Deferred[int]:
        """
        See L{balws.hub.broker.IBroker.claim}.
        """
        station = self._station
        if not station.isUp:
            return station.away()
        self._held.pop(name, None)
        self._owed.pop(name, None)
        claimed = station.ask(CLAIM, encoded(name), station.head(Kind.REPLACED, 0))
        return claimed.addErrback(self._unclear, name)

    def _unclear(self, failure: Failure, name: str) -> Failure:
        self._owed[name] = 0
        return failure

    def release(self, name: str, fence: int) -> None:
        """
        See L{balws.hub.broker.IBroker.release}.
        """
        self._held.pop(name, None)
        # What was never claimed is owed to nobody.
        if fence or self._station.isUp:
            self._release([(name, fence)])

    def _release(self, names: list[tuple[str, int]]) -> Deferred[Any]:
        parts = (part for name, fence in names for part in (encoded(name), fence))
        return self._station.ask(RELEASE, *parts).addErrback(self._unreleased, names)

    def _unreleased(self, _: Failure, names: list[tuple[str, int]]) -> None:
        self._owed.update(names)

    def send(self, name: str, verb: Verb, message: Message | None) -> Deferred[int | None]:
        """
        See L{balws.hub.broker.IBroker.toConnection}.
        """
        station = self._station
        if not station.isRestored:
            return station.away()
        kind = _KINDS[verb] if message is None else kindOf(message)
        content = body(name) + (b"" if message is None else message.payload)
        if len(content) > MAX_SIZE - HEAD:
            return fail(HubLimitError(TOO_LONG))
        ends = 0 if verb is Verb.DELIVER else 1
        sent = station.ask(SEND, encoded(name), station.head(kind), content, ends)
        return sent.addCallback(self._sent, name)

    def _sent(self, outcome: int, name: str) -> int | Deferred[int | None] | None:
        if outcome == -1:
            raise NoSuchConnection(name)
        if outcome == -2:
            self._station.warn("{count} publications did not reach every node, the last to {where}", "a connection")
            return fail(HubUnavailableError("the node of this connection does not listen"))
        return outcome or None

    def received(self, envelope: Envelope) -> None:
        """
        Something for this node came; beats as well.
        """
        node = self._station.node
        if envelope.kind is Kind.REPLACED:
            self._replaced(envelope.body[:8], envelope.body[8:])
            return
        # A beat has the number of what came last.
        last, self._last = self._last, envelope.number
        missed = 0 if last is None else envelope.number - last - (envelope.kind is not Kind.BEAT)
        if missed > 0:
            node.lost("", missed)
        if envelope.kind is not Kind.BEAT:
            self._addressed(envelope)

    def _replaced(self, fence: bytes, name: bytes) -> None:
        try:
            found = decoded(name)
        except ValueError:
            found = ""
        if len(fence) < 8 or not found:
            self._station.strangeReceived()
        else:
            self._station.node.replaced(found, int.from_bytes(fence, "big"))

    def _addressed(self, envelope: Envelope) -> None:
        addressed = envelope.addressed()
        verb = envelope.kind.verb
        if addressed is not None and verb is not None:
            name, fence, payload = addressed
            message = messageIn(envelope.kind, payload)
            if message is not None or verb is not Verb.DELIVER:
                self._station.node.connectionReceived(name, fence, verb, message)
                return
        self._station.strangeReceived()

    def expect(self, names: dict[str, int]) -> None:
        """
        What this node has after an absence, each with its fence.
        """
        self._held = dict(names)

    async def restore(self) -> None:
        """
        Make Redis know these, and nothing else, as this node's.

        @raise HubUnavailableError: when that cannot be done now.
        """
        owed, self._owed = [each for each in self._owed.items() if each[0] not in self._held], {}
        for start in range(0, len(owed), _BATCH):
            await self._release(owed[start : start + _BATCH])
        names = list(self._held)
        for start in range(0, len(names), _BATCH):
            await self._restore(names[start : start + _BATCH])

    async def _restore(self, names: list[str]) -> None:
        station = self._station
        batch = [(name, self._held[name]) for name in names if name in self._held]
        if not batch:
            return
        parts = (part for name, fence in batch for part in (encoded(name), fence))
        outcomes = await station.ask(RESTORE_NAMES, station.head(Kind.REPLACED, 0), *parts)
        for (name, _), fence in zip(batch, outcomes, strict=True):
            if fence > 0:
                station.node.claimed(name, fence)
            elif fence < 0:
                station.node.replaced(name, -fence)
