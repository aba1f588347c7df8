"""
Tests of L{balws.cli.reaching}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.python.usage import UsageError

from balws.admin.facts import Summary
from balws.cli.admin import Admin, Denied
from balws.cli.ps import Ps
from balws.errors import ConfigurationError
from tests.cli.fakeadmin import GOOD, AskingCase, summary


class ReachingCase(AskingCase):
    """
    What is asked depends on options, environment and files.
    """

    def reached(self, *arguments: str) -> Admin:
        from twisted.internet import reactor

        return self.parsed(Ps, *arguments).reach(reactor)  # type: ignore[attr-defined, no-any-return]

    def refusal(self, *arguments: str) -> str:
        return str(self.assertRaises(ConfigurationError, self.reached, *arguments))

    def write(self, text: str, name: str = "balws.toml") -> None:
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

    def configure(self, name: str = "balws.toml", token: str = GOOD, port: int | None = None) -> None:
        endpoint = f"tcp:{port or self.port}:interface=127.0.0.1"
        self.write(f'[admin]\nendpoint = "{endpoint}"\ntoken = "{token}"\n', name)

    async def ask(self, *arguments: str) -> None:
        """
        @raise Exception: unless the answer is one.
        """
        self.fake.token = GOOD
        self.fake.answers["/api/summary"] = summary()
        await self.reached(*arguments).get("/api/summary", Summary)


class PlaceTests(ReachingCase):
    """
    Where the endpoint is.
    """

    def test_order(self) -> None:
        """
        C{--admin} stands over C{--config}, that over the environment, and that over the file that is here.
        """
        self.configure(port=1)
        self.configure("other.toml", port=2)
        self.assertEqual(self.reached().address.port, 1)
        self.environment(BALWS_ADMIN="tcp:3")
        self.assertEqual(self.reached().address.port, 3)
        self.assertEqual(self.reached("--config", "other.toml").address.port, 2)
        self.assertEqual(self.reached("--config", "other.toml", "--admin", "tcp:4").address.port, 4)

    def test_socket(self) -> None:
        """
        The path of a socket in a file starts at that file's folder, and needs no token.
        """
        self.write('[admin]\nendpoint = "unix:run/a.sock"\n', "app/balws.toml")
        address = self.reached("-c", "app/balws.toml").address
        self.assertEqual(address.path, str(self.folder / "app" / "run" / "a.sock"))

    def test_none(self) -> None:
        """
        Without any of them the error says what to give.
        """
        self.assertEqual(
            self.refusal(),
            "which service? Give --admin ENDPOINT, or --config FILE whose [admin] says it; here is no balws.toml",
        )

    def test_wrong(self) -> None:
        """
        An endpoint that cannot be is told by the place where it was given.
        """
        error = self.assertRaises(UsageError, self.reached, "--admin", "https://here")
        self.assertEqual(str(error), "--admin: expected http://127.0.0.1:9091, tcp:9091 or unix:PATH")
        self.environment(BALWS_ADMIN="here")
        self.assertEqual(
            self.refusal(), "BALWS_ADMIN of the environment: expected http://127.0.0.1:9091, tcp:9091 or unix:PATH"
        )

    def test_files(self) -> None:
        """
        A file that cannot be used is told with the place in it.
        """
        self.assertEqual(self.refusal("-c", "none.toml"), "none.toml: cannot be read: No such file or directory")
        for text, problem in (
            ("[[listeners]]\nport = 1\n", "balws.toml: it has no [admin], so that nobody can ask its service; "),
            ("admin = 5\n", "balws.toml:1:9: admin: expected a table"),
            ('[admin]\nendpoint = "tcp:1"\n', "balws.toml:2:12: admin.endpoint: expected an endpoint that only"),
            ('[admin]\nendpont = "unix:a"\n', "balws.toml:2:1: admin.endpont: "),
            ('[admin]\nendpoint = "unix:a"\ntoken = { env = "NOT_SET" }\n', "balws.toml"),
            ("[admin\n", "balws.toml:1:"),
            ("a = [\n", "balws.toml:2:1: "),
        ):
            self.write(text)
            self.assertTrue(self.refusal().startswith(problem), self.refusal())

    def test_others(self) -> None:
        """
        Nothing but C{[admin]} is looked at: who operates a service need not have its other secrets.
        """
        self.configure()
        with open("balws.toml", "a") as stream:
            stream.write('[hub]\nurl = "redis://localhost"\npassword = { env = "NOT_SET" }\n')
        self.assertEqual(self.reached().address.port, self.port)


class TokenTests(ReachingCase):
    """
    Where the token is.
    """

    async def test_file(self) -> None:
        """
        That of the file that is read for the endpoint is taken, with what it names.
        """
        self.configure()
        await self.ask()
        self.write("[admin]\n" + f'endpoint = "tcp:{self.port}:interface=127.0.0.1"\ntoken = {{ file = "t" }}\n', "a/b")
        self.write(GOOD + "\n", "a/t")
        await self.ask("--config", "a/b")

    async def test_environment(self) -> None:
        """
        The environment has it for an endpoint that no file describes.
        """
        self.environment(BALWS_ADMIN_TOKEN=GOOD)
        await self.ask("--admin", f"tcp:{self.port}")

    async def test_tokenFile(self) -> None:
        """
        C{--token-file} stands over both.
        """
        self.configure(token="another-token-0123")
        self.environment(BALWS_ADMIN_TOKEN="a-third-token-01234")
        self.write(GOOD + "\n", "token")
        await self.ask("--token-file", "token")

    async def test_elsewhere(self) -> None:
        """
        The token of a file that nobody named goes to its own endpoint alone.
        """
        self.configure(port=1)
        error = await self.assertFailure(Deferred.fromCoroutine(self.ask("--admin", f"tcp:{self.port}")), Denied)
        self.assertIn("wants a token", str(error))

    def test_wrong(self) -> None:
        """
        A token that no header can carry, or that is not there, is refused, and not shown.
        """
        self.assertEqual(
            self.refusal("--admin=tcp:1", "--token-file", "none"),
            "--token-file: the file 'none' cannot be read: No such file or directory",
        )
        for name, content in (("blank", "to ken"), ("lines", "to\nken"), ("accents", "tökén")):
            self.write(content, name)
            problem = "a token is one line of visible ASCII without blanks"
            self.assertEqual(self.refusal("--admin=tcp:1", "--token-file", name), f"--token-file: {problem}")
        self.environment(BALWS_ADMIN_TOKEN="a b")
        self.assertEqual(self.refusal("--admin=tcp:1"), f"BALWS_ADMIN_TOKEN of the environment: {problem}")
