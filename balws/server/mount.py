# -*- test-case-name: tests.server.test_mount -*-
"""
An upgrade service at its place: everything that is the same for all its connections,
made and checked once.
"""

from __future__ import annotations

import inspect
import types
from collections import abc
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from balws.config.service import WSServiceConfig
from balws.errors import Error, ServiceDefinitionError
from balws.hub.broker import Audience
from balws.hub.hub import Hub
from balws.interfaces import IConnectionObserver, Service, UpgradeService
from balws.server.admission import Admission
from balws.server.arguments import Arguments
from balws.server.declare import configOf, resourceOf
from balws.server.doors import Doors
from balws.server.provenance import Provenance
from balws.session.parameters import annotationsOf, shown
from balws.session.terms import Terms
from balws.session.traffic import Traffic
from balws.wire.factory import WireFactory
from balws.wire.roster import Roster
from balws.wire.settings import WireSettings
from balws.wire.watch import Watch
from balws.wire.wheel import TimerWheel


class Mount:
    """
    @ivar given: what was attached: the user's object or class.
    @ivar service: the user's object.
    @ivar stopping: the listener stops, or the service was detached: no upgrade is accepted
        any more.
    @ivar isLogged: whether its connections are events of the log.
    @ivar path: where it is mounted.
    @ivar timeout: seconds that an upgrade may take in all; 0 sets no limit.
    @ivar compression: whether permessage-deflate is agreed to.
    @ivar factory: builds the wires.
    @ivar guard: asks who it is; L{None} where everybody may connect.
    @ivar admission: whether there is place for one more; L{None}: there always is.
    @ivar provenance: tells from where a request comes.
    """

    def __init__(
        self,
        service: UpgradeService | type[UpgradeService],
        path: str,
        *,
        reactor: Any,
        wheel: TimerWheel,
        roster: Roster,
        hub: Hub,
        listener: int,
        config: WSServiceConfig | None = None,
        timeout: float = 120,
        compression: bool = True,
        observer: IConnectionObserver | None = None,
        doors: Doors | None = None,
        admission: Admission | None = None,
        provenance: Provenance | None = None,
        traffic: Traffic | None = None,
        isLogged: bool = False,
    ) -> None:
        """
        @param traffic: what its connections carry is counted there; L{None} counts nothing.
        @param isLogged: whether their beginnings and ends are events of the log.
        @param doors: what guards of the same port share; L{None} makes them.
        @param admission: L{None}: there is place for everybody.
        @param provenance: L{None} trusts no proxy.
        @raise ServiceDefinitionError: when the service, or one that its C{get} names,
            cannot work as written.
        @raise balws.ConfigurationError: when its C{auth} cannot work.
        """
        self.given = service
        if isinstance(service, type):
            resource = resourceOf(service)
            service = service()
        else:
            resource = resourceOf(type(service))
        self.service = service
        self.stopping = False
        self.isLogged = isLogged
        self.path = path
        self.owner = type(service).__qualname__
        self.config = configOf(service) if config is None else config
        self.timeout = timeout
        self.compression = compression
        self.admission = admission
        self.provenance = Provenance() if provenance is None else provenance
        self.clock: IReactorTime = reactor
        self.arguments = Arguments(self.owner, resource.function, resource.path)
        self._function = resource.function
        self.factory = WireFactory(
            WireSettings.fromConfig(self.config, reactor, wheel), reactor, roster, Watch(observer, path)
        )
        self.terms = Terms(
            config=self.config, hub=hub, audience=Audience(listener, path), clock=reactor, wheel=wheel, traffic=traffic
        )
        self._checkReturned(resource.function)
        self.guard = (Doors(reactor) if doors is None else doors).guard(self.config, path)

    @property
    def wantsRequest(self) -> bool:
        """
        Whether a request of Twisted Web is needed before it is known whether there is a service:
        for the guard, for C{get}, or to wait until the hub is there.
        """
        return self.guard is not None or self.arguments.wantsRequest or self.terms.hub.isBeginning

    @property
    def challenge(self) -> str:
        """
        What C{WWW-Authenticate} says to whose token is not accepted.
        """
        return "" if self.guard is None else self.guard.challenge

    def call(self, values: dict[str, Any]) -> Any:
        """
        @return: what the user's C{get} gives.
        """
        return self._function(self.service, **values)

    def _checkReturned(self, function: Any) -> None:
        """
        Find the services that C{get} may return, and check them now: in its return
        annotation (104), and among the classes that its code names.
        """
        annotation = annotationsOf(self.owner, function).get("return")
        for part in _parts(annotation):
            if isinstance(part, type) and issubclass(part, Service):
                self.terms.table(part)
            elif part is not Any and not (isinstance(part, type) and issubclass(part, Error)):
                raise ServiceDefinitionError(
                    self.owner,
                    function.__name__,
                    f"it returns {shown(part)}",
                    "return a Service or an UpgradeError",
                )
        for kind in _named(function):
            self.terms.table(kind)


#: What may stand around the type of a result; the result's is the last in the brackets.
_AROUND = (Deferred, abc.Awaitable, abc.Coroutine, abc.Generator)


def _parts(annotation: Any) -> Iterator[Any]:
    origin, inside = get_origin(annotation), get_args(annotation)
    if annotation is None or annotation in _AROUND or (origin in _AROUND and not inside):
        return
    if origin is Annotated:
        yield from _parts(inside[0])
    elif origin in (Union, types.UnionType):
        for member in inside:
            yield from _parts(member)
    elif origin in _AROUND:
        yield from _parts(inside[-1])
    else:
        yield annotation


def _named(function: Any) -> Iterator[type[Service]]:
    """
    @return: the service classes that the code of a function mentions by name.
    """
    plain = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    if code is None:
        return
    try:
        known = dict(inspect.getclosurevars(plain).nonlocals)
    except ValueError:  # one of them has no value yet
        known = {}
    for name in (*code.co_names, *code.co_freevars):
        value = known.get(name, plain.__globals__.get(name))
        if isinstance(value, type) and issubclass(value, Service):
            yield value
