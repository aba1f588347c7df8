"""
Tests of L{balws.cli.cautions}.
"""

from __future__ import annotations

import resource
from datetime import timedelta
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock

from balws.application import makeApplicationService
from balws.cli.cautions import SOON, cautionsOf
from balws.config import loadFile
from balws.server.listener import Listener
from tests.auth.hashed import cheapHash
from tests.certificates import Authority
from tests.cli.configured import ConfiguredCase

SECURE = 'secureSocket.key = { certFile = "own.crt", keyFile = "own.key" }'

#: A service whose users stand in the file.
GUARDED = """
    [[listeners.services]]
    path = "/talk"
    service = "MODULE:TalkUpgrade"
    auth = [{ fileUserStoreConfig = { users = { ada = "%s" } } }]
"""


class CautionsCase(ConfiguredCase):
    """
    What is said of a file.
    """

    def cautions(self, text: str, **fields: Any) -> list[str]:
        self.configure(text)
        return self.found(**fields)

    def found(self, **fields: Any) -> list[str]:
        """
        @return: of the file as it is.
        """
        made: list[Listener] = []

        def kept(*arguments: Any, **named: Any) -> Listener:
            made.append(Listener(*arguments, **named))
            return made[-1]

        configuration = loadFile("balws.toml")
        makeApplicationService(configuration, Clock(), listenerFactory=kept)
        return list(cautionsOf(configuration, made, **{"descriptors": lambda: 0, **fields}))

    def ofListener(self, text: str, guarded: bool = True, **fields: Any) -> list[str]:
        """
        @param text: of the listener.
        """
        return self.cautions("[[listeners]]\n" + text + "\n" + (GUARDED % cheapHash("x") if guarded else ""), **fields)

    def ofService(self, text: str) -> list[str]:
        """
        @param text: of the service.
        """
        return self.cautions(
            f'[[listeners]]\nport = 0\nhost = "127.0.0.1"\n[[listeners.services]]\npath = "/talk"\n'
            f'service = "MODULE:TalkUpgrade"\n{text}\n'
        )


class ListenerTests(CautionsCase):
    """
    Ports.
    """

    def test_plain(self) -> None:
        """
        Credentials in the clear are told of where others than this machine can be on the way (decision 17).
        """
        for text, name in (
            ("port = 9090", "0.0.0.0:9090"),
            ('port = 9090\nhost = "::"', "[::]:9090"),
            ('endpoint = "tcp:9090"', "tcp:9090"),
            ('endpoint = "tcp6:9090"', "tcp6:9090"),
            ('endpoint = "tcp:9090:interface=192.0.2.1"', "tcp:9090:interface=192.0.2.1"),
        ):
            self.assertEqual(
                self.ofListener(text),
                [
                    f"listeners[0]: credentials for /talk on {name} can be read by whoever is on the way: "
                    "give it a secureSocket, or let only a TLS proxy reach it"
                ],
            )
        for text in (
            'port = 9090\nhost = "127.0.0.1"',
            'endpoint = "tcp:9090:interface=127.0.0.1"',
            r"endpoint = 'tcp6:9090:interface=\:\:1'",
            'endpoint = "unix:a.sock"',
        ):
            self.assertEqual(self.ofListener(text), [])

    def test_public(self) -> None:
        """
        Plain text for everybody on every address is told of, too, unless a proxy is known to be in front.
        """
        service = '[[listeners.services]]\npath = "/talk"\nservice = "MODULE:TalkUpgrade"\n'
        for text, name in (
            ("port = 9090", "0.0.0.0:9090"),
            ('port = 9090\nhost = "::"', "[::]:9090"),
            ('endpoint = "tcp:9090"', "tcp:9090"),
        ):
            found = self.cautions(f"[[listeners]]\n{text}\n{service}")
            self.assertEqual(len(found), 1, text)
            self.assertTrue(
                found[0].startswith(f"listeners[0]: /talk on {name} is plain text, for everybody, on every address: ")
            )
            proxied = f'[server]\ntrustedProxies = ["127.0.0.1"]\n[[listeners]]\n{text}\n{service}'
            self.assertEqual(self.cautions(proxied), [])
        for text in (
            'port = 9090\nhost = "127.0.0.1"',
            'port = 9090\nhost = "192.0.2.1"',
            'endpoint = "tcp:9090:interface=192.0.2.1"',
            'endpoint = "unix:a.sock"',
        ):
            self.assertEqual(self.cautions(f"[[listeners]]\n{text}\n{service}"), [], text)
        self.assertEqual(self.cautions("[[listeners]]\nport = 9090\n"), [])

    def test_adminFolder(self) -> None:
        """
        Where the socket of the admin endpoint would be in a folder that is not there, nothing starts.
        """
        missing = f"admin.endpoint: the folder {self.folder}/none is not there: nothing can be served before it is"
        for name, found in (
            ("none/a.sock", [missing]),
            ("a.sock", []),
        ):
            self.assertEqual(self.cautions(f'[[listeners]]\nport = 0\n[admin]\nendpoint = "unix:{name}"\n'), found)

    def test_certificate(self) -> None:
        """
        A certificate that ends within 30 days is told of; that one has ended says its reader.
        """
        issued = Authority(days=90).issue("a.example", days=60)
        issued.write(self.folder)
        Path("own.key").chmod(0o600)
        end = issued.certificate.not_valid_after_utc
        date = f"{end:%Y-%m-%d}"
        for left, days in (
            (timedelta(days=SOON, seconds=1), None),
            (timedelta(days=SOON), "30 days"),
            (timedelta(days=1, seconds=5), "1 day"),
            (timedelta(), "0 days"),
            (timedelta(seconds=-1), None),
        ):
            moment = (end - left).timestamp()
            words = [f"listeners[0].secureSocket.key: the certificate ends on {date}, in {days}"] if days else []
            self.assertEqual(self.ofListener(f"port = 0\n{SECURE}", now=lambda moment=moment: moment), words)

    def test_files(self) -> None:
        """
        A private key, a key store and a file of users that everybody can read are told of, each once.
        """
        issued = Authority(days=90).issue("a.example", days=60)
        issued.write(self.folder)
        issued.writeStore(self.folder, "a password")
        Path("users.toml").write_text(f'[[users]]\nusername = "ada"\npassword = "{cheapHash("x")}"\n')
        services = "".join(
            f'[[listeners.services]]\npath = "/{each}"\nservice = "MODULE:TalkUpgrade"\n'
            "auth = [{ fileUserStoreConfig = {} }]\n"
            for each in "ab"
        )
        text = f'[auth]\nusersFile = "users.toml"\n[[listeners]]\nport = 0\n{SECURE}\n{services}'
        for mode, isTold in ((0o644, True), (0o640, False), (0o600, False)):
            for name in ("own.key", "own.p12", "users.toml"):
                Path(name).chmod(mode)
            key, users = (
                f"{what} in {self.folder / name} can be read by every user of this machine: chmod o-r"
                for what, name in (("the private key", "own.key"), ("the users", "users.toml"))
            )
            self.assertEqual(self.cautions(text), [key, users] if isTold else [])
            store = 'secureSocket.key = { path = "own.p12", password = "a password" }'
            self.assertEqual(
                self.cautions(f"[[listeners]]\nport = 0\n{store}\n"),
                [key.replace("own.key", "own.p12")] if isTold else [],
            )

    def test_limits(self) -> None:
        """
        No limit is told of.
        """
        local = 'port = 0\nhost = "127.0.0.1"\n'
        self.assertEqual(
            self.ofListener(local + "timeout = 0\nmaxAuthFailures = 0"),
            [
                "listeners[0].timeout: 0 lets who connects take for ever to ask",
                "listeners[0].maxAuthFailures: 0 lets passwords be tried as fast as they come",
            ],
        )
        self.assertEqual(self.ofListener(local + "maxAuthFailures = 0", guarded=False), [])


class ServiceTests(CautionsCase):
    """
    Upgrade services.
    """

    def test_auth(self) -> None:
        """
        What lets in who should not be.
        """
        key = 'secret = "0123456789abcdef0123456789abcdef"'
        for text, words in (
            (
                "{ jwtValidatorConfig = { allowUnsigned = true } }",
                "allowUnsigned lets in whoever writes a token by himself",
            ),
            (
                f"{{ jwtValidatorConfig = {{ allowNoExpiry = true, signatureConfig = {{ {key} }} }} }}",
                "allowNoExpiry accepts a token that was stolen for ever",
            ),
            (
                '{ fileUserStoreConfig = { users = { ada = "x" }, allowPlaintextPasswords = true } }',
                "allowPlaintextPasswords: who reads the file knows them; balws hash-password hashes one",
            ),
            (f"{{ jwtValidatorConfig = {{ allowUnsigned = true, signatureConfig = {{ {key} }} }} }}", None),
        ):
            expected = [] if words is None else [f"/talk: {words}"]
            self.assertEqual(self.ofService(f"auth = [{text}]"), expected)

    def test_origins(self) -> None:
        """
        Pages from everywhere are told of where a user's credentials go with them.
        """
        key = '{ secret = "0123456789abcdef0123456789abcdef" }'
        auth = f"auth = [{{ jwtValidatorConfig = {{ signatureConfig = {key} }} }}]\n"
        words = '/talk: allowedOrigins "*": any page that a user opens may connect with his '
        self.assertEqual(
            self.ofService(auth + 'allowedOrigins = ["*"]'), [words + "password that the browser remembers"]
        )
        self.assertEqual(self.ofService(auth + 'allowedOrigins = ["*"]\nbearerCookie = "t"'), [words + "cookie"])
        self.assertEqual(self.ofService(auth + 'allowedOrigins = ["https://a.example"]\nbearerCookie = "t"'), [])
        self.assertEqual(self.ofService('allowedOrigins = ["*"]'), [])

    def test_peers(self) -> None:
        """
        Peers that never have to answer.
        """
        for text, words in (
            ("connectionClosureTimeout = -1", "a negative connectionClosureTimeout lets a peer never end"),
            ("pingInterval = 0", "pingInterval 0: peers that are gone without a word stay connected"),
            ("pingTimeout = 0", "pingTimeout 0: peers that do not answer stay connected"),
            ("pingInterval = 0\nidleTimeout = 5", None),
            ("connectionClosureTimeout = 0", None),
        ):
            self.assertEqual(self.ofService(text), [] if words is None else [f"/talk: {words}"])


class ProcessTests(CautionsCase):
    """
    The whole.
    """

    def server(self, text: str, descriptors: int = 0) -> list[str]:
        return self.cautions(
            f"[server]\n{text}\n[hub]\nscope = 'worker'\n[[listeners]]\nport = 0\n", descriptors=lambda: descriptors
        )

    def test_limits(self) -> None:
        """
        Limits of the process that are taken away.
        """
        self.assertEqual(
            self.server("maxConnections = 0\nmaxConnectionsPerAddress = 0\nmaxUpgradesPerSecond = 0"),
            [
                "server.maxConnections: 0 is no limit: as many connections as the system can hold are let in",
                "server.maxConnectionsPerAddress: 0 is no limit: one address may take all connections",
                "server.maxUpgradesPerSecond: 0 is no limit: one address may ask for upgrades as fast as it can",
            ],
        )

    def test_descriptors(self) -> None:
        """
        More connections than a process may have files; of several workers each has its share.
        """
        words = (
            "server.maxConnections: {} connections need more than the 1024 files that a process may open here: "
            "ulimit -n, or LimitNOFILE= of systemd"
        )
        for text, most in (("maxConnections = {}", 960), ("maxConnections = {}\nworkers = 2", 1920)):
            self.assertEqual(self.server(text.format(most), 1024), [])
            self.assertEqual(self.server(text.format(most + 1), 1024), [words.format(most + 1)])
        self.configure("[server]\nmaxConnections = 900000000\n[[listeners]]\nport = 0\n")
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        configuration = loadFile("balws.toml")
        listener = Listener(0, reactor=Clock())
        found = list(cautionsOf(configuration, [listener]))
        self.assertEqual(len(found), 0 if soft == resource.RLIM_INFINITY else 1)

    def test_secrets(self) -> None:
        """
        A configuration that everybody can read, with secrets in it and not beside it.
        """
        Path("token").write_text("a-token-that-is-beside-it")
        Path("token").chmod(0o600)
        key = '{ secret = "0123456789abcdef0123456789abcdef" }'
        own = f"auth = [{{ jwtValidatorConfig = {{ signatureConfig = {key} }} }}]\n"
        service = f'[[listeners.services]]\npath = "/"\nservice = "MODULE:TalkUpgrade"\n{own}'
        local = '[[listeners]]\nport = 0\nhost = "127.0.0.1"\n'
        admin = '[admin]\nendpoint = "unix:a"\ntoken = '
        for text, isTold in (
            (local, False),
            (admin + '{ file = "token" }\n' + local, False),
            (admin + '"a-token-that-is-in-it"\n' + local, True),
            (local + service, True),
        ):
            words = [f"the secrets in {self.folder}/balws.toml can be read by every user of this machine: chmod o-r"]
            self.assertEqual(self.cautions(text), [])
            Path("balws.toml").chmod(0o644)
            self.assertEqual(self.found(), words if isTold else [])

    def test_proxies(self) -> None:
        """
        Everybody is no proxy.
        """
        self.assertEqual(
            self.server('trustedProxies = ["10.0.0.0/8", "0.0.0.0/0", "::/0", "unix"]'),
            [f"server.trustedProxies: {each} lets everybody say from where he comes" for each in ("0.0.0.0/0", "::/0")],
        )

    def test_hub(self) -> None:
        """
        A Redis that is not verified.
        """
        for text, isTold in (
            ("enable = false", True),
            ("verifyHostName = false", True),
            ("enable = true", False),
        ):
            found = self.cautions(
                f'[hub]\nurl = "rediss://localhost"\nsecureSocket = {{ {text} }}\n[[listeners]]\nport = 0\n'
            )
            words = "hub.secureSocket: whoever is on the way can be taken for the Redis: it is not verified"
            self.assertEqual(found, [words] if isTold else [])
