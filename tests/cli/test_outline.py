"""
Tests of L{balws.cli.outline}.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from balws.cli.outline import TlsOutline, linesOf
from tests.auth.hashed import cheapHash
from tests.certificates import Authority
from tests.cli.configured import ConfiguredCase

FULL = """
    [admin]
    endpoint = "unix:admin.sock"

    [auth]
    usersFile = "users.toml"

    [hub]
    url = "redis://localhost:6379/1"
    password = "hub-canary"
    durable = ["news"]

    [server]
    maxConnections = 100
    trustedProxies = ["10.0.0.0/8", "unix"]

    [[listeners]]
    port = 9090
    host = "::1"
    server = "mine"
    webSocketCompressionEnabled = false
    requestLimits = { maxUriLength = 100 }
    http1Settings = { maxPipelinedRequests = 3 }

    [[listeners.services]]
    path = "/talk"
    service = "MODULE:TalkUpgrade"
    idleTimeout = 2.5
    subProtocols = ["a", "b"]
    webSocketUpgradePath = "/x"

    [[listeners.services.auth]]
    fileUserStoreConfig = {}
    scopes = ["read", "write"]

    [[listeners.services.auth]]
    jwtValidatorConfig = { signatureConfig = { secret = "canary-canary-canary-canary-canary" } }

    [[listeners.services]]
    path = "/feed"
    service = "MODULE:FeedUpgrade"
    dispatcherKey = "type"
    allowedOrigins = []

    [[listeners.resources]]
    path = "/page"
    resource = "MODULE:Page"

    [[listeners.resources]]
    path = "/"
    static = "public"

    [[listeners]]
    endpoint = "unix:app.sock"
"""


class OutlineTests(ConfiguredCase):
    """
    Everything that a file can say.
    """

    def setUp(self) -> None:
        super().setUp()
        Path("public").mkdir()
        Path("users.toml").write_text(f'[[users]]\nusername = "ada"\npassword = "{cheapHash("canary")}"\n')
        Path("users.toml").chmod(0o600)

    def test_record(self) -> None:
        """
        Listeners, services with their methods, who may connect, and what differs from the defaults.
        """
        outline = self.outline(FULL)
        first, second = outline.listeners
        self.assertEqual((first.address, second.address), ("[::1]:9090", "unix:app.sock"))
        self.assertEqual(
            first.settings,
            {
                "server": "mine",
                "webSocketCompressionEnabled": False,
                "requestLimits": {"maxUriLength": 100, "maxHeaderSize": 8192, "maxEntityBodySize": -1},
                "http1Settings": {"keepAlive": "AUTO", "maxPipelinedRequests": 3},
            },
        )
        self.assertEqual(first.resources, {"/page": f"{self.module}:Page", "/": str(self.folder / "public")})
        talk, feed = first.services
        self.assertEqual((talk.path, talk.upgrade), ("/talk", f"{self.module}:TalkUpgrade"))
        self.assertEqual(talk.auth, ["users of a file, scopes read or write", "tokens (JWT)"])
        self.assertEqual(talk.settings, {"subProtocols": ["a", "b"], "idleTimeout": 2.5})
        self.assertEqual(
            msgspec.to_builtins(talk.talks),
            [{"service": "Talk", "methods": ["onOpen", "onTextMessage"], "messages": {}, "errors": []}],
        )
        self.assertEqual((feed.dispatcherKey, feed.auth, feed.settings), ("type", [], {"allowedOrigins": []}))
        self.assertEqual(feed.talks[0].messages, {"un subscribe": "onLeave", "onSubscribe": "onSubscribe"})
        self.assertEqual(feed.talks[0].errors, ["onSubscribeError"])
        self.assertEqual((second.services, second.resources, second.settings), ([], {}, {}))
        self.assertEqual(outline.server, {"maxConnections": 100, "trustedProxies": ["10.0.0.0/8", "unix"]})
        self.assertEqual(
            outline.hub,
            {"url": "redis://localhost:6379/1", "durable": ["news"], "scope": "hub", "prefix": "balws"},
        )
        self.assertEqual(outline.admin, f"unix:{self.folder}/admin.sock")
        self.assertEqual(outline.users, str(self.folder / "users.toml"))
        shown = msgspec.json.encode(outline).decode() + "\n".join(linesOf(outline))
        self.assertNotIn("canary", shown)
        self.assertNotIn("scrypt", shown)

    def test_lines(self) -> None:
        """
        The same for people.
        """
        self.assertEqual(
            list(linesOf(self.outline(FULL))),
            [
                "listener [::1]:9090",
                "  server: mine",
                "  webSocketCompressionEnabled: false",
                "  requestLimits: maxUriLength 100, maxHeaderSize 8192, maxEntityBodySize -1",
                "  http1Settings: keepAlive AUTO, maxPipelinedRequests 3",
                f"  service /talk: {self.module}:TalkUpgrade",
                "    auth: users of a file, scopes read or write, or tokens (JWT)",
                "    Talk: onOpen, onTextMessage",
                "    subProtocols: a, b",
                "    idleTimeout: 2.5",
                f"  service /feed: {self.module}:FeedUpgrade",
                "    auth: none; everybody may connect",
                "    dispatcherKey: type",
                "    Feed: onSubscribe, un subscribe -> onLeave, onSubscribeError",
                "    allowedOrigins: none",
                f"  resource /page: {self.module}:Page",
                f"  resource /: {self.folder / 'public'}",
                "listener unix:app.sock",
                "hub: redis://localhost:6379/1",
                "  durable: news",
                "  scope: hub",
                "  prefix: balws",
                "server:",
                "  maxConnections: 100",
                "  trustedProxies: 10.0.0.0/8, unix",
                f"users: {self.folder / 'users.toml'}",
                f"admin: unix:{self.folder}/admin.sock",
            ],
        )

    def test_least(self) -> None:
        """
        A file that says little is told in few words.
        """
        outline = self.outline("[[listeners]]\nport = 0\n")
        self.assertEqual(
            list(linesOf(outline)),
            ["listener 0.0.0.0:0", "hub: none; each process by itself", "users: none", "admin: none"],
        )
        self.assertEqual((outline.hub, outline.server, outline.admin, outline.users), ({}, {}, None, None))

    def test_tls(self) -> None:
        """
        The certificate, how long it is good, and whether clients need one.
        """
        authority = Authority()
        authority.write(self.folder)
        issued = authority.issue("a.example", common="a.example", days=90)
        issued.write(self.folder)
        expires = issued.certificate.not_valid_after_utc
        for mutual, clients, words in (
            ("", "none", ""),
            ('secureSocket.mutualSsl = { cert = "ca.pem" }', "required", ", certificates of clients required"),
            (
                'secureSocket.mutualSsl = { cert = "ca.pem", verifyClient = "OPTIONAL" }',
                "optional",
                ", certificates of clients optional",
            ),
        ):
            outline = self.outline(
                f'''
                [[listeners]]
                port = 0
                secureSocket.key = {{ certFile = "own.crt", keyFile = "own.key" }}
                secureSocket.protocol = {{ versions = ["TLSv1.3"] }}
                {mutual}
                '''
            )
            self.assertEqual(
                outline.listeners[0].tls,
                TlsOutline(
                    subject="CN=a.example", expires=expires.isoformat(), versions=["TLSv1.3"], clients=clients
                ),
            )
            self.assertEqual(
                next(iter(linesOf(outline))), f"listener 0.0.0.0:0, TLS (CN=a.example, until {expires:%Y-%m-%d}{words})"
            )

    def test_escaped(self) -> None:
        """
        Nothing of a file steers the terminal.
        """
        text = '[[listeners]]\nport = 0\n[[listeners.resources]]\npath = "/\\u202e"\nresource = "MODULE:Page"\n'
        for line in linesOf(self.outline(text)):
            self.assertTrue(line.isprintable(), line)
