# -*- test-case-name: tests.server.test_upgrade -*-
"""
One upgrade request that the gate let pass: who asks, the application's C{get}, the
take-over.
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.auth.login import Login
from balws.config.service import WSServiceConfig
from balws.errors import AuthnError, AuthzError, Error, ServiceDefinitionError, UpgradeError
from balws.interfaces import Service
from balws.server.admission import Admission
from balws.server.asked import Asked
from balws.server.gate import BEARER, Upgrade
from balws.server.inbound import Inbound, inbound
from balws.server.mount import Mount
from balws.server.refusal import Refusal, answer
from balws.session.caller import RequestSnapshot
from balws.wire.compression import agree
from balws.wire.headers import RESERVED, checkedFields, isValue, switching
from balws.wire.takeover import takeOver

#: What the client reads when C{get} failed; the log has the rest (row HS25).
FAILED = "The upgrade could not be handled.\n"

STOPPING = "The service is stopping.\n"

#: What Twisted Web puts on a request for answers of its own.
_NOT_FOR_101 = RESERVED | {b"content-type", b"date"}


class Attempt:
    """
    One upgrade request, from its credentials to its end.
    """

    _log = Logger(namespace="balws.server")

    _deadline: IDelayedCall | None = None
    _waiting: Deferred[Any] | None = None
    _watched = False
    _login: Login | None = None
    _admission: Admission | None = None
    _over = False

    def __init__(self, mount: Mount, asked: Asked, upgrade: Upgrade) -> None:
        self._mount = mount
        self._asked = asked
        self._upgrade = upgrade
        self._begun = mount.clock.seconds() if asked.begun is None else asked.begun

    def begin(self, values: dict[str, Any]) -> None:
        """
        @param values: keyword arguments for C{get}.
        """
        admission = self._mount.admission
        if admission is not None:
            refusal = admission.enter(self._asked.address)
            if refusal is not None:
                self._answer(refusal)
                return
            self._admission = admission
        hub = self._mount.terms.hub
        if hub.isBeginning:
            # A node that has just been started: many come back at once, and want to be in groups.
            tried = hub.whenTried()
            self._wait(tried)
            tried.addCallbacks(lambda _: self._begin(values), lambda failure: failure.trap(CancelledError))
        else:
            self._begin(values)

    def _begin(self, values: dict[str, Any]) -> None:
        guard = self._mount.guard
        if guard is None:
            self._ask(values)
            return
        admitted: Deferred[Any] = Deferred.fromCoroutine(guard.admit(self._asked.request, self._upgrade))
        self._wait(admitted)
        admitted.addCallbacks(self._admitted, self._guardFailed, (values,)).addErrback(self._broken)

    def _admitted(self, result: Login | Refusal, values: dict[str, Any]) -> None:
        self._waiting = None
        if isinstance(result, Login):
            if self._over:
                result.end()
                return
            self._login = result
            request: Any = self._asked.request
            request.principal = result.principal
            self._ask(values)
        elif self._finish():
            self._answer(result)

    def _guardFailed(self, failure: Failure) -> None:
        if self._finish():  # it was not given up: fail closed
            self._log.failure("Nobody can tell who asks for {service}", failure=failure, service=self._mount.owner)
            self._answer(Refusal(503))

    def _ask(self, values: dict[str, Any]) -> None:
        try:
            result = self._mount.call(values)
        except Exception:
            self._failed(Failure())
            return
        if isinstance(result, Service):
            self._answered(result)
            return
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if not isinstance(result, Deferred):
            self._answered(result)
            return
        self._wait(result)
        result.addCallbacks(self._answered, self._failed).addErrback(self._broken)

    def _wait(self, waiting: Deferred[Any]) -> None:
        """
        For whoever takes time, as long as the peer is there and the upgrade has time.
        """
        if waiting.called and not waiting.paused:
            return
        self._waiting = waiting
        if self._watched:
            return
        self._watched = True
        self._asked.request.notifyFinish().addErrback(self._left)
        left = self._timeLeft()
        if left is not None:
            self._deadline = self._mount.clock.callLater(left, self._tooLate)

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

    def _left(self, _: Failure) -> None:
        # The peer is gone: nobody waits for the answer.
        if self._finish():
            self._giveUp()

    def _tooLate(self) -> None:
        self._deadline = None
        self._finish()
        self._answer(Refusal(503, "The service did not answer in time.\n"))
        self._giveUp()

    def _giveUp(self) -> None:
        self._letGo()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    def _letGo(self) -> None:
        login, self._login = self._login, None
        if login is not None:
            login.end()
        admission, self._admission = self._admission, None
        if admission is not None:
            admission.leave(self._asked.address)

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
        self._letGo()
        if self._asked.isGone:
            return
        request = self._asked.request
        if not self._asked.isAnswered:
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
        mount, asked = self._mount, self._asked
        if mount.stopping or asked.isAnswered or asked.isGone:
            self._answer(Refusal(503, STOPPING))
            return
        if self._login is not None and self._login.left == 0.0:  # while get worked
            self._answer(Refusal(401, "", {"WWW-Authenticate": mount.challenge}))
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
            session.admission = self._admission
            self._login = self._admission = None  # the connection's now
            takeOver(asked.release, mount.factory, session, response, compressor)

    def _prepared(self, service: Service) -> tuple[Inbound, bytes, Any]:
        """
        @return: the conversation, the answer 101, and the compressor where one was agreed.
        """
        mount, asked, upgrade = self._mount, self._asked, self._upgrade
        table = mount.terms.table(type(service))
        fields = self._fields(service)
        protocol = None
        if upgrade.protocols:
            protocol = next((name for name in upgrade.protocols if name in mount.config.subProtocols), None)
        if protocol is None and upgrade.token is not None:
            protocol = BEARER.decode()  # a browser insists on one of those that it offered
        agreed = agree(upgrade.extensions) if mount.compression and upgrade.extensions else None
        compressor, extension = agreed if agreed is not None else (None, None)
        connection = inbound(service, table, mount.terms, mount.config, mount.isLogged)
        if mount.provenance.isSecure(asked):
            connection.behindTls = True
        if protocol is not None:
            connection.subProtocol = protocol
        if service.keepRequest:
            connection.request = snapshot(asked, mount.config)
        connection.login = self._login
        connection.address = asked.address
        if asked.principal is not None:
            connection.principal = asked.principal
        response = switching(upgrade.key, protocol.encode() if protocol else None, extension, fields)
        return connection, response, compressor

    def _fields(self, service: Service) -> list[tuple[bytes, bytes]]:
        """
        What goes into the 101 beside the handshake: what C{get} put on the request,
        cookies, and the service's C{customHeaders}.
        """
        fields = [(name, value) for name, value in self._asked.prepared() if name.lower() not in _NOT_FOR_101]
        for name, value in fields:
            if not isValue(value):
                raise ValueError(f"header {name!r} has a control character in its value")
        headers = service.customHeaders
        return fields + checkedFields(headers) if headers else fields


def snapshot(asked: Asked, config: WSServiceConfig) -> RequestSnapshot:
    """
    @return: what a service may keep of the request; the credentials that balws took are not
        among that.
    """
    secret = {b"authorization", b"sec-websocket-protocol"} if config.auth else set()
    if config.auth and config.bearerCookie is not None:
        secret.add(b"cookie")
    parameter = config.bearerQueryParameter if config.auth else None
    return RequestSnapshot(
        method=asked.method.decode("ascii"),
        path=asked.path.decode("latin-1"),
        arguments={
            name.decode("utf-8", "replace"): tuple(value.decode("utf-8", "replace") for value in values)
            for name, values in asked.args.items()
            if parameter is None or name != parameter.encode()
        },
        headers={
            name.decode("ascii"): tuple(value.decode("utf-8", "replace") for value in values)
            for name, values in asked.fields.items()
            if name not in secret
        },
    )
