# -*- test-case-name: tests.test_interfaces -*-
"""
What users derive from and where things plug in.

L{Service}, L{UpgradeService} and L{PingPongService} are the base classes of user
code; the zope Interfaces are the seams between the parts of balws and the places
where an application puts something of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import attrs
from twisted.cred.credentials import ICredentials
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

__all__ = [
    "Header",
    "IBearerToken",
    "IConnectionObserver",
    "IDataBinder",
    "IMember",
    "IPrincipal",
    "IServedSession",
    "ISession",
    "PingPongService",
    "Service",
    "UpgradeService",
]


class Service:
    """
    The conversation with one peer: subclass it and write the remote methods that
    you need (C{onOpen, onTextMessage, onBinaryMessage, onMessage, onPing, onPong,
    onIdleTimeout, onClose, onError}, or methods for custom dispatch).  All are
    optional; see seed 4, section 3.2.

    @cvar customHeaders: headers to add to the answer 101 of the upgrade.
    @cvar sends: the types of messages that it sends without being asked, for its description alone
        (C{balws asyncapi}); without it they are guessed from the code.
    @cvar keepRequest: keep a snapshot of the upgrade request for
        C{caller.getHttpRequest()}; costs memory on every connection, so off.
    """

    customHeaders: Mapping[str, str] = {}
    keepRequest: ClassVar[bool] = False
    sends: ClassVar[tuple[Any, ...]]


class UpgradeService:
    """
    The door to a L{Service}: subclass it with one C{get}, which takes the upgrade
    request and returns the service that talks to this peer, or refuses with
    L{balws.UpgradeError}.  See seed 4, section 3.1.
    """


class PingPongService:
    """
    The control frames that a client receives: subclass it with C{onPing} and
    C{onPong}.  Where C{onPing} is there, the pong is its duty (seed 4, 4.3).
    """


@attrs.frozen
class Header:
    """
    Marks a parameter of C{get} as a request header:
    C{token: Annotated[str, Header("X-Token")]}.

    @ivar name: the header's name; L{None} takes the parameter's.
    """

    name: str | None = None


class IDataBinder(Interface):
    """
    Turns the payload of a message into the value that a method declares.
    """

    def fromText(text: str) -> Any:
        """
        @raise balws.errors.PayloadBindingError: when it is not of the declared type.
        """

    def fromValue(decoded: Any, text: str) -> Any:
        """
        As L{fromText}, where the JSON was decoded before, to choose the method.

        @raise balws.errors.PayloadBindingError: when it is not of the declared type.
        """

    def fromBinary(data: bytes) -> Any:
        """
        @raise balws.errors.PayloadBindingError: when it is not of the declared type.
        """


class IMember(Interface):
    """
    A connection as the hub sees it.
    """

    def deliver(message: Any) -> None:
        """
        Send a L{balws.hub.message.Message} and never wait: a slow peer is this
        connection's own affair (decision 23).
        """

    def write(message: Any) -> Any:
        """
        As C{deliver}, for one who waits.

        @return: a Deferred that fires when the peer keeps up, and fails when it is gone.
        """

    def dismiss() -> None:
        """
        Close it: 1000 (table A1.16).  Nobody waits for the peer's answer.
        """


class ISession(Interface):
    """
    The conversation on a wire, as the wire sees it.  The wire calls, never waits.
    """

    wantsPing = Attribute("whether the service answers pings itself; else the wire sends the pong")
    wantsPong = Attribute("whether the service wants to see pongs that answer no keep-alive ping")

    def opened(wire: Any) -> None:
        """
        The handshake is complete; nothing was read yet.

        @param wire: what carries the conversation.
        """

    def textReceived(text: str) -> None:
        """
        A whole text message.
        """

    def binaryReceived(data: bytes) -> None:
        """
        A whole binary message.
        """

    def pingReceived(data: bytes) -> None:
        """
        A ping; only when C{wantsPing}.
        """

    def pongReceived(data: bytes) -> None:
        """
        A pong that we did not ask for; only when C{wantsPong}.
        """

    def failed(error: Exception) -> None:
        """
        The connection was ended because of this; a close frame said so.
        """

    def closeAnswered(code: int) -> None:
        """
        The peer answered our close frame with this code.
        """

    def closing(byPeer: bool) -> None:
        """
        A close frame went out or came in: nothing more can be written.

        @param byPeer: whether the peer began; else what is read from now on, and what
            waits to be dispatched, is dropped.
        """

    def ended(code: int, reason: str) -> None:
        """
        The connection is gone.  Called exactly once.

        @param code: the close code that counts: the peer's, 1005 where its close
            frame had none, ours where we closed, 1006 where TCP went without one.
        @param reason: the words that came with it.
        """


class IServedSession(ISession):
    """
    The conversation of a listener, which may stop.
    """

    def drain(done: Callable[[], object]) -> None:
        """
        Dispatch no further message: what comes, and what waits to be dispatched, is dropped.

        @param done: is called once, when the method in hand has ended and its answer is
            written; at once where none runs.
        """

    def unfinished() -> Deferred[None] | None:
        """
        Asked once, after C{ended}.

        @return: where a method still runs, the last one included, what fires when it has
            ended; else L{None}.
        """


class IBearerToken(ICredentials):
    """
    A bearer token (RFC 6750), as L{twisted.cred} takes credentials.
    """

    token = Attribute("the token, as str")


class IPrincipal(Interface):
    """
    Who was authenticated: what the avatars of a realm for upgrades provide.
    """

    username = Attribute("the user's name, a str")
    scopes = Attribute("what the user may do, a collection of str")
    claims = Attribute("what else is known: a mapping, such as a token's claims")


class IConnectionObserver(Interface):
    """
    Watches connections, for metrics.  Every method must return at once and may not raise.
    """

    def connectionOpened(path: str) -> None:
        """
        A connection to the service at C{path} is open.
        """

    def connectionClosed(path: str, code: int) -> None:
        """
        It has ended with this code.
        """

    def slowConsumer(path: str) -> None:
        """
        It was aborted because its peer does not read (decision 23).
        """
