# -*- test-case-name: tests.test_errors -*-
"""
Every error that balws raises, in one tree::

    Error
     +- ConfigurationError            the operator's: a value in a file, a record or a keyword
     |   +- SslConfigurationError     (also an SslError) TLS material that cannot be used
     +- ServiceDefinitionError        the programmer's: a service class that cannot work, found at attach
     +- ListenerError                 the operator's: a port that cannot be opened, a service that is not attached
     +- UpgradeError                  the application's answer "no" to an upgrade request
     |   +- AuthnError                who is it? (401)
     |   +- AuthzError                is it allowed? (403)
     +- InvalidHandshakeError         the peer's answer to our handshake was not an acceptance
     +- HandshakeTimedOut
     +- ReadTimedOutError
     +- CorruptedFrameError           the peer broke RFC 6455
     +- PayloadTooLargeError          the peer crossed a limit
     +- PayloadBindingError           a message that is not what the method declares
     |   +- PayloadValidationError    right type, but against a declared constraint
     +- StreamError                   a stream of messages broke
     +- ConnectionError               (also the builtin one) no connection
     |   +- ConnectionClosureError    the connection is closed, or closing failed
     +- SslError
     +- AuthError                     credentials for our own request could not be had
     |   +- AuthUnavailableError      whoever decides about credentials cannot be asked now
     +- NoSuchConnection
     +- NoSuchGroup
     +- HubError                      the hub could not do all that it was asked
         +- HubUnavailableError       other nodes cannot be reached now
         +- HubLimitError             a name too long, or too many of them
         +- HistoryLostError          what was missed is no longer kept

The names are the reference library's.  Each class says whose fault it is; what
a peer is shown is always a fixed text, never the text of one of these.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

__all__ = [
    "AuthError",
    "AuthUnavailableError",
    "AuthnError",
    "AuthzError",
    "ConfigurationError",
    "ConnectionClosureError",
    "ConnectionError",
    "CorruptedFrameError",
    "Error",
    "HandshakeTimedOut",
    "HistoryLostError",
    "HubError",
    "HubLimitError",
    "HubUnavailableError",
    "InvalidHandshakeError",
    "ListenerError",
    "NoSuchConnection",
    "NoSuchGroup",
    "PayloadBindingError",
    "PayloadTooLargeError",
    "PayloadValidationError",
    "ReadTimedOutError",
    "ServiceDefinitionError",
    "SslConfigurationError",
    "SslError",
    "StreamError",
    "UpgradeError",
]


class Error(Exception):
    """
    The root: whatever balws reports is one of these.
    """

    def message(self) -> str:
        """
        @return: the text, as the reference library's C{message()} gives it.
        """
        return str(self)


class ConfigurationError(Error):
    """
    A configuration value that cannot be used.  The operator's to mend.

    @ivar problem: what is wrong and what was expected.
    @ivar path: the key, such as C{listeners[0].port}; empty when no single key is at fault.
    @ivar file: the file's name as the user gave it, or L{None} for values given in code.
    @ivar line: the line, counted from 1, or L{None}.
    @ivar column: the column, counted from 1, or L{None}.
    """

    def __init__(
        self,
        problem: str,
        path: str = "",
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(problem, path, file, line, column)
        self.problem = problem
        self.path = path
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        prefix = ":".join(place) + ": " if place else ""
        key = f"{self.path}: " if self.path else ""
        return f"{prefix}{key}{self.problem}"


class ServiceDefinitionError(Error):
    """
    A service class that cannot work as written.  Found when it is attached,
    never at the first message.

    @ivar service: the class's qualified name.
    @ivar method: the method at fault, or L{None} when it is the class.
    @ivar problem: what is wrong.
    @ivar mend: what to write instead.
    """

    def __init__(self, service: str, method: str | None, problem: str, mend: str) -> None:
        super().__init__(service, method, problem, mend)
        self.service = service
        self.method = method
        self.problem = problem
        self.mend = mend

    def __str__(self) -> str:
        place = f"{self.service}.{self.method}" if self.method else self.service
        return f"{place}: {self.problem}; {self.mend}"


class ListenerError(Error):
    """
    A listener that cannot do what it was asked: a port in use, a service that was
    not attached.
    """


class UpgradeError(Error):
    """
    The application refuses an upgrade.  Raise or return it from C{get}; its text
    is the body that the client sees (seed 4, 3.1), so write it for the client.

    @ivar status: the HTTP status, 400 to 599.
    @ivar headers: further headers of the refusal.
    """

    def __init__(
        self, reason: str = "", status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        """
        @raise ValueError: when C{status} is not from 400 to 599.
        """
        if not 400 <= status <= 599:
            raise ValueError(f"the status of an UpgradeError is from 400 to 599, not {status}")
        super().__init__(reason)
        self.status = status
        self.headers = dict(headers or {})


class AuthnError(UpgradeError):
    """
    The client did not prove who it is: 401 with an empty body (decision 11).
    """

    def __init__(self, reason: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason, 401, headers)


class AuthzError(UpgradeError):
    """
    The client is known and not allowed: 403 with an empty body (decision 11).
    """

    def __init__(self, reason: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason, 403, headers)


class InvalidHandshakeError(Error):
    """
    The server did not accept our upgrade.  The server's decision or fault.

    @ivar response: its answer, a L{balws.HttpResponse}, or L{None} when it was no HTTP.
    @ivar location: where the answer points to; balws never goes there by itself.
    """

    def __init__(self, problem: str, response: Any = None) -> None:
        super().__init__(problem)
        self.response = response
        self.location: str | None = None if response is None else response.header("location")


class HandshakeTimedOut(Error):
    """
    The server did not answer our upgrade in time (decision 2).
    """


class ReadTimedOutError(Error):
    """
    No message came in time; the connection stays usable.
    """


class CorruptedFrameError(Error):
    """
    The peer broke RFC 6455, or a control frame of ours would.

    @ivar statusCode: the close code that answers it, 1002 or 1007.
    """

    def __init__(self, reason: str, statusCode: int = 1002) -> None:
        super().__init__(reason)
        self.statusCode = statusCode


class PayloadTooLargeError(Error):
    """
    The peer crossed a size limit; answered with 1009.
    """


class PayloadBindingError(Error):
    """
    A message is not what the method declares.  The peer's fault.

    @ivar place: where in the message, such as C{$.items[2].price}; empty when unknown.
    """

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(problem, place)
        self.problem = problem
        self.place = place

    prefix = "data binding failed"

    def __str__(self) -> str:
        at = f" - at `{self.place}`" if self.place else ""
        return f"{self.prefix}: {self.problem}{at}"


class PayloadValidationError(PayloadBindingError):
    """
    A message has the declared type but breaks a declared constraint.
    """

    prefix = "data validation failed"


class StreamError(Error):
    """
    A stream of messages that a method returned broke while it was produced.
    """


class ConnectionError(Error, builtins.ConnectionError):
    """
    There is no connection to the peer.
    """


class ConnectionClosureError(ConnectionError):
    """
    The connection is closed or closing, or its closing did not go as agreed.

    @ivar statusCode: the peer's close code, or L{None} when there was none.
    @ivar reason: the peer's close reason.
    """

    def __init__(self, problem: str, statusCode: int | None = None, reason: str = "") -> None:
        super().__init__(problem)
        self.statusCode = statusCode
        self.reason = reason


class SslError(Error):
    """
    TLS material that cannot be used, or a peer that could not be verified.
    """


class SslConfigurationError(ConfigurationError, SslError):
    """
    TLS material that cannot be used: a key, a certificate, a store, or what is said of them
    in a configuration.  The operator's to mend.
    """


class AuthError(Error):
    """
    The client's own credentials could not be had.
    """


class AuthUnavailableError(AuthError):
    """
    A back end that decides about credentials cannot answer: it is down, too slow, too
    busy, or talks nonsense.  Its operator's fault; a peer is answered with 503
    (decision 11).
    """


class NoSuchConnection(Error):
    """
    No connection is stored under this name.

    @ivar name: it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no connection is stored as {self.name!r}"


class NoSuchGroup(Error):
    """
    No connection is in a group of this name.

    @ivar group: it.
    """

    def __init__(self, group: str) -> None:
        super().__init__(group)
        self.group = group

    def __str__(self) -> str:
        return f"nobody is in the group {self.group!r}"


class HubError(Error):
    """
    The hub could not do all that it was asked.
    """


class HubUnavailableError(HubError):
    """
    Other nodes cannot be reached now: connections of this process got what was pushed, those
    of others perhaps not.  The operator's to mend: what lies between the nodes is down, too
    slow or full.
    """


class HubLimitError(HubError):
    """
    A name that is too long or empty, or more names, groups, or groups of one connection
    than C{[hub]} allows.
    """


class HistoryLostError(HubError):
    """
    A position after which not every message is kept any more: too old, of a group that was
    removed since, or of one without history.  Its user has to begin anew.
    """
