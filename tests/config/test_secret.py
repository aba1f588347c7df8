"""
Tests of L{balws.config.secret}.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.config.client import ClientConfiguration
from balws.config.listener import ListenerConfiguration
from balws.config.secret import MAX_SECRET, Secret, isReference, resolveSecret
from balws.config.service import WSServiceConfig
from balws.errors import ConfigurationError

CANARY = "p4ssw0rd-canary"


class SecretTests(SynchronousTestCase):
    """
    A secret shows itself only when asked.
    """

    def test_reveal(self) -> None:
        """
        The text comes out by C{reveal} only.
        """
        self.assertEqual(Secret(CANARY).reveal(), CANARY)

    def test_hidden(self) -> None:
        """
        No way of printing a secret prints its text.
        """
        secret = Secret(CANARY)
        for shown in (
            str(secret),
            repr(secret),
            f"{secret}",
            "".join(map(str, [secret])),
            f"{secret!r:>40}",
            repr([secret]),
        ):
            self.assertNotIn(CANARY, shown)
        self.assertFalse(hasattr(secret, "__dict__"))

    def test_equality(self) -> None:
        """
        Secrets with the same text are equal, and no text equals a secret.
        """
        self.assertEqual(Secret("a"), copy.copy(Secret("a")))
        self.assertNotEqual(Secret("a"), Secret("b"))
        self.assertNotEqual(Secret("a"), "a")
        self.assertEqual({Secret("a"), Secret("a")}, {Secret("a")})


class IsReferenceTests(SynchronousTestCase):
    """
    Which tables name a secret.
    """

    def test_references(self) -> None:
        """
        A table of env or file, and nothing else, is a reference.
        """
        for value in ({"env": "A"}, {"file": "a"}, {"env": "A", "file": "a"}, {"env": 1}):
            self.assertTrue(isReference(value), value)
        for value in ({}, {"env": "A", "port": 1}, "env", None, ["env"]):
            self.assertFalse(isReference(value), value)


class ResolveSecretTests(SynchronousTestCase):
    """
    Secrets come from the environment or from a file.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.events: list[dict[str, object]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def write(self, content: bytes, mode: int = 0o600) -> None:
        """
        Make the file C{key} in the folder.
        """
        path = self.folder / "key"
        path.write_bytes(content)
        path.chmod(mode)

    def refusal(self, value: dict[str, object]) -> str:
        """
        @return: the text of the error that a reference makes.
        """
        return str(self.assertRaises(ConfigurationError, resolveSecret, value, self.folder))

    def test_environment(self) -> None:
        """
        env names a variable.
        """
        self.patch(os, "environ", {"BALWS_KEY": CANARY})
        self.assertEqual(resolveSecret({"env": "BALWS_KEY"}, self.folder).reveal(), CANARY)

    def test_missingVariable(self) -> None:
        """
        A variable that is not set, or is empty, is refused by name.
        """
        self.patch(os, "environ", {"EMPTY": ""})
        self.assertEqual(self.refusal({"env": "NONE"}), "the environment variable 'NONE' is not set")
        self.assertEqual(self.refusal({"env": "EMPTY"}), "the environment variable 'EMPTY' is empty")

    def test_file(self) -> None:
        """
        file names a file beside the configuration; one line end at its end is not part of the secret.
        """
        for content, text in (
            (b"word", "word"),
            (b"word\n", "word"),
            (b"word\r\n", "word"),
            (b"word\n\n", "word\n"),
            ("wörd\n".encode(), "wörd"),
        ):
            self.write(content)
            self.assertEqual(resolveSecret({"file": "key"}, self.folder).reveal(), text)
        self.assertEqual(self.events, [])

    def test_absoluteFile(self) -> None:
        """
        An absolute path does not start at the folder.
        """
        self.write(b"word")
        path = str((self.folder / "key").absolute())
        self.assertEqual(resolveSecret({"file": path}, Path("elsewhere")).reveal(), "word")

    def test_fileLimit(self) -> None:
        """
        A file of 64 KiB is read, one byte more is refused.
        """
        self.write(b"x" * MAX_SECRET)
        self.assertEqual(len(resolveSecret({"file": "key"}, self.folder).reveal()), MAX_SECRET)
        self.write(b"x" * (MAX_SECRET + 1))
        self.assertEqual(
            self.refusal({"file": "key"}), "the file 'key' is over 65536 bytes, which is no secret"
        )

    def test_unreadableFile(self) -> None:
        """
        A file that is missing, a folder, empty or no text is refused, without its content.
        """
        self.assertEqual(
            self.refusal({"file": "none"}), "the file 'none' cannot be read: No such file or directory"
        )
        self.assertEqual(self.refusal({"file": "."}), "the file '.' cannot be read: Is a directory")
        self.assertEqual(
            self.refusal({"file": "a\0b"}), "the file 'a\\x00b' cannot be read: it is not UTF-8 text"
        )
        self.write(CANARY.encode() + b"\xff")
        self.assertEqual(self.refusal({"file": "key"}), "the file 'key' cannot be read: it is not UTF-8 text")
        self.write(b"\n")
        self.assertEqual(self.refusal({"file": "key"}), "the file 'key' is empty")

    def test_fileOpenToAll(self) -> None:
        """
        A file that everybody may read is used, with a warning that does not show the content.
        """
        self.write(CANARY.encode(), mode=0o644)
        self.assertEqual(resolveSecret({"file": "key"}, self.folder).reveal(), CANARY)
        (event,) = self.events
        self.assertEqual((event["log_level"], event["file"]), (LogLevel.warn, "key"))
        self.assertNotIn(CANARY, repr(event))

    def test_fileOpenToGroup(self) -> None:
        """
        A file that only the owner and a group may read brings no warning.
        """
        self.write(b"word", mode=0o640)
        resolveSecret({"file": "key"}, self.folder)
        self.assertEqual(self.events, [])

    def test_badReference(self) -> None:
        """
        A reference has one source, named by a string.
        """
        self.assertEqual(
            self.refusal({"env": "A", "file": "a"}), "a secret comes from env or from file, not from both"
        )
        self.assertEqual(self.refusal({"env": 1}), "env: expected the name of an environment variable")
        self.assertEqual(self.refusal({"file": ""}), "file: expected the path of a file")


class MisplacedTests(SynchronousTestCase):
    """
    A credential where a table or a list belongs.
    """

    def refusal(self, record: Any, **fields: Any) -> str:
        """
        @return: the error's text, which does not show it.
        """
        problem = str(self.assertRaises(ConfigurationError, record, **fields))
        self.assertNotIn(CANARY, problem)
        self.assertTrue(problem.endswith(", got a string"), problem)
        return problem.partition(":")[0]

    def test_client(self) -> None:
        """
        In the configuration of a client.
        """
        client = {"tokenUrl": "https://a.example/", "clientId": "a", "clientSecret": "b"}
        user = {**client, "username": "ada", "password": "x"}
        key = {"path": "a.p12", "password": CANARY}
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"auth": f"Bearer {CANARY}"}, "auth"),
            ({"auth": {"signatureConfig": CANARY}}, "auth.signatureConfig"),
            ({"auth": {**client, "clientConfig": CANARY}}, "auth.clientConfig"),
            ({"auth": {**client, "clientConfig": {"auth": CANARY}}}, "auth.clientConfig.auth"),
            (
                {"auth": {**client, "clientConfig": {"customHeaders": f"Authorization: {CANARY}"}}},
                "auth.clientConfig.customHeaders",
            ),
            ({"auth": {**client, "optionalParams": CANARY}}, "auth.optionalParams"),
            ({"auth": {**user, "refreshConfig": CANARY}}, "auth.refreshConfig"),
            ({"secureSocket": CANARY}, "secureSocket"),
            ({"secureSocket": {"key": CANARY}}, "secureSocket.key"),
            ({"secureSocket": {"key": key, "ciphers": CANARY}}, "secureSocket.ciphers"),
            ({"cookies": f"sid={CANARY}"}, "cookies"),
            ({"cookies": [f"sid={CANARY}"]}, "cookies[0]"),
            ({"customHeaders": f"Authorization: {CANARY}"}, "customHeaders"),
            ({"targetUrls": f"wss://ada:{CANARY}@a.example/"}, "targetUrls"),
            ({"retryConfig": CANARY}, "retryConfig"),
        )
        for fields, path in cases:
            self.assertEqual(self.refusal(ClientConfiguration, **fields), path)

    def test_server(self) -> None:
        """
        In those of a service and a listener.
        """
        jwt = {"signatureConfig": {"secret": "x" * 32}}
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"fileUserStoreConfig": CANARY}, "fileUserStoreConfig"),
            ({"fileUserStoreConfig": {"users": f"ada:{CANARY}"}}, "fileUserStoreConfig.users"),
            ({"fileUserStoreConfig": {"users": [f"ada:{CANARY}"]}}, "fileUserStoreConfig.users[0]"),
            ({"jwtValidatorConfig": {"signatureConfig": CANARY}}, "jwtValidatorConfig.signatureConfig"),
            ({"jwtValidatorConfig": {**jwt, "customClaims": CANARY}}, "jwtValidatorConfig.customClaims"),
            (
                {"oauth2IntrospectionConfig": {"url": "https://a.example/", "clientConfig": {"auth": CANARY}}},
                "oauth2IntrospectionConfig.clientConfig.auth",
            ),
        )
        for entry, path in cases:
            self.assertEqual(self.refusal(WSServiceConfig, auth=[entry]), f"auth[0].{path}")
        for auth, path in ((CANARY, "auth"), ([CANARY], "auth[0]")):
            self.assertEqual(self.refusal(WSServiceConfig, auth=auth), path)
        for socket, path in ((CANARY, ""), ({"key": CANARY}, ".key")):
            self.assertEqual(self.refusal(ListenerConfiguration, secureSocket=socket), f"secureSocket{path}")
