# -*- test-case-name: tests.server.test_upgrade -*-
"""
One upgrade: the gate, the application's C{get}, the take-over.

Whatever says no says it before the take-over, as ordinary HTTP (DESIGN section 3).
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws.errors import AuthnError, AuthzError, Error, ServiceDefinitionError, UpgradeError
from balws.interfaces import Service
from balws.server.gate import Upgrade, check
from balws.server.mount import Mount
from balws.server.refusal import Refusal, answer
from balws.session.caller import RequestSnapshot
from balws.session.connection import Connection
from balws.wire.compression import agree
from balws.wire.headers import RESERVED, checkedFields, isValue, switching
from balws.wire.takeover import takeOver

#: What the client reads when C{get} failed; the log has the rest (row HS25).
FAILED = "The upgrade could not be handled.\n"
STOPPING = "The service is stopping.\n"

#: What Twisted Web puts on a request for answers of its own.
_NOT_FOR_101 = RESERVED | {b"content-type", b"date"}


class UpgradeResource(Resource):
    """
    An upgrade service in a resource tree.
    """

    isLeaf = True

    def __init__(self, mount: Mount) -> None:
        super().__init__()
        self.mount = mount

    def render(self, request: Request) -> Any:
        """
        Take the connection over, or answer why not.
        """
        asked = self._asked(request)
        if isinstance(asked, Refusal):
            answer(request, asked)
        else:
            upgrade, values = asked
            Attempt(self.mount, request, upgrade).begin(values)
        return NOT_DONE_YET

    def _asked(self, request: Request) -> tuple[Upgrade, dict[str, Any]] | Refusal:
        # The order of these is ruling 2.
        mount = self.mount
        path = mount.arguments.matches(request.postpath or ())
        if path is None:
            return Refusal(404, "No resource found for this path\n")
        upgrade = check(request, mount.config)
        if isinstance(upgrade, Refusal):
            return upgrade
        values = mount.arguments.bind(request, path)
        if isinstance(values, Refusal):
            return values
        return Refusal(503, STOPPING) if mount.stopping else (upgrade, values)


class Attempt:
    """
    One upgrade request, from C{get} to its end.
    """

    _log = Logger(namespace="balws.server")

    def __init__(self, mount: Mount, request: Request, upgrade: Upgrade) -> None:
        self._mount = mount
        self._request = request
        self._upgrade = upgrade
        self._begun: float = getattr(request.channel, "begun", mount.clock.seconds())
        self._deadline: IDelayedCall | None = None
        self._over = False

    def begin(self, values: dict[str, Any]) -> None:
        """
        @param values: keyword arguments for C{get}.
        """
        try:
            result = self._mount.call(values)
        except Exception:
            self._failed(Failure())
            return
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if not isinstance(result, Deferred):
            self._answered(result)
            return
        self._request.notifyFinish().addErrback(self._left, result)
        left = self._timeLeft()
        if left is not None:
            self._deadline = self._mount.clock.callLater(left, self._tooLate, result)
        result.addCallbacks(self._answered, self._failed).addErrback(self._broken)

    def _timeLeft(self) -> float | None:
        timeout = self._mount.timeout
        if not timeout:
            return None
        return max(0.0, self._begun + timeout - self._mount.clock.seconds())

    def _finish(self) -> bool:
        """
        @return: whether it was not over before.
        """
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        over, self._over = self._over, True
        return not over

    def _left(self, _: Failure, waiting: Deferred[Any]) -> None:
        # The peer is gone: nobody waits for the answer.
        if self._finish():
            waiting.cancel()

    def _tooLate(self, waiting: Deferred[Any]) -> None:
        self._deadline = None
        self._finish()
        self._answer(Refusal(503, "The service did not answer in time.\n"))
        waiting.cancel()

    def _answered(self, result: Any) -> None:
        if not self._finish():
            return
        if isinstance(result, Service):
            self._accept(result)
        elif isinstance(result, Error):
            self._refuse(result)
        else:
            self._log.error(
                "{service}.{method} returned {type} in place of a Service",
                service=self._mount.owner,
                method=self._mount.arguments.name,
                type=type(result).__name__,
            )
            self._answer(Refusal(500, FAILED))

    def _failed(self, failure: Failure) -> None:
        if not self._finish():
            if not failure.check(CancelledError):
                self._broken(failure)
            return
        if isinstance(failure.value, UpgradeError):
            self._refuse(failure.value)
        else:
            self._broken(failure)
            self._answer(Refusal(500, FAILED))

    def _broken(self, failure: Failure) -> None:
        self._log.failure(
            "{service}.{method} failed", failure=failure, service=self._mount.owner, method=self._mount.arguments.name
        )

    def _refuse(self, error: Error) -> None:
        """
        The application's no.  Its text is for the client (seed 4, 3.1); 401 and 403 have
        no body (decision 11).
        """
        if isinstance(error, AuthnError):
            headers = {"WWW-Authenticate": 'Basic realm="balws"', **error.headers}
            refusal = Refusal(401, "", headers)
        elif isinstance(error, UpgradeError):
            body = "" if isinstance(error, AuthzError) else str(error)
            refusal = Refusal(error.status, body, error.headers)
        else:
            refusal = Refusal(400, "Invalid upgrade request\n")
        try:
            checkedFields(refusal.headers)
        except ValueError as problem:
            self._log.error("{service}: a refusal's {problem}", service=self._mount.owner, problem=problem)
            refusal = Refusal(500, FAILED)
        self._answer(refusal)

    def _answer(self, refusal: Refusal) -> None:
        request = self._request
        if not request.startedWriting:
            answer(request, refusal)
            return
        self._log.error(
            "{service}.{method} answered the request itself",
            service=self._mount.owner,
            method=self._mount.arguments.name,
        )
        if not request.finished:
            request.loseConnection()

    def _accept(self, service: Service) -> None:
        mount, request = self._mount, self._request
        if mount.stopping or request.startedWriting:
            self._answer(Refusal(503, STOPPING))
            return
        try:
            session, response, compressor = self._prepared(service)
        except (ServiceDefinitionError, ValueError) as problem:
            self._log.error("{service}: {problem}", service=mount.owner, problem=problem)
            self._answer(Refusal(500, FAILED))
        except Exception:
            self._broken(Failure())
            self._answer(Refusal(500, FAILED))
        else:
            takeOver(request, mount.factory, session, response, compressor)

    def _prepared(self, service: Service) -> tuple[Connection, bytes, Any]:
        """
        @return: the conversation, the answer 101, and the compressor where one was agreed.
        """
        mount, request, upgrade = self._mount, self._request, self._upgrade
        table = mount.terms.table(type(service))
        fields = self._fields(service)
        protocol = next((name for name in upgrade.protocols if name in mount.config.subProtocols), None)
        agreed = agree(upgrade.extensions) if mount.compression and upgrade.extensions else None
        compressor, extension = agreed if agreed is not None else (None, None)
        connection = Connection(service, table, mount.terms)
        if protocol is not None:
            connection.subProtocol = protocol
        if service.keepRequest:
            connection.request = snapshot(request)
        principal = getattr(request, "principal", None)
        if principal is not None:
            connection.principal = principal
        response = switching(upgrade.key, protocol.encode() if protocol else None, extension, fields)
        return connection, response, compressor

    def _fields(self, service: Service) -> list[tuple[bytes, bytes]]:
        """
        What goes into the 101 beside the handshake: what C{get} put on the request,
        cookies, and the service's C{customHeaders}.
        """
        request = self._request
        fields = [
            (name, value)
            for name, values in request.responseHeaders.getAllRawHeaders()
            if name.lower() not in _NOT_FOR_101
            for value in values
        ]
        fields += [(b"Set-Cookie", cookie) for cookie in request.cookies]
        for name, value in fields:
            if not isValue(value):
                raise ValueError(f"header {name!r} has a control character in its value")
        headers = service.customHeaders
        return fields + checkedFields(headers) if headers else fields


def snapshot(request: Request) -> RequestSnapshot:
    """
    @return: what a service may keep of the request.
    """
    return RequestSnapshot(
        method=request.method.decode("ascii"),
        path=request.path.decode("latin-1"),
        arguments={
            name.decode("utf-8", "replace"): tuple(value.decode("utf-8", "replace") for value in values)
            for name, values in request.args.items()
        },
        headers={
            name.decode("ascii").lower(): tuple(value.decode("utf-8", "replace") for value in values)
            for name, values in request.requestHeaders.getAllRawHeaders()
        },
    )
