"""
Tests of L{balws.cli.hashpassword}.
"""

from __future__ import annotations

import os
import pty
import select
import sys
import termios
import time
import tomllib
from io import BytesIO, TextIOWrapper
from typing import Any

from balws.auth.users.passwords import MAX_PASSWORD, parsePassword
from balws.cli import hashpassword
from balws.cli.command import main
from tests.auth.hashed import cheapHash
from tests.cli.test_command import CommandTestCase

CANARY = "p4ssw0rd-canary"

#: No step of a process takes as many seconds, on whatever machine.
PATIENCE = 30


class LineTests(CommandTestCase):
    """
    A password that comes through a pipe.
    """

    def setUp(self) -> None:
        super().setUp()
        self.made: list[tuple[str, str]] = []

        def cheap(password: str, kind: str) -> str:
            self.made.append((password, kind))
            return cheapHash(password)

        self.patch(hashpassword, "hashPassword", cheap)

    def given(self, data: bytes) -> None:
        self.patch(sys, "stdin", TextIOWrapper(BytesIO(data)))

    def printed(self, *arguments: str) -> str:
        self.out.truncate(0)
        self.out.seek(0)
        self.assertEqual(main(["hash-password", *arguments]), 0)
        self.assertEqual(self.err.getvalue(), "")
        return self.out.getvalue()

    def test_line(self) -> None:
        """
        One line is read, its end is not part of the password, and one line is printed.
        """
        for data, password in (
            (b"pass word \n", "pass word "),
            (b"p:\r\n", "p:"),
            (b"p", "p"),
            ("пароль\nsecond\n".encode(), "пароль"),
        ):
            self.given(data)
            shown = self.printed()
            self.assertEqual(self.made.pop(), (password, "scrypt"))
            self.assertEqual(shown.count("\n"), 1)
            self.assertTrue(parsePassword(shown.removesuffix("\n")).verify(password.encode()))

    def test_kind(self) -> None:
        """
        The kind of hash can be chosen among those that are made.
        """
        self.given(b"p\n")
        self.printed("--kind", "argon2")
        self.assertEqual(self.made, [("p", "argon2")])
        self.assertEqual(self.refusedUsage("--kind", "md5"), "--kind is one of scrypt, argon2")

    def refusedUsage(self, *arguments: str) -> str:
        self.out.truncate(0)
        self.out.seek(0)
        return self.refusal("hash-password", *arguments)

    def test_table(self) -> None:
        """
        With a name it is a table for the configuration file.
        """
        self.given(b"p\n")
        shown = self.printed("--user", 'älice "the cat" \\', "--scope", "read", "-s", "write")
        (user,) = tomllib.loads(shown)["auth"]["users"]
        self.assertTrue(shown.startswith("[[auth.users]]\n"))
        self.assertTrue(parsePassword(user.pop("password")).verify(b"p"))
        self.assertEqual(user, {"username": 'älice "the cat" \\', "scopes": ["read", "write"]})
        self.given(b"p\n")
        (user,) = tomllib.loads(self.printed("-u", "bob"))["auth"]["users"]
        self.assertEqual(user.keys(), {"username", "password"})

    def test_usage(self) -> None:
        """
        A name or a scope that cannot be, and a password as an argument, are refused before a
        password is read; the argument is not shown.
        """
        self.given(b"p\n")
        self.assertIn('--user: expected a name without ":"', self.refusedUsage("--user", "a:b"))
        self.assertIn("--user: expected a string that is not empty", self.refusedUsage("--user", ""))
        self.assertIn("--scope: expected a scope", self.refusedUsage("--user", "a", "--scope", "b\nc"))
        self.assertEqual(self.refusedUsage("--scope", "b"), "--scope goes with --user")
        self.assertEqual(self.refusedUsage(CANARY), "hash-password takes no arguments; it asks for the password")
        self.assertEqual(sys.stdin.buffer.tell(), 0)


class RefusalTests(CommandTestCase):
    """
    Passwords that cannot be.
    """

    def test_line(self) -> None:
        """
        They end with status 1 and one line that does not show them.
        """
        for data, problem in (
            (b"", "a password has 1 to 1024 bytes"),
            (b"\n", "a password has 1 to 1024 bytes"),
            (b"a" * (MAX_PASSWORD + 1) + b"\n", "a password has 1 to 1024 bytes"),
            (b"a" * 10**6, "a password has 1 to 1024 bytes"),
            (b"a\0b\n", "a password has no control characters"),
            (b"\xff\n", "the password is not UTF-8"),
        ):
            self.patch(sys, "stdin", TextIOWrapper(BytesIO(data)))
            self.assertEqual(self.refusal("hash-password", status=1), problem)

    def test_longest(self) -> None:
        """
        The longest password is taken, with the longest end of a line.
        """
        self.patch(hashpassword, "hashPassword", lambda password, kind: f"{len(password)}")
        self.patch(sys, "stdin", TextIOWrapper(BytesIO(b"a" * MAX_PASSWORD + b"\r\n")))
        self.assertEqual(main(["hash-password"]), 0)
        self.assertEqual(self.out.getvalue(), f"{MAX_PASSWORD}\n")


class TerminalTests(CommandTestCase):
    """
    A password that is typed.
    """

    def setUp(self) -> None:
        """
        Nothing is taken down here: the command is a process with a terminal of its own.
        """

    def dialogue(self, *typed: bytes) -> tuple[bytes, int]:
        """
        @param typed: for each question what to type.
        @return: what the terminal showed, and the exit status.
        """
        pid, terminal = pty.fork()
        if pid == 0:  # pragma: no cover
            os.execv(sys.executable, [sys.executable, "-m", "balws", "hash-password", "--user", "alice"])
        self.addCleanup(os.close, terminal)
        shown = b""
        for question, answer in zip((b"Password for alice: ", b"Once more for alice: "), typed, strict=False):
            shown += self.shownUntil(terminal, question)
            self.assertFalse(termios.tcgetattr(terminal)[3] & termios.ECHO)
            os.write(terminal, answer)
        shown += self.shownUntil(terminal, None)
        _, status = os.waitpid(pid, 0)
        return shown, os.waitstatus_to_exitcode(status)

    def shownUntil(self, terminal: int, words: bytes | None) -> bytes:
        shown, end = b"", time.monotonic() + PATIENCE
        while words is None or not shown.endswith(words):
            self.assertTrue(select.select([terminal], [], [], max(0, end - time.monotonic()))[0], shown)
            try:
                data = os.read(terminal, 4096)
            except OSError:  # as Linux says that the other side is closed
                data = b""
            if not data:
                self.assertIsNone(words, shown)
                break
            shown += data
        return shown

    def check(self, *typed: bytes) -> Any:
        shown, status = self.dialogue(*typed)
        self.assertNotIn(CANARY.encode(), shown)
        return shown.decode().replace("\r\n", "\n"), status

    def test_twice(self) -> None:
        """
        It is typed twice, is not shown, and its hash is printed.
        """
        shown, status = self.check(f"{CANARY}\n".encode(), f"{CANARY}\n".encode())
        self.assertEqual(status, 0)
        (user,) = tomllib.loads(shown[shown.index("[[") :])["auth"]["users"]
        self.assertTrue(parsePassword(user["password"]).verify(CANARY.encode()))

    def test_differs(self) -> None:
        """
        Two that differ are refused with status 1.
        """
        shown, status = self.check(f"{CANARY}\n".encode(), f"{CANARY}x\n".encode())
        self.assertEqual(status, 1)
        self.assertTrue(shown.endswith("balws: the two passwords differ\n"), shown)

    def test_given_up(self) -> None:
        """
        The end of the input, and Ctrl-C, end with status 1 and one line.
        """
        for key, line in ((b"\x04", "balws: nothing was given\n"), (b"\x03", "balws: interrupted\n")):
            shown, status = self.check(key)
            self.assertEqual(status, 1)
            self.assertTrue(shown.endswith(line), shown)
            self.assertNotIn("Traceback", shown)
