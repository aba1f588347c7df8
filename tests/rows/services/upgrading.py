"""
Upgrades that are refused, late, or never answered, and what they take and add.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from echoing import Echo
from recording import Recorded, calls, gate
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.web.server import Request

from balws import AuthnError, AuthzError, Caller, Header, Service, UpgradeError, UpgradeService, get, serviceConfig

SECRET = "secret-xyz"


class NeverUpgrade(UpgradeService):
    """
    Does not answer.
    """

    def get(self, tag: str = "") -> Deferred[Service]:
        calls[tag].append("asked")
        return Deferred(lambda _: calls[tag].append("cancelled"))


class StubbornUpgrade(UpgradeService):
    """
    Answers when nobody waits any more.
    """

    async def get(self, tag: str = "") -> Echo:
        try:
            await Deferred()
        except CancelledError:
            await deferLater(reactor, 0.2, lambda: None)
        calls[tag].append("late")
        return Echo(tag)


class LateUpgrade(UpgradeService):
    @get("{seconds}")
    def wait(self, seconds: float, tag: str = "") -> Deferred[Echo]:
        calls[tag].append("asked")
        return deferLater(reactor, seconds, Echo, tag)


class HeldUpgrade(UpgradeService):
    """
    Answers when the test opens its gate.
    """

    def get(self, tag: str = "") -> Deferred[Echo]:
        calls[tag].append("asked")
        return gate(tag).addCallback(lambda _: Echo(tag))


def _refusal(how: str, request: Request) -> Any:
    if how == "split":
        return UpgradeError("", headers={"X-A": "b\r\nX-Injected: 1"})
    if how == "name":
        return UpgradeError("", headers={"X-A: b\r\nX-Injected": "1"})
    if how == "status":
        return UpgradeError("wait", status=429, headers={"Retry-After": "7"})
    if how == "letters":
        return UpgradeError("é☃𝄞")
    if how == "who":
        return AuthnError(SECRET)
    if how == "forbidden":
        return AuthzError(SECRET)
    if how == "fault":
        return ValueError(SECRET)
    if how == "base":
        return GeneratorExit(SECRET)
    if how == "answered":
        request.write(b"answered by itself")
        return UpgradeError("and refused")
    return UpgradeError("not today")


class FailingUpgrade(UpgradeService):
    """
    C{way}: how it says so.
    """

    @get("{way}/{how}")
    def refuse(self, request: Request, way: str, how: str) -> Any:
        refusal = _refusal(how, request)
        if way == "returned":
            return refusal if how != "nothing" else None
        if way == "class":
            return Echo
        if way == "text":
            return SECRET
        if way == "failed":
            return fail(refusal)
        if way == "fired":
            return succeed(refusal)
        if way == "later":
            return deferLater(reactor, 0.01, self._raise, refusal)
        if way == "coroutine":
            return self._coroutine(refusal)
        raise refusal

    def _raise(self, refusal: Exception) -> None:
        raise refusal

    async def _coroutine(self, refusal: Exception) -> Service:
        raise refusal


class Parameters(Recorded):
    def __init__(self, tag: str, given: dict[str, Any]) -> None:
        super().__init__(tag)
        self.given = given

    def onOpen(self) -> dict[str, Any]:
        self.began()
        return self.given


class ParametersUpgrade(UpgradeService):
    @get("{room}/{number}/{ratio}/{flag}")
    def get(
        self,
        room: str,
        number: int,
        ratio: float,
        flag: bool,
        needed: int,
        price: Decimal | None,
        words: list[str],
        host: Annotated[str, Header],
        token: Annotated[str, Header("X-Token")],
        marks: Annotated[list[str] | None, Header("X-Mark")],
        limit: int = 50,
        tag: str = "",
    ) -> Parameters:
        given = {"room": room, "number": number, "ratio": ratio, "flag": flag, "needed": needed, "price": price}
        given |= {"words": words, "host": host, "token": token, "marks": marks, "limit": limit}
        return Parameters(tag, given)


@serviceConfig(subProtocols=["b", "c"])
class HeadersUpgrade(UpgradeService):
    """
    Adds the field of its path to the 101; the first message is the sub-protocol.
    """

    @get("{name}/{value}")
    def get(self, name: str, value: str, tag: str = "") -> Protocol:
        service = Protocol(tag)
        service.customHeaders = {name: value}
        return service


class Protocol(Echo):
    def onOpen(self, caller: Caller) -> str:
        self.began()
        return str(caller.getNegotiatedSubProtocol())


class Fixed(Echo):
    """
    Fields that are the same for everybody; counts its own messages only.
    """

    customHeaders = {"X-Fixed": "1", "X-Letters": "é"}
    count = 0

    def onTextMessage(self, text: str) -> int:
        self.count += 1
        return self.count


class FixedUpgrade(UpgradeService):
    def get(self, request: Request, tag: str = "") -> Fixed:
        request.addCookie(b"a", b"b")
        request.setHeader(b"X-Request", b"2")
        return Fixed(tag)


@serviceConfig(allowedOrigins=["https://good.example", "http://good.example:8080", "https://xn--gd-8ia.example"])
class OriginUpgrade(UpgradeService):
    """
    Knows its pages.
    """

    def get(self, tag: str = "") -> Echo:
        return Echo(tag)
