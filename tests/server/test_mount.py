"""
Tests of L{balws.server.mount}.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Awaitable, Coroutine, Generator
from typing import Annotated, Any, Literal, Optional, Union

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws import Service, UpgradeError, UpgradeService, WSServiceConfig, get, serviceConfig
from balws.errors import Error, ServiceDefinitionError
from balws.hub.broker import Audience
from balws.hub.hub import Hub
from balws.server.mount import Mount
from balws.wire.roster import Roster
from balws.wire.wheel import TimerWheel
from tests.auth.checking import NO, Answering
from tests.server.samples import Echo, EchoUpgrade


class Broken(Service):
    """
    Cannot work: nothing ever calls its method.
    """

    def onTextMesage(self, text: str) -> None: ...


class Events(Service):
    """
    Works where there is a dispatcher key.
    """

    def onJoin(self, data: dict) -> None: ...


class MountTestCase(SynchronousTestCase):
    """
    Services at a place.
    """

    def mount(self, service: Any, **more: Any) -> Mount:
        clock = Clock()
        return Mount(
            service,
            "/door",
            reactor=clock,
            wheel=TimerWheel(clock),
            roster=Roster(),
            hub=Hub(),
            listener=7,
            **more,
        )

    def mountGet(self, function: Any) -> Mount:
        """
        Mount a service of which this is the C{get}.
        """
        return self.mount(type("Door", (UpgradeService,), {"get": function}))

    def assertUndefined(self, function: Any, service: str, problem: str) -> None:
        error = self.assertRaises(ServiceDefinitionError, self.mountGet, function)
        self.assertEqual(error.service, service)
        self.assertIn(problem, str(error))


class PlaceTests(MountTestCase):
    """
    What a mount knows.
    """

    def test_instance(self) -> None:
        """
        An object is used as it is.
        """
        service = EchoUpgrade()
        mount = self.mount(service, timeout=5, compression=False)
        self.assertIs(mount.service, service)
        self.assertIs(mount.given, service)
        self.assertEqual((mount.owner, mount.path, mount.timeout), ("EchoUpgrade", "/door", 5))
        self.assertFalse(mount.compression)
        self.assertFalse(mount.stopping)
        self.assertIsInstance(mount.call({}), Echo)

    def test_class(self) -> None:
        """
        A class is made an object once it is found good.
        """
        made: list[Any] = []

        class Door(EchoUpgrade):
            def __init__(self) -> None:
                made.append(self)

        mount = self.mount(Door)
        self.assertIs(mount.given, Door)
        self.assertEqual(made, [mount.service])

        class Bad(UpgradeService):
            def __init__(self) -> None:
                made.append(self)

        self.assertRaises(ServiceDefinitionError, self.mount, Bad)
        self.assertEqual(len(made), 1)

    def test_configuration(self) -> None:
        """
        The decorator's configuration counts until it is given another; the wires and the
        conversations have the same.
        """
        door = serviceConfig(maxFrameSize=100)(type("Door", (EchoUpgrade,), {}))
        mount = self.mount(door)
        self.assertEqual((mount.config.maxFrameSize, mount.factory.settings.maxFrameSize), (100, 100))
        mount = self.mount(door, config=WSServiceConfig(maxFrameSize=200))
        self.assertEqual((mount.terms.config.maxFrameSize, mount.factory.settings.maxFrameSize), (200, 200))

    def test_audience(self) -> None:
        """
        Who is connected to it is told apart by listener and path.
        """
        self.assertEqual(self.mount(EchoUpgrade).terms.audience, Audience(7, "/door"))

    def test_call(self) -> None:
        """
        Arguments are given by name, to a marked method, too.
        """

        class Door(UpgradeService):
            @get("{room}")
            def enter(self, room: str) -> Any:
                return self, room

        mount = self.mount(Door())
        self.assertEqual(mount.call({"room": "x"}), (mount.service, "x"))

    def test_wantsRequest(self) -> None:
        """
        A request of Twisted Web is needed for a guard, for a C{get} that takes it, and while
        the hub is not there yet.
        """

        class Door(UpgradeService):
            def get(self, request) -> Echo:
                return Echo()

        entry = {"checker": Answering(NO)}
        self.assertTrue(self.mount(Door()).wantsRequest)
        self.assertTrue(self.mount(EchoUpgrade(), config=WSServiceConfig(auth=(entry,))).wantsRequest)
        mount = self.mount(EchoUpgrade())
        self.assertFalse(mount.wantsRequest)
        mount.terms.hub.isBeginning = True
        self.assertTrue(mount.wantsRequest)

    def test_noService(self) -> None:
        """
        What is no upgrade service is not mounted.
        """
        for service in (Echo(), Echo, object()):
            self.assertRaises(ServiceDefinitionError, self.mount, service)


class ReturnedTests(MountTestCase):
    """
    Services that C{get} returns are checked when it is attached (decision 27).
    """

    def test_annotations(self) -> None:
        """
        Every way to say what comes back leads to the class (104).
        """
        for annotation in (
            Broken,
            Broken | UpgradeError,
            Union[UpgradeError, Echo, Broken],
            Deferred[Broken],
            Awaitable[Broken],
            Coroutine[Any, Any, Broken],
            Generator[Deferred, Any, Broken],
            Deferred[Broken | UpgradeError],
            Annotated[Broken, "words"],
        ):

            def get(self, request): ...

            get.__annotations__["return"] = annotation
            self.assertUndefined(get, "Broken", "did you mean onTextMessage?")

    def test_unknown(self) -> None:
        """
        An annotation that does not say which service is taken.
        """
        for annotation in (
            Service,
            Service | UpgradeError,
            Deferred,
            Deferred[Service],
            Awaitable,
            typing.Awaitable,
            Awaitable[Service],
            Coroutine[Any, Any, Service],
            Generator[Any, Any, Service],
            Any,
            Error,
            Echo,
            "Service",
        ):

            def get(self, request): ...

            get.__annotations__["return"] = annotation
            self.mountGet(get)

    def test_nothingElse(self) -> None:
        """
        Nothing but services and errors comes back from a C{get}.
        """
        for annotation, words in (
            (None, "NoneType"),
            (str, "str"),
            (Optional[Echo], "NoneType"),
            (Echo | int, "int"),
            (Deferred[str], "str"),
            (list[Echo], "list[tests.server.samples.Echo]"),
            (type[Echo], "type[tests.server.samples.Echo]"),
            (UpgradeService, "UpgradeService"),
            (ValueError, "ValueError"),
            (Literal["x"], "typing.Literal['x']"),
        ):

            def get(self, request): ...

            get.__annotations__["return"] = annotation
            self.assertUndefined(get, "Door", f"it returns {words}; return a Service")

    def test_named(self) -> None:
        """
        Without an annotation the classes that the code names are checked: of the module and
        of the scope around, in plain functions, coroutines and inlineCallbacks.
        """

        class Local(Service):
            def onOpne(self) -> None: ...

        def module(self):
            return Broken()

        def scope(self):
            return Local()

        async def coroutine(self):
            return Broken()

        @inlineCallbacks
        def generator(self):
            yield
            return Local()

        for function, owner in (
            (module, "Broken"),
            (scope, "ReturnedTests.test_named.<locals>.Local"),
            (coroutine, "Broken"),
            (generator, "ReturnedTests.test_named.<locals>.Local"),
        ):
            self.assertUndefined(function, owner, "nothing ever calls it")

    def test_namedBesideTheRest(self) -> None:
        """
        Names of other things are none of its business, and the base class is no service to
        check; a local name hides the module's.
        """
        Broken = 7

        def get(self):
            return Broken, Service, Echo, Error, undefinedName, self.Missing  # type: ignore[name-defined]  # noqa: F821

        self.mountGet(get)

    def test_nameWithoutValue(self) -> None:
        """
        A class that is defined later is left to the first upgrade.
        """

        def get(self):
            return Later()

        self.mountGet(get)

        class Later(Service): ...

    def test_wrapped(self) -> None:
        """
        A decorator around something of which there is no code to read is taken as it is.
        """

        @functools.wraps(print, assigned=())
        def get(self): ...

        self.mountGet(get)

    def test_dispatcherKey(self) -> None:
        """
        A service is checked with the configuration of the place where it is mounted.
        """

        def get(self) -> Events: ...

        door = type("Door", (UpgradeService,), {"get": get})
        self.assertRaises(ServiceDefinitionError, self.mount, door)
        mount = self.mount(door, config=WSServiceConfig(dispatcherKey="event"))
        self.assertEqual(list(mount.terms.tables), [Events])
