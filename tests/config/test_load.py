"""
Tests of L{balws.config.load}, L{balws.config.document} and L{balws.config.entries}.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from textwrap import dedent

from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.config import (
    Configuration,
    KeepAlive,
    ListenerConfiguration,
    ListenerEntry,
    ListenerHttp1Settings,
    RequestLimitConfigs,
    ResourceEntry,
    ServiceEntry,
    loadFile,
    loadText,
)
from balws.errors import ConfigurationError

#: What a listener needs at least.
LEAST = "[[listeners]]\nport = 0\n"


class LoadTestCase(SynchronousTestCase):
    """
    A folder with a configuration in it.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "public").mkdir(parents=True)

    def load(self, text: str) -> Configuration:
        """
        Load the text of a file.
        """
        return loadText(dedent(text), "balws.toml", self.folder)

    def assertRefused(self, text: str, error: str) -> None:
        """
        Fail unless loading ends with this one line.
        """
        found = self.assertRaises(ConfigurationError, self.load, text)
        self.assertEqual(str(found), f"balws.toml{error}")


class LoadTests(LoadTestCase):
    """
    What a good file gives.
    """

    def test_everything(self) -> None:
        """
        A file with all parts becomes a record with all parts.
        """
        configuration = self.load(
            """\
            [python]
            path = ["public", "."]
            [[listeners]]
            port = 9090
            host = "127.0.0.1"
            timeout = 7.5
            server = "balws"
            webSocketCompressionEnabled = false
            http1Settings = { keepAlive = "KEEPALIVE_NEVER", maxPipelinedRequests = 3 }
            [listeners.requestLimits]
            maxUriLength = 10
            [[listeners.services]]
            path = "/chat"
            service = "chat:ChatUpgrade"
            idleTimeout = 30
            subProtocols = ["xml"]
            [[listeners.services]]
            service = "a.b:C.d"
            basePath = "/base"
            [[listeners.resources]]
            path = "/"
            static = "public"
            [[listeners.resources]]
            path = "/api"
            resource = "api:root"
            [[listeners]]
            endpoint = "unix:socket"
            """
        )
        self.assertEqual(
            configuration,
            Configuration(
                listeners=(
                    ListenerEntry(
                        port=9090,
                        configuration=ListenerConfiguration(
                            host="127.0.0.1",
                            timeout=7.5,
                            server="balws",
                            webSocketCompressionEnabled=False,
                            http1Settings=ListenerHttp1Settings(
                                keepAlive=KeepAlive.NEVER, maxPipelinedRequests=3
                            ),
                            requestLimits=RequestLimitConfigs(maxUriLength=10),
                        ),
                        services=(
                            ServiceEntry(
                                path="/chat",
                                service="chat:ChatUpgrade",
                                overrides={"idleTimeout": 30, "subProtocols": ("xml",)},
                            ),
                            ServiceEntry(service="a.b:C.d", overrides={"basePath": "/base"}),
                        ),
                        resources=(
                            ResourceEntry(path="/", static=self.folder / "public"),
                            ResourceEntry(path="/api", resource="api:root"),
                        ),
                    ),
                    ListenerEntry(endpoint="unix:socket"),
                ),
                pythonPath=(self.folder, self.folder / "public"),
                folder=self.folder,
            ),
        )

    def test_least(self) -> None:
        """
        A port is enough; 0 is one that the system chooses.
        """
        configuration = self.load(LEAST)
        self.assertEqual(configuration.listeners, (ListenerEntry(port=0),))
        self.assertEqual(configuration.pythonPath, (self.folder,))

    def test_ports(self) -> None:
        """
        Ports are from 0 to 65535.
        """
        for port in (0, 1, 65534, 65535):
            (entry,) = self.load(f"[[listeners]]\nport = {port}").listeners
            self.assertEqual(entry.port, port)
        for port in (-1, 65536):
            self.assertRefused(
                f"[[listeners]]\nport = {port}",
                f":2:8: listeners[0].port: expected an integer from 0 to 65535, got {port}",
            )

    def test_inlineTables(self) -> None:
        """
        Inline tables mean what tables with headers mean.
        """
        inline = self.load('listeners = [{ port = 1, services = [{ path = "/a", service = "m:A" }] }]')
        headers = self.load('[[listeners]]\nport = 1\n[[listeners.services]]\npath = "/a"\nservice = "m:A"')
        self.assertEqual(inline, headers)

    def test_windowsLines(self) -> None:
        """
        Lines that end with CR LF have the columns of lines that end with LF.
        """
        self.assertRefused(
            '[[listeners]]\r\nhost = "::1"\r\nport = "a"\r\n',
            ':3:8: listeners[0].port: expected an integer, got "a"',
        )


class RefusalTests(LoadTestCase):
    """
    Every problem is one line that names the file, the place and the key.
    """

    def test_wrongType(self) -> None:
        """
        A value of the wrong type is shown as the file has it.
        """
        self.assertRefused(
            '[[listeners]]\nhost = "::1"\n  port = "90a" # a comment',
            ':3:10: listeners[0].port: expected an integer, got "90a"',
        )

    def test_nestedRecord(self) -> None:
        """
        The place is the one in the second listener's own table.
        """
        self.assertRefused(
            LEAST + LEAST + "[listeners.requestLimits]\nmaxHeaderSize = 0",
            ":6:17: listeners[1].requestLimits.maxHeaderSize: "
            "expected an integer from 1 to 2147483647, got 0",
        )

    def test_listItem(self) -> None:
        """
        The place is the item's.
        """
        self.assertRefused(
            LEAST + '[[listeners.services]]\nservice = "m:A"\nsubProtocols = ["xml",\n "xml"]',
            ':6:2: listeners[0].services[0].subProtocols[1]: "xml" is given twice',
        )

    def test_unknownKeys(self) -> None:
        """
        An unknown key is refused at the key, and the nearest one suggested.
        """
        services = LEAST + '[[listeners.services]]\nservice = "m:A"\n'
        for text, error in (
            ("prot = 1\n" + LEAST, ":1:1: prot: unknown key"),
            ("[listener]\nport = 1", ':1:2: listener: unknown key; did you mean "listeners"?'),
            (LEAST + "  prot = 1", ':3:3: listeners[0].prot: unknown key; did you mean "port"?'),
            (
                LEAST + "[[listeners.service]]",
                ':3:13: listeners[0].service: unknown key; did you mean "services"?',
            ),
            (
                LEAST + "requestLimits = { maxUriLenght = 1 }",
                ':3:19: listeners[0].requestLimits.maxUriLenght: unknown key; did you mean "maxUriLength"?',
            ),
            (
                services + "idletimeout = 1",
                ':5:1: listeners[0].services[0].idletimeout: unknown key; did you mean "idleTimeout"?',
            ),
            (
                LEAST + '[[listeners.resources]]\npath = "/"\nfolder = "x"',
                ":5:1: listeners[0].resources[0].folder: unknown key",
            ),
            (LEAST + "[python]\npaths = []", ':4:1: python.paths: unknown key; did you mean "path"?'),
            (LEAST + '"p\\n" = 1', ':3:1: listeners[0]."p\\n": unknown key'),
        ):
            self.assertRefused(text, error)

    def test_serverAndHub(self) -> None:
        """
        C{[server]} and C{[hub]} are read; what is wrong in them is refused where it stands.
        """
        found = self.load(
            '[server]\nworkers = 2\ntrustedProxies = ["10.0.0.0/8"]\n'
            '[hub]\nurl = "redis://127.0.0.1:6379/0"\ndurable = ["a"]\nhistory.size = 5\n' + LEAST
        )
        self.assertEqual((found.server.workers, found.hub.url), (2, "redis://127.0.0.1:6379/0"))
        self.assertEqual((found.hub.history.size, found.hub.isDurable("a"), found.hub.isDurable("b")), (5, True, False))
        for text, error in (
            ("[server]\nworkers = 0", ":2:11: server.workers: expected an integer from 1 to 1024, got 0"),
            ("[server]\nworker = 2", ':2:1: server.worker: unknown key; did you mean "workers"?'),
            (
                "[server]\nworkers = 2",
                ":2:11: server.workers: several need the url of [hub];"
                ' or scope = "worker" there, and each reaches its own connections',
            ),
            ('[server]\nworkers = 2\n[hub]\nscope = "x"', ':4:9: hub.scope: expected "hub" or "worker", got "x"'),
            ("[hub]\ndurable = true", ":2:11: hub.durable: needs the url of a Redis"),
            ("[hub]\nhistory.age = 0", ":2:15: hub.history.age: expected a number of seconds above 0 and up to"),
            ("hub = 1", ":1:7: hub: expected a table, got 1"),
            (
                '[hub]\nurl = "redis://h"\nusername = "me"\npassword = { env = "BALWS_NOT_SET" }',
                ":4:12: hub.password: the environment variable 'BALWS_NOT_SET' is not set",
            ),
        ):
            error = f"{error} 2147483647, got 0" if error.endswith("up to") else error
            self.assertRefused(f"{text}\n{LEAST}", error)
        self.assertEqual(self.load(f'[server]\nworkers = 2\n[hub]\nscope = "worker"\n{LEAST}').hub.scope, "worker")

    def test_secureSocket(self) -> None:
        """
        What is wrong in a listener's TLS is refused where it stands.
        """
        self.assertRefused(
            LEAST + '[listeners.secureSocket.key]\ncertFile = "a"\nkeyFile = 5',
            ":5:11: listeners[0].secureSocket.key.keyFile: expected a string, got 5",
        )
        self.assertRefused(
            LEAST + '[listeners.secureSocket]\nciphers = []',
            ":3:12: listeners[0].secureSocket.key: is missing",
        )

    def test_portOrEndpoint(self) -> None:
        """
        A listener has a port, with a host perhaps, or an endpoint.
        """
        for text, error in (
            ("[[listeners]]", ":1:1: listeners[0]: a listener needs a port or an endpoint"),
            (
                '[[listeners]]\nport = 1\nendpoint = "tcp:1"',
                ":3:12: listeners[0].endpoint: either port or endpoint, not both",
            ),
            (
                '[[listeners]]\nhost = "::1"\nendpoint = "tcp:1"',
                ":2:8: listeners[0].host: host goes with port; an endpoint has interface= for it",
            ),
            (
                '[[listeners]]\nendpoint = ""',
                ':2:12: listeners[0].endpoint: expected a string that is not empty, got ""',
            ),
        ):
            self.assertRefused(text, error)

    def test_noListeners(self) -> None:
        """
        A file without a listener serves nothing.
        """
        for text, error in (
            ("", ":1:1: listeners: at least one [[listeners]] is needed"),
            ("\nlisteners = []", ":2:13: listeners: at least one [[listeners]] is needed"),
            ("[listeners]", ":1:2: listeners: expected tables in double brackets, got a table"),
            ("listeners = 0", ":1:13: listeners: expected tables in double brackets, got 0"),
            ("listeners = [{ port = 1 }, 5]", ":1:28: listeners[1]: expected a table, got 5"),
            (
                LEAST + "services = 5",
                ":3:12: listeners[0].services: expected tables in double brackets, got 5",
            ),
            ("python = 5\n" + LEAST, ":1:10: python: expected a table, got 5"),
        ):
            self.assertRefused(text, error)

    def test_services(self) -> None:
        """
        A service is named as module:attribute, and mounted at a path of its own.
        """
        start = LEAST + "[[listeners.services]]\n"
        for text, error in (
            ('path = "/a"', ":3:1: listeners[0].services[0].service: is missing"),
            (
                'service = "chat"',
                ':4:11: listeners[0].services[0].service: expected "module:attribute", got "chat"',
            ),
            (
                'service = "a:b:c"',
                ':4:11: listeners[0].services[0].service: expected "module:attribute", got "a:b:c"',
            ),
            (
                'service = "a-b:c"',
                ':4:11: listeners[0].services[0].service: expected "module:attribute", got "a-b:c"',
            ),
            (
                'service = ".a:b"',
                ':4:11: listeners[0].services[0].service: expected "module:attribute", got ".a:b"',
            ),
            (
                'service = "a:"',
                ':4:11: listeners[0].services[0].service: expected "module:attribute", got "a:"',
            ),
            ("service = 5", ":4:11: listeners[0].services[0].service: expected a string, got 5"),
            (
                'service = "a:b"\npath = "chat"',
                ':5:8: listeners[0].services[0].path: expected a path such as "/chat": '
                'a "/" in front, none behind, no "?", "#" or space, got "chat"',
            ),
            (
                'service = "a:b"\nidleTimeout = -1',
                ":5:15: listeners[0].services[0].idleTimeout: "
                "expected a number of seconds from 0 to 2147483647, got -1",
            ),
        ):
            self.assertRefused(start + text, error)

    def test_resources(self) -> None:
        """
        A resource has a path, and either an existing folder or an object.
        """
        start = LEAST + "[[listeners.resources]]\n"
        for text, error in (
            ('static = "public"', ":3:1: listeners[0].resources[0].path: is missing"),
            ('path = "/"', ":3:1: listeners[0].resources[0]: a resource needs static or resource"),
            (
                'path = "/"\nstatic = "public"\nresource = "a:b"',
                ":6:12: listeners[0].resources[0].resource: either static or resource, not both",
            ),
            (
                'path = "/"\nstatic = "publc"',
                ':5:10: listeners[0].resources[0].static: expected a folder that exists, got "publc"',
            ),
            (
                'path = "/"\nstatic = "a\\u0000b"',
                ':5:10: listeners[0].resources[0].static: expected a folder that exists, got "a\\u0000b"',
            ),
            (
                'path = "/"\nresource = "root"',
                ':5:12: listeners[0].resources[0].resource: expected "module:attribute", got "root"',
            ),
        ):
            self.assertRefused(start + text, error)

    def test_pythonPath(self) -> None:
        """
        Folders to import from must be there.
        """
        self.assertRefused(
            LEAST + '[python]\npath = [".", "src"]',
            ':4:14: python.path[1]: expected a folder that exists, got "src"',
        )

    def test_samePath(self) -> None:
        """
        Of two at one path, services or resources, the second is refused; another listener may have it.
        """
        one = '[[listeners.services]]\nservice = "m:A"\npath = "/a"\n'
        two = '[[listeners.resources]]\nstatic = "public"\npath = "/a"\n'
        self.assertRefused(
            LEAST + one + one,
            ':8:8: listeners[0].services[1].path: "/a" is the path of listeners[0].services[0] already',
        )
        self.assertRefused(
            LEAST + one + two,
            ':8:8: listeners[0].resources[0].path: "/a" is the path of listeners[0].services[0] already',
        )
        self.assertEqual(len(self.load(LEAST + one + LEAST + two).listeners), 2)

    def test_firstInFile(self) -> None:
        """
        Of several problems the one that stands first in the file is reported.
        """
        self.assertRefused(
            """\
            [[listeners]]
            port = 1
            timeout = -1
            [[listeners.services]]
            service = 5
            [hub]
            """,
            ":3:11: listeners[0].timeout: Idle timeout cannot be negative. "
            "If you want to disable the timeout please use value 0",
        )
        self.assertRefused(
            """\
            [[listeners]]
            port = 1
            [[listeners.services]]
            service = 5
            [python]
            path = 6
            """,
            ":4:11: listeners[0].services[0].service: expected a string, got 5",
        )

    def test_misspeltBeforeMissing(self) -> None:
        """
        A misspelt key is reported rather than the one that is missing for it.
        """
        self.assertRefused(
            "[[listeners]]\nprot = 1", ':2:1: listeners[0].prot: unknown key; did you mean "port"?'
        )


class SyntaxTests(LoadTestCase):
    """
    A text that is not TOML is refused in the same form.
    """

    def test_syntax(self) -> None:
        """
        The parser's words come with line and column.
        """
        self.assertRefused("[[listeners]]\nport 1", ":2:6: Expected '=' after a key in a key/value pair")
        self.assertRefused("port = ", ":1:8: Invalid value")
        self.assertRefused("a = 1\na = 2", ":2:6: Cannot overwrite a value")

    def test_endOfDocument(self) -> None:
        """
        An end that comes too early has a place, too.
        """
        self.assertRefused("a = [1,\n2", ":2:2: Unclosed array")
        self.assertRefused("a = [1,\n", ":2:1: Invalid value")

    def test_otherWords(self) -> None:
        """
        Should the parser give no place, its words are enough.
        """

        def loads(text: str) -> object:
            raise tomllib.TOMLDecodeError("Not today")

        self.patch(tomllib, "loads", loads)
        self.assertRefused(LEAST, ": Not today")

    def test_hostile(self) -> None:
        """
        Deep nesting and endless numbers are refused without a traceback.
        """
        self.assertRefused("a = " + "[" * 100_000, ": nested too deeply")
        self.assertRefused("a = " + "{a=" * 100_000, ": nested too deeply")
        self.assertRefused("a = " + "1" * 5000, ": a number has too many digits")


class AuthTests(LoadTestCase):
    """
    Users of the file, and who may connect.
    """

    def assertStore(self, text: str, path: str | None, plain: bool = False) -> None:
        """
        This is what the file's users are read from.
        """
        store = self.load(f"{LEAST}{text}").userStore
        if path is None:
            self.assertIsNone(store)
            return
        assert store is not None
        self.assertEqual((store.path, store.users), (str(self.folder / path), None))
        self.assertEqual(store.allowPlaintextPasswords, plain)

    def test_users(self) -> None:
        """
        Users of the file itself are read from it by their store, so that changes count.
        """
        for table in ("auth.users", "ballerina.auth.users"):
            self.assertStore(f'[[{table}]]\nusername = "ada"\npassword = "x"', "balws.toml")
        self.assertStore(
            '[auth]\nallowPlaintextPasswords = true\n[[auth.users]]\nusername = "ada"\npassword = "x"',
            "balws.toml",
            True,
        )

    def test_usersFile(self) -> None:
        """
        They may stand in another file; its path starts at the folder.
        """
        self.assertStore('[auth]\nusersFile = "users.toml"', "users.toml")
        self.assertStore('[auth]\nusersFile = "/etc/users.toml"', "/etc/users.toml")

    def test_noUsers(self) -> None:
        """
        There may be none.
        """
        for text in ("", "[auth]", "[auth]\nusers = []", "[ballerina]", "[ballerina.auth]"):
            self.assertStore(text, None)

    def test_both(self) -> None:
        """
        Users here and a file of them are too many.
        """
        for table in ("auth", "ballerina.auth"):
            self.assertRefused(
                f'{LEAST}[auth]\nusersFile = "a"\n[[{table}.users]]\nusername = "a"\npassword = "b"',
                ":4:13: auth.usersFile: either users or usersFile, not both",
            )

    def test_wrongUsers(self) -> None:
        """
        A user is refused where he stands, and no password is shown.
        """
        for text, error in (
            ('[[auth.users]]\nusername = "a"', ":3:1: auth.users[0].password: is missing"),
            (
                '[[auth.users]]\nusername = "a"\npassword = "b"\n[[auth.users]]\nusername = "c"',
                ":6:1: auth.users[1].password: is missing",
            ),
            ('[[auth.users]]\npassword = "canary"', ":3:1: auth.users[0].username: is missing"),
            (
                '[[ballerina.auth.users]]\nusername = "a"',
                ":3:1: ballerina.auth.users[0].password: is missing",
            ),
            (
                '[[auth.users]]\nusername = "a"\npasswort = "canary"',
                ':5:1: auth.users[0].passwort: unknown key; did you mean "password"?',
            ),
            ('[[auth.users]]\nusername = "a"\npassword = 5', ":5:12: auth.users[0].password: expected a string"),
            ('[auth]\nuser = []', ':4:1: auth.user: unknown key; did you mean "users"?'),
            ("[auth]\nusersFile = 5", ":4:13: auth.usersFile: expected a string, got 5"),
            (
                "[auth]\nallowPlaintextPasswords = 1",
                ":4:27: auth.allowPlaintextPasswords: expected true or false, got 1",
            ),
            ("[ballerina.http]", ":3:12: ballerina.http: unknown key"),
            ("[ballerina.auth]\nuser = []", ':4:1: ballerina.auth.user: unknown key; did you mean "users"?'),
        ):
            found = str(self.assertRaises(ConfigurationError, self.load, LEAST + text))
            self.assertEqual(found, f"balws.toml{error}")
            self.assertNotIn("canary", found)

    def test_entries(self) -> None:
        """
        The entries of a service's auth lie over the decorator's, their paths at the folder.
        """
        configuration = self.load(
            f"""{LEAST}
[[listeners.services]]
service = "m:A"
[[listeners.services.auth]]
scopes = ["write"]
fileUserStoreConfig = {{}}
[[listeners.services.auth]]
fileUserStoreConfig = {{ path = "users.toml" }}
realm = "m:Realm"
[[listeners.services.auth]]
checker = "m:Checker"
"""
        )
        first, second, third = configuration.listeners[0].services[0].overrides["auth"]
        self.assertEqual((first.scopes, first.fileUserStoreConfig.path), (("write",), None))
        self.assertEqual(second.fileUserStoreConfig.path, str(self.folder / "users.toml"))
        self.assertEqual((second.realm, third.checker), ("m:Realm", "m:Checker"))

    def test_wrongEntries(self) -> None:
        """
        What is wrong in an entry is refused where it stands.
        """
        service = LEAST + '[[listeners.services]]\nservice = "m:A"\n'
        path = "listeners[0].services[0].auth"
        for text, error in (
            (
                '[[listeners.services.auth]]\nfileUserStoreConfig = { paths = "a" }',
                f':6:25: {path}[0].fileUserStoreConfig.paths: unknown key; did you mean "path"?',
            ),
            (
                '[[listeners.services.auth]]\nchecker = "m"',
                f':6:11: {path}[0].checker: expected "module:attribute", got "m"',
            ),
            (
                '[[listeners.services.auth]]\nchecker = "m:A"\nscopes = ["a", "b\\u0007c"]',
                f':7:16: {path}[0].scopes[1]: expected a scope: text without control characters, got "b\\u0007c"',
            ),
            (
                '[[listeners.services.auth]]\nchecker = "m:A"\n[[listeners.services.auth]]\nscopes = "a"',
                f":7:1: {path}[1]: expected a way to tell who it is: a table with one of these sets of keys: "
                "fileUserStoreConfig; ldapUserStoreConfig; jwtValidatorConfig; oauth2IntrospectionConfig; checker",
            ),
            ("auth = []", f":5:8: {path}: an empty list lets nobody in; leave it out where everybody may connect"),
            ('[listeners.services.auth]\nchecker = "m:A"', f":5:21: {path}: expected a list of tables, got a table"),
        ):
            self.assertRefused(service + text, error)


class SecretTests(LoadTestCase):
    """
    A string may come from the environment or from a file.
    """

    def setUp(self) -> None:
        super().setUp()
        self.patch(os, "environ", {"HOST": "127.0.0.1", "TARGET": "m:A", "PORT": "canary"})
        (self.folder / "server").write_text("balws\n")
        (self.folder / "server").chmod(0o600)

    def test_references(self) -> None:
        """
        Every string, in lists and nested tables too, may be a reference.
        """
        (self.folder / "mode").write_text("NEVER")
        (self.folder / "mode").chmod(0o600)
        (listener,) = self.load(
            """\
            [[listeners]]
            port = 1
            host = { env = "HOST" }
            server = { file = "server" }
            http1Settings = { keepAlive = { file = "mode" } }
            [[listeners.services]]
            path = "/a"
            service.env = "TARGET"
            subProtocols = ["xml", { file = "server" }]
            """
        ).listeners
        self.assertEqual((listener.configuration.host, listener.configuration.server), ("127.0.0.1", "balws"))
        self.assertEqual(listener.configuration.http1Settings.keepAlive, KeepAlive.NEVER)
        self.assertEqual(listener.services[0].service, "m:A")
        self.assertEqual(listener.services[0].overrides, {"subProtocols": ("xml", "balws")})

    def test_missing(self) -> None:
        """
        A reference to nothing is refused at its place.
        """
        self.assertRefused(
            LEAST + 'server = { env = "NONE" }',
            ":3:10: listeners[0].server: the environment variable 'NONE' is not set",
        )
        self.assertRefused(
            LEAST + 'http1Settings.keepAlive.file = "none"',
            ":3:15: listeners[0].http1Settings.keepAlive: "
            "the file 'none' cannot be read: No such file or directory",
        )
        self.assertRefused(
            LEAST + '[[listeners.services]]\nservice = "m:A"\nsubProtocols = ["a", { env = 5 }]',
            ":5:30: listeners[0].services[0].subProtocols[1].env: "
            "expected the name of an environment variable",
        )

    def test_notShown(self) -> None:
        """
        What came from elsewhere does not show in an error.
        """
        self.assertRefused(
            '[[listeners]]\nport = { env = "PORT" }',
            ":2:8: listeners[0].port: expected an integer, got a secret",
        )
        self.assertRefused(
            LEAST + '[[listeners.services]]\nservice = { env = "PORT" }',
            ':4:11: listeners[0].services[0].service: expected "module:attribute", got a secret',
        )


class LoadFileTests(LoadTestCase):
    """
    Files on disk.
    """

    def write(self, data: bytes) -> str:
        """
        @return: the name of a new file with this content.
        """
        path = self.folder / "balws.toml"
        path.write_bytes(data)
        return str(path)

    def test_folder(self) -> None:
        """
        Relative paths start at the file's folder, whatever the current one; the record has no relative ones.
        """
        name = os.path.relpath(self.write((LEAST + "[python]\npath = ['public']").encode()))
        configuration = loadFile(name)
        self.assertEqual(configuration.folder, self.folder)
        self.assertEqual(configuration.pythonPath, (self.folder, self.folder / "public"))
        self.assertEqual(loadFile(Path(name)), configuration)

    def test_nameInErrors(self) -> None:
        """
        Errors name the file as the user did.
        """
        name = os.path.relpath(self.write(b"[[listeners]]\nport = 1.5"))
        error = self.assertRaises(ConfigurationError, loadFile, name)
        self.assertEqual(str(error), f"{name}:2:8: listeners[0].port: expected an integer, got 1.5")
        self.assertEqual(
            (error.file, error.line, error.column, error.path), (name, 2, 8, "listeners[0].port")
        )

    def test_unreadable(self) -> None:
        """
        A file that cannot be read is refused with the system's reason.
        """
        for name, reason in (("none", "No such file or directory"), ("public", "Is a directory")):
            path = str(self.folder / name)
            error = self.assertRaises(ConfigurationError, loadFile, path)
            self.assertEqual(str(error), f"{path}: cannot be read: {reason}")

    def test_encoding(self) -> None:
        """
        A file is UTF-8; the mark that some editors put first is passed over.
        """
        self.assertEqual(len(loadFile(self.write(b"\xef\xbb\xbf" + LEAST.encode())).listeners), 1)
        name = self.write("# \u00e9\n# \u00e9".encode() + b"\xe9")
        error = self.assertRaises(ConfigurationError, loadFile, name)
        self.assertEqual(str(error), f"{name}:2:4: not UTF-8")

    def test_servesItself(self) -> None:
        """
        Serving the folder in which the configuration lies brings a warning.
        """
        events: list[dict[str, object]] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        start = LEAST + '[[listeners.resources]]\npath = "/"\nstatic = '
        loadFile(self.write(f'{start}"public"'.encode()))
        self.assertEqual(events, [])
        loadFile(self.write(f'{start}"."'.encode()))
        self.assertEqual([event["log_level"] for event in events], [LogLevel.warn])
