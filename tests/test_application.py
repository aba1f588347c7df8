"""
Tests of L{balws.application}.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

import attrs
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource
from twisted.web.test.requesthelper import DummyRequest

from balws import ConfigurationError, ListenerError, WSServiceConfig, application
from balws.application import ListenerService, makeApplicationService
from balws.assembling import StaticFolder
from balws.config import Configuration, ListenerEntry, ServiceEntry, loadFile, loadText
from balws.hub import hub
from balws.server.listener import Listener
from balws.starting import CannotStart
from tests.server.peers import Peer, status, upgrade

#: A module of a user; each test imports it under a name of its own.
MODULE = """
from twisted.web.resource import Resource
from balws import Service, UpgradeService, serviceConfig

class Echo(Service):
    def onTextMessage(self, caller, text: str):
        return text

@serviceConfig(idleTimeout=5, subProtocols=["xml"])
class Upgrade(UpgradeService):
    def get(self) -> Echo:
        return Echo()

class Plain(UpgradeService):
    def get(self):
        return Echo()

class WithHub(UpgradeService):
    def __init__(self, *, hub):
        self.hub = hub
    def get(self):
        return Echo()

class Embedding(UpgradeService):
    def __init__(self):
        from balws.hub.hub import sharedHub
        self.hub = sharedHub()
    def get(self):
        return Echo()

class TwoGets(UpgradeService):
    def get(self):
        return Echo()
    def onOpen(self, caller):
        pass

class Broken(UpgradeService):
    def __init__(self):
        raise RuntimeError("not today\\nnor tomorrow")
    def get(self):
        return Echo()

class Silent(UpgradeService):
    def __init__(self):
        raise KeyError
    def get(self):
        return Echo()

class inner:
    upgrade = Upgrade()

def make():
    return Upgrade()

def makeWithHub(hub):
    return WithHub(hub=hub)

def makeClass():
    return Upgrade

def makeNumber():
    return 5

def makeMore(colour):
    return Upgrade()

number = 5
page = Resource()
Page = Resource

def makePage(hub):
    made = Resource()
    made.hub = hub
    return made

@serviceConfig(basePath="/base", webSocketUpgradePath="/ws")
class Based(UpgradeService):
    def get(self):
        return Echo()

getter = dict.get

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from balws.auth.principal import Realm

memory = InMemoryUsernamePasswordDatabaseDontUse(ada=b"x")
Memory = InMemoryUsernamePasswordDatabaseDontUse
realm = Realm()

def makeRealm(hub):
    made = Realm()
    made.hub = hub
    return made

@serviceConfig(auth=[{"fileUserStoreConfig": {}}, {"checker": memory}])
class Guarded(UpgradeService):
    def get(self):
        return Echo()
"""

_numbers = count()


class FakeListener:
    """
    Notes what it is asked.

    @ivar started: what C{start} returns.
    """

    made: list[FakeListener]

    def __init__(
        self, listenOn: object, *, reactor: object, config: object, hub: object, serverConfig: object, admission: object
    ) -> None:
        self.arguments = (listenOn, reactor, config)
        self.hub = hub
        self.serverConfig = serverConfig
        self.admission = admission
        self.attached: list[tuple[Any, str | None, WSServiceConfig]] = []
        self.resources: list[tuple[Any, str]] = []
        self.started: Deferred[None] = succeed(None)
        self.stopped: Deferred[None] = Deferred()
        self.calls: list[str] = []
        self.made.append(self)

    def attach(self, service: object, path: str | None, *, config: WSServiceConfig) -> None:
        """
        As L{Listener.attach}.
        """
        self.attached.append((service, path, config))

    def attachResource(self, resource: object, path: str) -> None:
        """
        As L{Listener.attachResource}.
        """
        self.resources.append((resource, path))

    def start(self) -> Deferred[None]:
        """
        As L{Listener.start}.
        """
        self.calls.append("start")
        return self.started

    def announce(self) -> None:
        """
        As L{Listener.announce}.
        """

    def gracefulStop(self) -> Deferred[None]:
        """
        As L{Listener.gracefulStop}.
        """
        self.calls.append("gracefulStop")
        return self.stopped

    def immediateStop(self) -> Deferred[None]:
        """
        As L{Listener.immediateStop}.
        """
        self.calls.append("immediateStop")
        return succeed(None)

    def reload(self) -> None:
        """
        As L{Listener.reload}.
        """
        self.calls.append("reload")


class ApplicationTestCase(SynchronousTestCase):
    """
    A folder with a module in it, and a listener that notes.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.module = f"balws_test_{next(_numbers)}"
        self.write(f"{self.module}.py", MODULE)
        self.patch(sys, "path", list(sys.path))
        self.patch(sys, "dont_write_bytecode", True)
        self.patch(hub, "_shared", None)
        self.addCleanup(self.forget)
        self.made: list[FakeListener] = []
        self.factory: Any = type("Fake", (FakeListener,), {"made": self.made})
        self.reactor: Any = MemoryReactorClock()

    def forget(self) -> None:
        """
        Make the modules of this test unknown again.
        """
        for name in [name for name in sys.modules if name.startswith("balws_test_")]:
            del sys.modules[name]

    def write(self, name: str, content: str) -> None:
        """
        Write a file into the folder.
        """
        (self.folder / name).write_text(dedent(content))

    def configuration(self, text: str) -> Configuration:
        """
        Load a configuration; M stands for the name of the module.
        """
        return loadText(text.replace("M:", f"{self.module}:"), "balws.toml", self.folder)

    def services(self, *lines: str) -> str:
        """
        @return: a configuration with one service.
        """
        return "\n".join(["[[listeners]]", "port = 1", "[[listeners.services]]", *lines])

    def make(self, text: str) -> FakeListener:
        """
        @return: the listener that a configuration makes.
        """
        makeApplicationService(self.configuration(text), self.reactor, self.factory)
        return self.made[-1]

    def refusal(self, text: str, factory: Any = None) -> str:
        """
        @return: the one line that a configuration makes.
        """
        error = self.assertRaises(
            ConfigurationError,
            makeApplicationService,
            self.configuration(text),
            self.reactor,
            self.factory if factory is None else factory,
        )
        line = str(error).replace(f"{self.module}", "M")
        self.assertNotIn("\n", line)
        return line


class ImportTests(ApplicationTestCase):
    """
    What a file names is imported and made.
    """

    def test_kinds(self) -> None:
        """
        A service may be a class, an instance, or a factory.
        """
        for target, kind in (
            ("M:Upgrade", "Upgrade"),
            ("M:inner.upgrade", "Upgrade"),
            ("M:make", "Upgrade"),
            ("M:WithHub", "WithHub"),
            ("M:makeWithHub", "WithHub"),
        ):
            listener = self.make(self.services(f'service = "{target}"', 'path = "/a"'))
            ((service, path, _),) = listener.attached
            self.assertEqual((type(service).__name__, path), (kind, "/a"))

    def test_hub(self) -> None:
        """
        A class or a factory with a parameter hub gets the listener's.
        """
        for target in ("M:WithHub", "M:makeWithHub"):
            listener = self.make(self.services(f'service = "{target}"', 'path = "/a"'))
            self.assertIs(listener.attached[0][0].hub, listener.hub)

    def test_sharedHub(self) -> None:
        """
        What a module makes beside the file shares the hub of the file.
        """
        listener = self.make(self.services('service = "M:Embedding"', 'path = "/a"'))
        self.assertIs(listener.attached[0][0].hub, listener.hub)

    def test_resources(self) -> None:
        """
        A resource may be an instance, a class, or a factory, which may take the hub.
        """
        for target in ("M:page", "M:Page", "M:makePage"):
            listener = self.make(
                f'[[listeners]]\nport = 1\n[[listeners.resources]]\npath = "/p"\nresource = "{target}"'
            )
            ((resource, path),) = listener.resources
            self.assertTrue(IResource.providedBy(resource))
            self.assertEqual(path, "/p")
        self.assertIs(resource.hub, listener.hub)

    def test_pythonPath(self) -> None:
        """
        The file's folder comes first on the path, then the others; none comes twice.
        """
        (self.folder / "lib").mkdir()
        before = list(sys.path)
        for _ in range(2):
            self.make('[python]\npath = ["lib", "."]\n[[listeners]]\nport = 1')
        self.assertEqual(sys.path, [str(self.folder), str(self.folder / "lib"), *before])

    def test_noModule(self) -> None:
        """
        A module that is not there is refused at the value that names it.
        """
        self.assertEqual(
            self.refusal(self.services('service = "balws_test_none:A"')),
            'balws.toml:4:11: listeners[0].services[0].service: no module named "balws_test_none"',
        )
        self.assertEqual(
            self.refusal(self.services('path = "/a"', 'service = "balws_test_none.inner:A"')),
            'balws.toml:5:11: listeners[0].services[0].service: no module named "balws_test_none"',
        )

    def test_brokenModule(self) -> None:
        """
        A module that cannot be imported is refused with its own error and line.
        """
        for content, words in (
            (
                "import balws_test_absent\n",
                "ModuleNotFoundError: No module named 'balws_test_absent' ({}.py:1)",
            ),
            ("\n1/0\n", "ZeroDivisionError: division by zero ({}.py:2)"),
            ("def\n", "SyntaxError: invalid syntax ({}.py, line 1)"),
            ("raise ValueError('a\\nb')\n", "ValueError: a ({}.py:1)"),
        ):
            name = f"balws_test_{next(_numbers)}"
            self.write(f"{name}.py", content)
            self.assertEqual(
                self.refusal(self.services(f'service = "{name}:A"')),
                f"balws.toml:4:11: listeners[0].services[0].service: importing {name} failed: "
                + words.format(name),
            )

    def test_noAttribute(self) -> None:
        """
        A name that the module does not have is refused.
        """
        for target in ("None", "inner.none"):
            self.assertEqual(
                self.refusal(self.services(f'service = "M:{target}"')),
                f'balws.toml:4:11: listeners[0].services[0].service: the module M has no "{target}"',
            )

    def test_wrongKind(self) -> None:
        """
        What is no UpgradeService, and makes none, is refused.
        """
        for target, words in (
            ("number", "5"),
            ("Echo", "the class Echo"),
            ("makeNumber", "5"),
            ("makeClass", "the class Upgrade"),
            ("page", "an object of type Resource"),
        ):
            self.assertEqual(
                self.refusal(self.services(f'service = "M:{target}"', 'path = "/a"')),
                f"balws.toml:4:11: listeners[0].services[0].service: expected an UpgradeService, got {words}",
            )
        self.assertEqual(
            self.refusal(
                '[[listeners]]\nport = 1\n[[listeners.resources]]\npath = "/"\nresource = "M:Upgrade"'
            ),
            "balws.toml:5:12: listeners[0].resources[0].resource: expected an IResource, got the class Upgrade",
        )

    def test_failingFactory(self) -> None:
        """
        What fails when it is called is refused with its own error, on one line.
        """
        start = "balws.toml:4:11: listeners[0].services[0].service: calling M:"
        for target, words in (
            ("Broken", "RuntimeError: not today (M.py:"),
            ("Silent", "KeyError (M.py:"),
            ("makeMore", "TypeError: makeMore() missing 1 required positional argument: 'colour'"),
            ("getter", "TypeError: unbound method dict.get() needs an argument"),
        ):
            line = self.refusal(self.services(f'service = "M:{target}"'))
            self.assertTrue(line.startswith(f"{start}{target} failed: {words}"), line)

    def test_noSignature(self) -> None:
        """
        A callable that has no signature gets no hub.
        """
        self.write("balws_test_builtin.py", "make = type\n")
        line = self.refusal(self.services('service = "balws_test_builtin:make"'))
        self.assertIn("expected an UpgradeService, got the class type", line)
        self.write("balws_test_iter.py", "make = iter\n")
        line = self.refusal(self.services('service = "balws_test_iter:make"'))
        self.assertIn("calling balws_test_iter:make failed: TypeError: iter expected", line)


class AttachTests(ApplicationTestCase):
    """
    What is made is attached with its configuration.
    """

    def test_decoratorAlone(self) -> None:
        """
        Without further keys the decorator's configuration counts, or the defaults.
        """
        listener = self.make(self.services('service = "M:Upgrade"', 'path = "/a"'))
        self.assertEqual(listener.attached[0][2], WSServiceConfig(idleTimeout=5, subProtocols=["xml"]))
        listener = self.make(self.services('service = "M:Plain"', 'path = "/a"'))
        self.assertEqual(listener.attached[0][2], WSServiceConfig())

    def test_fileOverDecorator(self) -> None:
        """
        The file's keys stand over the decorator's.
        """
        listener = self.make(
            self.services('service = "M:Upgrade"', 'path = "/a"', "idleTimeout = 30", "validation = false")
        )
        self.assertEqual(
            listener.attached[0][2], WSServiceConfig(idleTimeout=30, validation=False, subProtocols=["xml"])
        )

    def test_fileAndDecoratorTogether(self) -> None:
        """
        What does not fit together is refused at the file's part of it.
        """
        self.assertEqual(
            self.refusal(self.services('service = "M:Upgrade"', 'path = "/a"', 'dispatcherStreamId = "id"')),
            "balws.toml:6:22: listeners[0].services[0].dispatcherStreamId: "
            "a dispatcherStreamId needs a dispatcherKey",
        )

    def test_pathOfDecorator(self) -> None:
        """
        Without a path the pair of 2017 counts, from the decorator or from the file.
        """
        listener = self.make(self.services('service = "M:Based"'))
        self.assertEqual((listener.attached[0][1], listener.attached[0][2].basePath), (None, "/base"))
        for key in ("basePath", "webSocketUpgradePath"):
            listener = self.make(self.services('service = "M:Plain"', f'{key} = "/x"'))
            self.assertIsNone(listener.attached[0][1])
        self.assertEqual(
            self.refusal(self.services('service = "M:Plain"')),
            "balws.toml:3:1: listeners[0].services[0].path: is missing, and the service has no basePath",
        )

    def test_listener(self) -> None:
        """
        A listener gets its port or endpoint, the reactor, and its configuration.
        """
        self.make('[[listeners]]\nport = 0\ntimeout = 3\n[[listeners]]\nendpoint = "tcp:1"')
        first, second = self.made
        self.assertEqual(first.arguments[:2], (0, self.reactor))
        self.assertEqual(first.arguments[2].timeout, 3)  # type: ignore[attr-defined]
        self.assertEqual(second.arguments[:2], ("tcp:1", self.reactor))

    def test_static(self) -> None:
        """
        A static folder becomes a resource that serves its files.
        """
        listener = self.make('[[listeners]]\nport = 1\n[[listeners.resources]]\npath = "/"\nstatic = "."')
        ((resource, path),) = listener.resources
        self.assertIsInstance(resource, StaticFolder)
        self.assertEqual((resource.path, path), (str(self.folder), "/"))

    def test_definitionError(self) -> None:
        """
        A service that cannot work is refused in the words of its definition error.
        """
        line = self.refusal(self.services('service = "M:TwoGets"', 'path = "/a"'), Listener)
        self.assertEqual(
            line,
            "balws.toml:4:11: listeners[0].services[0].service: TwoGets.onOpen: "
            "an upgrade service has no remote methods; move it to the Service that get returns",
        )

    def test_takenPath(self) -> None:
        """
        A path that another service has by its decorator is refused, for services and resources.
        """
        self.assertIn(
            "balws.toml:6:11: listeners[0].services[1].service: ",
            self.refusal(
                self.services('service = "M:Based"', "[[listeners.services]]", 'service = "M:Based"'),
                Listener,
            ),
        )
        self.assertIn(
            "balws.toml:6:8: listeners[0].resources[0].path: ",
            self.refusal(
                self.services(
                    'service = "M:Based"',
                    "[[listeners.resources]]",
                    'path = "/base/ws"',
                    'resource = "M:page"',
                ),
                Listener,
            ),
        )

    def test_badEndpoint(self) -> None:
        """
        An endpoint that Twisted does not understand is refused at its place.
        """
        for endpoint in ("nonsense:1", "tcp:a", "tcp"):
            line = self.refusal(f'[[listeners]]\nendpoint = "{endpoint}"', Listener)
            self.assertTrue(line.startswith("balws.toml:2:12: listeners[0].endpoint: "), line)

    def test_endpointOfAnotherKind(self) -> None:
        """
        Whatever else an endpoint raises ends in one line, too.
        """

        def factory(*args: object, **fields: object) -> None:
            raise OSError("no such device")

        self.assertEqual(
            self.refusal('[[listeners]]\nendpoint = "serial:0"', factory).partition(" (")[0],
            "balws.toml:2:12: listeners[0].endpoint: OSError: no such device",
        )

    def test_inCode(self) -> None:
        """
        A configuration made in code works without a file, and its errors have the key only.
        """
        sys.path.insert(0, str(self.folder))
        entry = ListenerEntry(port=1, services=(ServiceEntry(path="/a", service=f"{self.module}:none"),))
        configuration = Configuration(listeners=(entry,), pythonPath=(), folder=self.folder)
        error = self.assertRaises(
            ConfigurationError, makeApplicationService, configuration, self.reactor, self.factory
        )
        self.assertEqual(str(error), f'service: the module {self.module} has no "none"')


class AuthTests(ApplicationTestCase):
    """
    Who may connect, by a file.
    """

    #: The file's own users.
    USERS = '[[auth.users]]\nusername = "ada"\npassword = "{}"\n'

    def entries(self, text: str) -> Any:
        """
        @return: the C{auth} with which the only service is attached.
        """
        ((_, _, config),) = self.make(text).attached
        return config.auth

    def guarded(self, *lines: str, service: str = "M:Plain") -> str:
        """
        @return: a service with one entry of auth.
        """
        auth = ["[[listeners.services.auth]]", *lines] if lines else []
        return self.services(f'service = "{service}"', 'path = "/a"', *auth) + "\n"

    def test_users(self) -> None:
        """
        An empty fileUserStoreConfig is the file's own users, in the decorator as well.
        """
        users = self.USERS.format("x")
        for text in (
            self.guarded("fileUserStoreConfig = {}") + users,
            self.guarded("fileUserStoreConfig = {}") + users.replace("auth.users", "ballerina.auth.users"),
            self.guarded(service="M:Guarded") + users,
        ):
            entry = self.entries(text)[0]
            self.assertEqual(entry.fileUserStoreConfig.path, str(self.folder / "balws.toml"))

    def test_usersFile(self) -> None:
        """
        So it is where these stand in another file.
        """
        text = self.guarded('scopes = "write"', "fileUserStoreConfig = {}") + '[auth]\nusersFile = "users.toml"'
        (entry,) = self.entries(text)
        self.assertEqual((entry.fileUserStoreConfig.path, entry.scopes), (str(self.folder / "users.toml"), ("write",)))

    def test_plaintext(self) -> None:
        """
        Whether passwords may be plain text is said in either place.
        """
        for entry, auth, expected in (("false", "false", False), ("true", "false", True), ("false", "true", True)):
            text = self.guarded(f"fileUserStoreConfig = {{ allowPlaintextPasswords = {entry} }}")
            text += f"[auth]\nallowPlaintextPasswords = {auth}\n" + self.USERS.format("x")
            (found,) = self.entries(text)
            self.assertEqual(found.fileUserStoreConfig.allowPlaintextPasswords, expected)

    def test_ownUsers(self) -> None:
        """
        An entry with users of its own, be it none, keeps them.
        """
        for line, path, users in (
            ('fileUserStoreConfig = { path = "other.toml" }', "other.toml", None),
            ('fileUserStoreConfig = { users = { bob = "x" } }', None, ["bob"]),
            ("fileUserStoreConfig = { users = [] }", None, []),
        ):
            (entry,) = self.entries(self.guarded(line) + self.USERS.format("x"))
            store = entry.fileUserStoreConfig
            self.assertEqual(store.path, path and str(self.folder / path))
            names = None if store.users is None else [each.username for each in store.users]
            self.assertEqual(names, users)

    def test_checker(self) -> None:
        """
        A checker is an object, or what a class or a factory makes.
        """
        for target in ("memory", "Memory"):
            (entry,) = self.entries(self.guarded(f'checker = "M:{target}"'))
            self.assertTrue(ICredentialsChecker.providedBy(entry.checker))
        _, entry = self.entries(self.guarded(service="M:Guarded"))
        self.assertTrue(ICredentialsChecker.providedBy(entry.checker))

    def test_realm(self) -> None:
        """
        A realm is as well; a factory may take the hub.
        """
        for target in ("realm", "Realm", "makeRealm"):
            (entry,) = self.entries(self.guarded('checker = "M:memory"', f'realm = "M:{target}"'))
            self.assertTrue(IRealm.providedBy(entry.realm))
        self.assertIs(entry.realm.hub, self.made[-1].hub)

    def test_wrongTargets(self) -> None:
        """
        What is no checker or no realm is refused where it stands.
        """
        for lines, error in (
            (('checker = "M:realm"',), "7:11: auth[0].checker: expected an ICredentialsChecker, got "),
            (('checker = "M:Echo"',), "7:11: auth[0].checker: expected an ICredentialsChecker, got "),
            (('checker = "M:none"',), '7:11: auth[0].checker: the module M has no "none"'),
            (('checker = "balws_test_none:A"',), '7:11: auth[0].checker: no module named "balws_test_none"'),
            (('checker = "M:memory"', 'realm = "M:memory"'), "8:9: auth[0].realm: expected an IRealm, got "),
            (('checker = "M:memory"', 'realm = "M:number"'), "8:9: auth[0].realm: expected an IRealm, got 5"),
        ):
            line = self.refusal(self.guarded(*lines)).replace("listeners[0].services[0].", "")
            self.assertTrue(line.startswith(f"balws.toml:{error}"), line)

    def test_noUsers(self) -> None:
        """
        A fileUserStoreConfig without users anywhere is refused.
        """
        line = self.refusal(self.guarded("fileUserStoreConfig = {}"), Listener)
        self.assertTrue(line.startswith("balws.toml:7:23: listeners[0].services[0].auth[0].fileUserStoreConfig"), line)

    def test_unusableUsers(self) -> None:
        """
        A user whose password cannot be used is refused where he stands, here or in the file
        of users, and no password is shown.
        """
        text = self.guarded("fileUserStoreConfig = {}")
        users = self.USERS.format("p4ssw0rd-canary")
        self.write("balws.toml", text + users)
        line = self.refusal(text + users, Listener)
        self.assertNotIn("canary", line)
        self.assertRegex(line, r"^\S*balws\.toml:10:\d+: auth\.users\[0\]\.password: ")
        self.write("users.toml", "\n" + users)
        line = self.refusal(text + '[auth]\nusersFile = "users.toml"', Listener)
        self.assertNotIn("canary", line)
        self.assertRegex(line, r"^\S*users\.toml:4:\d+: auth\.users\[0\]\.password: ")

    def test_missingFile(self) -> None:
        """
        A file of users that is not there is refused before anybody listens.
        """
        text = self.guarded('fileUserStoreConfig = { path = "none.toml" }')
        line = self.refusal(text, Listener)
        self.assertIn("none.toml", line)

    def test_works(self) -> None:
        """
        What is named guards the service.
        """
        text = self.guarded("fileUserStoreConfig = {}")
        text += '[[listeners.services]]\nservice = "M:Plain"\npath = "/b"\n'
        text += '[[listeners.services.auth]]\nchecker = "M:memory"\n'
        text += "[auth]\nallowPlaintextPasswords = true\n" + self.USERS.format("x")
        self.write("balws.toml", text)
        makeApplicationService(self.configuration(text), self.reactor, Listener).privilegedStartService()
        factory = self.reactor.tcpServers[0][1]
        for path, authorization, expected in (("/a", None, 401), ("/b", None, 401), ("/b", "Basic YWRhOng=", 101)):
            peer = Peer(factory).send(upgrade(path, Authorization=authorization))
            self.assertEqual(status(peer.answer), expected)


class LifeTests(ApplicationTestCase):
    """
    Ports are opened by C{privilegedStartService} and closed by C{stopService}.
    """

    def listener(self) -> Any:
        """
        @return: a listener that nothing is attached to.
        """
        return self.factory(1, reactor=self.reactor, config=None, hub=None, serverConfig=None, admission=None)

    def test_lifeOfAll(self) -> None:
        """
        Nothing is opened before the start, everything is opened by it, and the stop waits for all.
        """
        service = makeApplicationService(
            self.configuration("[[listeners]]\nport = 1\n[[listeners]]\nport = 2"), self.reactor, self.factory
        )
        self.assertEqual([listener.calls for listener in self.made], [[], []])
        service.privilegedStartService()
        self.assertEqual([listener.calls for listener in self.made], [["start"], ["start"]])
        service.startService()
        stopped = service.stopService()
        self.assertEqual([listener.calls[1:] for listener in self.made], [["gracefulStop"], ["gracefulStop"]])
        self.made[0].stopped.callback(None)
        self.assertNoResult(stopped)
        self.made[1].stopped.callback(None)
        self.successResultOf(stopped)

    def test_realListener(self) -> None:
        """
        The real listener opens the port that the file says.
        """
        text = self.services('service = "M:Upgrade"', 'path = "/a"').replace("port = 1", "port = 8765")
        service = makeApplicationService(self.configuration(text), self.reactor)
        self.assertEqual(self.reactor.tcpServers, [])
        service.privilegedStartService()
        ((port, factory, _, interface),) = self.reactor.tcpServers
        self.assertEqual((port, interface), (8765, "0.0.0.0"))
        self.assertEqual(status(Peer(factory).send(upgrade("/a")).answer), 101)

    def test_portInUse(self) -> None:
        """
        A port that cannot be opened ends the process with one line and a status other than 0.
        """
        listener = self.listener()
        listener.started = fail(ListenerError("failed to start the listener on '9090': in use"))
        error = self.assertRaises(CannotStart, ListenerService(listener).privilegedStartService)
        self.assertIsInstance(error, SystemExit)
        self.assertEqual(error.code, "balws: failed to start the listener on '9090': in use")

    def test_tellsTheForeground(self) -> None:
        """
        The process in the background can tell the one that waits in the foreground: for
        that, twistd catches C{Exception}.
        """
        with self.assertRaises(Exception) as raised:
            raise CannotStart("why")
        self.assertEqual((str(raised.exception), raised.exception.code), ("why", "why"))

    def test_otherFailure(self) -> None:
        """
        A foreign endpoint may fail in words of its own, at once or by raising.
        """
        listener = self.listener()
        listener.started = fail(CannotListenError("127.0.0.1", 80, OSError(13, "Permission denied")))
        error = self.assertRaises(CannotStart, ListenerService(listener).privilegedStartService)
        self.assertIn("balws: CannotListenError: Couldn't listen on 127.0.0.1:80", str(error.code))

        def start() -> None:
            raise OSError("no such device")

        listener.start = start
        error = self.assertRaises(CannotStart, ListenerService(listener).privilegedStartService)
        self.assertIn("balws: OSError: no such device", str(error.code))

    def test_lateFailure(self) -> None:
        """
        An endpoint that fails later ends the process that runs already: the reactor that was given,
        or Twisted's own.
        """
        from twisted.internet import reactor

        ends: list[tuple[Any, str]] = []
        self.patch(application, "failStart", lambda *arguments: ends.append(arguments))
        for given, expected in ((self.reactor, self.reactor), (None, reactor)):
            listener = self.listener()
            listener.started = Deferred()
            service = ListenerService(listener, given)
            service.privilegedStartService()
            self.assertEqual(ends, [])
            listener.started.errback(ListenerError("it is over"))
            self.assertEqual(ends, [(expected, "balws: it is over")])
            self.assertNoResult(service.whenReady())
            ends.clear()


class SharedTests(ApplicationTestCase):
    """
    What all listeners have in common.
    """

    TWO = "[[listeners]]\nport = 1\n[[listeners]]\nport = 2\n"

    def test_same(self) -> None:
        """
        They share the hub and the limits of the process.
        """
        text = self.TWO + "[server]\nmaxConnections = 7\n[hub]\nmaxNames = 5"
        service = makeApplicationService(self.configuration(text), self.reactor, self.factory)
        first, second = self.made
        self.assertIs(first.hub, second.hub)
        self.assertIs(first.hub, service.hub)
        self.assertIs(first.admission, second.admission)
        self.assertEqual(first.serverConfig, service.configuration.server)

    def test_places(self) -> None:
        """
        A place that one listener gives is one less for the others.
        """
        text = self.TWO.replace("port = 1", 'port = 1\n[[listeners.services]]\nservice = "M:Plain"\npath = "/a"')
        text += '[[listeners.services]]\nservice = "M:Plain"\npath = "/a"\n[server]\nmaxConnections = 1'
        makeApplicationService(self.configuration(text), self.reactor).privilegedStartService()
        found = [status(Peer(each[1]).send(upgrade("/a")).answer) for each in self.reactor.tcpServers]
        self.assertEqual(found, [101, 503])

    def test_hub(self) -> None:
        """
        The hub is started before the listeners' services are, and stopped when all have stopped.
        """
        service = makeApplicationService(self.configuration(self.TWO), self.reactor, self.factory)
        calls: list[str] = []
        gone: Deferred[None] = Deferred()
        self.patch(service.hub, "start", lambda: calls.append(f"start {service.running}"))
        self.patch(service.hub, "stop", lambda: calls.append("stop") or gone)
        service.privilegedStartService()
        service.startService()
        stopped = service.stopService()
        self.made[0].stopped.callback(None)
        self.assertEqual(calls, ["start 0"])
        self.made[1].stopped.callback(None)
        self.assertEqual(calls, ["start 0", "stop"])
        self.assertNoResult(stopped)
        gone.callback(None)
        self.successResultOf(stopped)

    def test_badHub(self) -> None:
        """
        A hub that cannot be made is refused at its place.
        """

        def makeHub(*arguments: object) -> None:
            raise ConfigurationError("no", "url")

        self.patch(application, "makeHub", makeHub)
        line = self.refusal(self.TWO + '[hub]\nurl = "redis://localhost"')
        self.assertEqual(line, "balws.toml:6:7: hub.url: no")

    def test_ready(self) -> None:
        """
        It is ready when every listener listens.
        """
        service = makeApplicationService(self.configuration(self.TWO), self.reactor, self.factory)
        self.made[1].started = Deferred()
        ready = service.whenReady()
        service.privilegedStartService()
        self.assertNoResult(ready)
        self.made[1].started.callback(None)
        self.successResultOf(ready)

    def test_stopNow(self) -> None:
        """
        Everybody is dropped, while the stop is under way, too.
        """
        service = makeApplicationService(self.configuration(self.TWO), self.reactor, self.factory)
        service.stopNow()
        self.assertEqual([listener.calls for listener in self.made], [["immediateStop"]] * 2)

    def test_worker(self) -> None:
        """
        One of several processes has its share of the connections, and listens to what the first of them
        has opened and where it says.
        """

        class Worker:
            """
            One of three.
            """

            def served(self, configuration: Configuration) -> Configuration:
                return attrs.evolve(configuration, listeners=configuration.listeners[:0:-1])

            def share(self, limit: int) -> int:
                return -(-limit // 3)

            def endpoint(self, index: int, reactor: Any, place: Any) -> Any:
                if index == 2:
                    raise place.error("this listener is new")
                return index, reactor, place.path

        worker: Any = Worker()
        text = self.TWO + "[[listeners]]\nport = 3\n[server]\nmaxConnections = 4"
        makeApplicationService(self.configuration(text), self.reactor, self.factory, worker)
        expected = [(0, self.reactor, "listeners[2]"), (1, self.reactor, "listeners[1]")]
        self.assertEqual([each.arguments[0] for each in self.made], expected)
        admission: Any = self.made[0].admission
        found = [admission.enter("127.0.0.1") for _ in range(3)]
        self.assertEqual([each is None for each in found], [True, True, False])
        with self.assertRaises(ConfigurationError) as raised:
            makeApplicationService(
                self.configuration(self.TWO + "[[listeners]]\nport = 3\n" * 2), self.reactor, self.factory, worker
            )
        self.assertEqual(str(raised.exception), "balws.toml:3:1: listeners[1]: this listener is new")


class ReloadTests(ApplicationTestCase):
    """
    Another configuration while it runs; what one listener does with it is in L{tests.server.test_offer}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.events: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def start(self, text: str) -> Any:
        """
        @return: the application of a file, which runs.
        """
        self.change(text)
        service = makeApplicationService(loadFile(self.folder / "balws.toml"), self.reactor)
        service.privilegedStartService()
        return service

    def change(self, text: str) -> None:
        """
        Write the file.
        """
        self.write("balws.toml", text.replace("M:", f"{self.module}:"))

    def said(self) -> list[tuple[str, str]]:
        """
        @return: what was logged since the last time by whoever reloads: the level and the line.
        """
        found = [
            (each["log_level"].name, formatEvent(each)) for each in self.events if each["log_namespace"] == "balws"
        ]
        self.events.clear()
        return found

    def status(self, path: str = "/a") -> int:
        """
        @return: what a peer is answered.
        """
        return status(Peer(self.reactor.tcpServers[0][1]).send(upgrade(path)).answer)

    def test_taken(self) -> None:
        """
        What was added is there, and one line says so.
        """
        text = self.services('service = "M:Plain"', 'path = "/a"')
        service = self.start(text)
        self.assertEqual((self.status("/a"), self.status("/b")), (101, 404))
        self.change(text.replace("/a", "/b"))
        service.reload()
        self.assertEqual((self.status("/a"), self.status("/b")), (404, 101))
        words = "The configuration was read again and counts; modules are not imported again."
        self.assertEqual(self.said(), [("info", words)])

    def test_server(self) -> None:
        """
        The limits of the process count at once.
        """
        text = self.services('service = "M:Plain"', 'path = "/a"')
        service = self.start(text)
        self.assertEqual([self.status(), self.status()], [101, 101])
        self.change(text + "\n[server]\nmaxConnections = 3")
        service.reload()
        self.assertEqual([self.status(), self.status()], [101, 503])

    def test_restart(self) -> None:
        """
        What needs a restart is named, each time that it is still wanted.
        """
        service = self.start(self.services('service = "M:Plain"', 'path = "/a"'))
        self.change(self.services('service = "M:Plain"', 'path = "/b"').replace("port = 1", "port = 2"))
        for _ in range(2):
            service.reload()
            self.assertEqual(self.said()[1:], [("warn", "Only a restart changes listeners[0].port.")])
            self.assertEqual(self.status("/b"), 101)
        self.assertEqual(service.configuration.listeners[0].port, 1)

    def test_refused(self) -> None:
        """
        What is wrong with one listener leaves all as they were, and Python's path, too.
        """
        text = self.services('service = "M:Plain"', 'path = "/a"', "[[listeners]]", "port = 2")
        service = self.start(text)
        before, path = service.configuration, list(sys.path)
        (self.folder / "lib").mkdir()
        file = self.folder / "balws.toml"
        changed = text.replace("/a", "/b") + '\n[python]\npath = ["lib"]\n'
        for more, where in (
            ("x", f"{file}:10:"),
            ('[server]\nworkers = "x"', f"{file}:11:11: server.workers: "),
            ('[[listeners.services]]\nservice = "M:none"', f"{file}:11:11: listeners[1].services[0].service: "),
            ('[listeners.secureSocket]\nkey = {certFile = "none", keyFile = "none"}', f"{file}:11:"),
        ):
            self.change(changed + more)
            service.reload()
            ((level, line),) = self.said()
            self.assertEqual((level, line[:34]), ("error", "The configuration stays as it was:"))
            self.assertIn(where, line)
            self.assertEqual((self.status("/a"), self.status("/b")), (101, 404))
            self.assertIs(service.configuration, before)
            self.assertEqual(sys.path, path)
        file.unlink()
        service.reload()
        line = f"The configuration stays as it was: {file}: cannot be read: No such file or directory"
        self.assertEqual(self.said(), [("error", line)])

    def test_fault(self) -> None:
        """
        What fails in a way that nobody thought of leaves all as it was, too.
        """
        text = self.services('service = "M:Plain"', 'path = "/a"')
        service = self.start(text)

        def furnish(*arguments: object) -> None:
            raise RuntimeError("not foreseen")

        self.patch(application, "furnish", furnish)
        service.reload()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(self.said(), [("critical", "The configuration stays as it was")])
        self.assertEqual(self.status(), 101)

    def test_inCode(self) -> None:
        """
        A configuration that is of no file is as it is; its certificates, keys and users are read again.
        """
        configuration = Configuration(listeners=(ListenerEntry(port=1),), pythonPath=(), folder=self.folder)
        service = makeApplicationService(configuration, self.reactor, self.factory)
        service.reload()
        self.assertEqual(self.made[0].calls, ["reload"])
        self.assertEqual([level for level, _ in self.said()], ["info"])

    def test_state(self) -> None:
        """
        A service that is still named is the same object.
        """
        text = self.services('service = "M:Plain"', 'path = "/a"')
        service = self.start(text)
        (served,) = service._served
        (before,) = served.listener.mounts
        self.change(text + "\nidleTimeout = 9")
        service.reload()
        (after,) = served.listener.mounts
        self.assertIs(after.service, before.service)
        self.assertEqual(after.config.idleTimeout, 9)


class ServiceTests(ApplicationTestCase):
    """
    L{ListenerService} by itself, as the demonstration is served.
    """

    def test_passesOn(self) -> None:
        """
        What the process is told goes to the listener.
        """
        listener = self.factory(1, reactor=None, config=None, hub=None, serverConfig=None, admission=None)
        service = ListenerService(listener)
        ready = service.whenReady()
        service.privilegedStartService()
        self.successResultOf(ready)
        service.reload()
        service.stopNow()
        self.assertEqual(listener.calls, ["start", "reload", "immediateStop"])


class StaticFolderTests(SynchronousTestCase):
    """
    Folders of files.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        (self.folder / "empty").mkdir(parents=True)
        (self.folder / "empty" / "hidden.txt").write_text("hidden")
        (self.folder / "full").mkdir()
        (self.folder / "full" / "index.html").write_text("<p>index</p>")
        (self.folder / "page.txt").write_text("page")

    def get(self, *path: bytes) -> tuple[int, bytes]:
        """
        @return: the status and the body of a GET.
        """
        request: Any = DummyRequest(list(path))
        request.method = b"GET"
        resource: Any = StaticFolder(str(self.folder))
        while request.postpath:
            name = request.postpath.pop(0)
            request.prepath.append(name)
            resource = resource.getChildWithDefault(name, request)
        body = resource.render(request)
        written = b"".join(request.written)
        return request.responseCode or 200, written if isinstance(body, int) else body + written

    def test_files(self) -> None:
        """
        Files and the index of a folder are served.
        """
        self.assertEqual(self.get(b"page.txt"), (200, b"page"))
        self.assertEqual(self.get(b"full", b""), (200, b"<p>index</p>"))

    def test_noListing(self) -> None:
        """
        A folder without an index shows nothing of what is in it.
        """
        for path in ((b"",), (b"empty", b"")):
            status, body = self.get(*path)
            self.assertEqual(status, 404)
            self.assertNotIn(b"hidden", body)
            self.assertNotIn(b"page.txt", body)

    def test_outside(self) -> None:
        """
        What is not in the folder is not found.
        """
        for path in ((b"none",), (b"..", b"secret"), (b"/etc/passwd",)):
            self.assertEqual(self.get(*path)[0], 404)
