"""
The same bytes to two listeners: one whose upgrades go the short way, and one where Twisted Web
reads every request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from twisted.internet.defer import Deferred
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws import AuthnError, Header, Service, UpgradeError, UpgradeService, get
from balws.server import channel
from balws.server.admission import Admission
from balws.server.channel import Channel
from tests.auth.checking import ADA, Answering
from tests.server.peers import Peer, frame, status, upgrade
from tests.server.samples import Page, Port

#: What every listener is sent behind a request: a text, and a close frame.
FRAMES = frame(b"text") + frame(b"\x03\xe8", 0x88)

#: An upgrade with what browsers send beside it.
BROWSER = upgrade(
    "/keep?a=1&b=%C3%A4;c=",
    Origin="https://example.com",
    User_Agent="Mozilla/5.0 (X11; Linux x86_64)",
    Accept_Encoding="gzip, deflate, br",
    Cookie="a=b; c=d",
    Sec_WebSocket_Protocol="mqtt, chat",
    Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits",
)

_date = re.compile(rb"\r\nDate: [^\r\n]+")
_place = re.compile(" at 0x[0-9a-f]+")


class Telling(Service):
    """
    Writes down all that happens to it, and all that it can know of its request.
    """

    def __init__(self, story: list[Any]) -> None:
        self.story = story

    def onOpen(self, caller):
        request = caller.getHttpRequest()
        kept = request and (request.method, request.path, dict(request.arguments), list(request.headers.items()))
        protocol, principal = caller.getNegotiatedSubProtocol(), caller.getPrincipal()
        self.story.append(("open", kept, protocol, caller.isSecure(), principal and principal.username))

    def onTextMessage(self, caller, text: str):
        self.story.append(text)
        return text

    def onClose(self, caller, code):
        self.story.append(("close", code))

    def onError(self, caller, error):
        self.story.append(type(error).__name__)


class Keeping(Telling):
    """
    Keeps its request, and says more.
    """

    keepRequest = True
    customHeaders: Any = {"X-More": "yes"}


class Door(UpgradeService):
    """
    @ivar story: what happens behind it.
    """

    def __init__(self, story: list[Any]) -> None:
        self.story = story

    def get(self) -> Any:
        self.story.append("get")
        return self.answer()

    def answer(self) -> Any:
        """
        What C{get} gives.
        """
        return Telling(self.story)


class KeepingDoor(Door):
    """
    To a service that keeps its request.
    """

    def answer(self) -> Any:
        return Keeping(self.story)


class ParametersDoor(Door):
    """
    Wants parameters of all kinds.
    """

    @get("{room}/{number}")
    def get(
        self,
        room: str,
        number: int,
        page: int = 1,
        tag: list[str] | None = None,
        on: bool = False,
        agent: Annotated[str | None, Header("User-Agent")] = None,
        cookies: Annotated[list[str], Header("Cookie")] = (),  # type: ignore[assignment]
    ) -> Any:
        self.story.append((room, number, page, tag, on, agent, cookies))
        return Keeping(self.story)


class RequestDoor(Door):
    """
    Wants the request, and puts something on its answer.
    """

    def get(self, request) -> Any:  # type: ignore[override]
        self.story.append((request.uri, request.prepath, request.postpath, request.clientAddress))
        request.setHeader("X-Mine", "yes")
        request.addCookie("a", "b")
        return Keeping(self.story)


class LateDoor(Door):
    """
    Takes a second.
    """

    clock: Any

    def answer(self) -> Any:
        waiting: Deferred[Any] = Deferred()
        self.clock.callLater(1, waiting.callback, Keeping(self.story))
        return waiting


class ActingDoor(Door):
    """
    Does something first.

    @ivar act: what.
    """

    def act(self) -> None:
        """
        Nothing, unless a test says otherwise.
        """

    def answer(self) -> Any:
        self.act()
        return Keeping(self.story)


class AsyncDoor(LateDoor):
    """
    Waits, and then refuses.
    """

    async def get(self) -> Any:  # type: ignore[override]
        self.story.append("get")
        await self.answer()
        raise UpgradeError("later", status=418)


class FailingDoor(Door):
    """
    Raises what it is given, or gives it.
    """

    def __init__(self, story: list[Any], result: Any) -> None:
        super().__init__(story)
        self.result = result

    def answer(self) -> Any:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


class BadDoor(Door):
    """
    To a service whose answer cannot be written: there is a line end in it.
    """

    def answer(self) -> Any:
        service = Keeping(self.story)
        service.customHeaders = {"X-Bad": "a\r\nb"}
        return service


def _doors(story: list[Any], clock: Any) -> dict[str, tuple[Any, dict[str, Any]]]:
    late, later = LateDoor(story), AsyncDoor(story)
    late.clock = later.clock = clock
    return {
        "/": (Door(story), {}),
        "/keep": (KeepingDoor(story), {"subProtocols": ("chat", "mqtt")}),
        "/rooms": (ParametersDoor(story), {}),
        "/pages": (KeepingDoor(story), {"allowedOrigins": ("https://example.com",)}),
        "/request": (RequestDoor(story), {}),
        "/guarded": (KeepingDoor(story), {"auth": ({"checker": Answering(ADA)},)}),
        "/late": (late, {}),
        "/acting": (ActingDoor(story), {}),
        "/async": (later, {}),
        "/upgradeError": (FailingDoor(story, UpgradeError("words", status=418)), {}),
        "/authnError": (FailingDoor(story, AuthnError("words")), {}),
        "/error": (FailingDoor(story, ValueError("secret")), {}),
        "/exit": (FailingDoor(story, SystemExit()), {}),
        "/none": (FailingDoor(story, None), {}),
        "/returned": (FailingDoor(story, UpgradeError("returned")), {}),
        "/bad": (BadDoor(story), {}),
    }


#: The paths of all services.
PATHS = tuple(_doors([], None))


class Twin:
    """
    A listener with every kind of service.

    @ivar story: what happened behind its doors.
    @ivar short: how many heads were served the short way.
    @ivar acting: the L{ActingDoor}.
    @ivar peer: who has connected last.
    """

    def __init__(self, hasShortcut: bool, limits: dict[str, Any] | None = None, **configuration: Any) -> None:
        """
        @param limits: fields of C{[server]}; there is no limit of upgrades in a second.
        """
        self._hasShortcut = hasShortcut
        self.story: list[Any] = []
        self.short = 0
        server = {"maxUpgradesPerSecond": 0, **(limits or {})}
        self.port = Port(serverConfig=server, **configuration)
        doors = _doors(self.story, self.port.clock)
        for path, (door, fields) in doors.items():
            self.port.listener.attach(door, path, config=fields)
        self.acting = doors["/acting"][0]
        self.port.listener.attachResource(Page(), "/page")

    @property
    def admission(self) -> Admission:
        """
        Who counts.
        """
        admission: Admission = self.port.listener._premises.admission
        return admission

    def tell(self, *portions: bytes) -> tuple[Any, ...]:
        """
        @param portions: what a peer sends, each in a segment.
        @return: all that can be seen of it, from in front and from behind.
        """
        self.story.clear()
        events: list[Any] = []
        short = channel.shorten

        def counting(*arguments: Any) -> bool:
            isShort = short(*arguments)
            self.short += isShort
            return isShort

        before, Channel.hasShortcut, channel.shorten = Channel.hasShortcut, self._hasShortcut, counting
        globalLogPublisher.addObserver(events.append)
        try:
            return self._tell(portions, events)
        finally:
            Channel.hasShortcut, channel.shorten = before, short
            globalLogPublisher.removeObserver(events.append)

    def _tell(self, portions: Sequence[bytes], events: list[Any]) -> tuple[Any, ...]:
        peer = self.peer = self.port.connect()
        seen: list[Any] = []
        peer.send(*portions)
        seen.append(self._state(peer))
        self.port.advance(1, peer)
        seen.append(self._state(peer))
        peer.send(FRAMES)
        seen.append(self._state(peer))
        self.port.advance(10, peer)
        seen.append(self._state(peer))
        peer.leave()
        seen.append(self._state(peer))
        return (*seen, [_line(event) for event in events])

    def _state(self, peer: Peer) -> tuple[Any, ...]:
        transport, admission = peer.transport, self.admission
        return (
            _date.sub(b"", peer.answer),
            peer.isOpen,
            transport.reading,
            transport.lost and transport.lost.type,
            list(self.story),
            admission.connections,
            dict(admission.refused),
            dict(admission._places),
            dict(admission._channels),
            admission._undecided,
            dict(admission._rates),
            sorted(type(member).__name__ for member in self.port.listener._roster.members),
            sorted(call.getTime() for call in self.port.clock.getDelayedCalls()),
        )


def _line(event: dict[str, Any]) -> tuple[Any, ...]:
    """
    @return: what was logged, without what is another thing in another listener.
    """
    text = _place.sub("", formatEvent(event))
    return event.get("log_namespace"), text, getattr(event.get("log_failure"), "type", None)


class Twins:
    """
    Both of them.
    """

    def __init__(self, limits: dict[str, Any] | None = None, **configuration: Any) -> None:
        self.short = Twin(True, limits, **configuration)
        self.long = Twin(False, limits, **configuration)

    def tell(self, *portions: bytes) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """
        @return: what is seen of both.
        """
        return self.short.tell(*portions), self.long.tell(*portions)


class TwinsTestCase(SynchronousTestCase):
    """
    Two listeners, of which one has the short way.
    """

    def setUp(self) -> None:
        self.twins = Twins()

    def assertSame(self, *portions: bytes, twins: Twins | None = None) -> int:
        """
        Both do the same.

        @return: the status of the first answer; 0 for none.
        """
        short, long = (self.twins if twins is None else twins).tell(*portions)
        self.assertEqual(short, long, portions)
        self.flushLoggedErrors(ValueError, SystemExit)  # of "/error" and "/exit"
        return status(short[-2][0])

    def assertShort(self, data: bytes, twins: Twins | None = None) -> None:
        """
        This is upgraded, and goes the short way.
        """
        twins = self.twins if twins is None else twins
        before = twins.short.short
        self.assertEqual((self.assertSame(data, twins=twins), twins.short.short - before), (101, 1), data)

    def assertLong(self, *portions: bytes, twins: Twins | None = None) -> int:
        """
        This goes the long way.

        @return: the status.
        """
        twins = self.twins if twins is None else twins
        before = twins.short.short
        found = self.assertSame(*portions, twins=twins)
        self.assertEqual((twins.short.short - before, twins.long.short), (0, 0), portions)
        return found
