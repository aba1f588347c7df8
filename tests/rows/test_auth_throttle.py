"""
Who tries again and again, and what he would like to see in the log: rows AB12 and RL16 of the
reliability catalogue.
"""

from __future__ import annotations

import time
from itertools import count

from tests.auth.tokens import SECRET, encode, token
from tests.rows.guarding import USERS, GuardedTestCase, basic, bearer, guarded
from tests.rows.raw import TEXT, frame
from tests.rows.waiting import patiently

_FILE = {"fileUserStoreConfig": {}}
_JWT = {"jwtValidatorConfig": {"issuer": "https://issuer.example", "signatureConfig": {"secret": SECRET}}}

_ALICE, _WRONG = basic("alice", "xxx"), basic("alice", "yyy")

_addresses = (f"127.0.1.{number}" for number in count(1))


class ThrottleTests(GuardedTestCase):
    """
    A listener that lets an address fail twice in a row; each test is another address.
    """

    listener = "timeout = 15\nmaxAuthFailures = 2"
    more = (
        USERS
        + guarded("/known", _FILE)
        + guarded("/also", _FILE)
        + guarded("/owners", {**_FILE, "scopes": "owners"})
    )

    def setUp(self) -> None:
        """
        Take an address that nobody has had.
        """
        super().setUp()
        self.address = next(_addresses)

    def anew(self) -> None:
        """
        Take another one.
        """
        super().anew()
        self.address = next(_addresses)

    def attempt(self, *more: bytes, path: str = "/known") -> tuple[int, float]:
        """
        @return: status and seconds of an answer to this address.
        """
        began = time.monotonic()
        peer = self.knockFrom(self.address, path, *more)
        status = peer.status()
        return status, time.monotonic() - began

    def assertWaits(self, status: int, seconds: float, *more: bytes, path: str = "/known") -> None:
        """
        An attempt is answered so, after so many seconds.
        """
        found, passed = self.attempt(*more, path=path)
        self.assertEqual(found, status)
        self.assertGreater(passed, seconds - 0.05)
        if not seconds:
            self.assertLess(passed, 0.5)

    def fails(self) -> None:
        """
        Use up what is free.
        """
        for _ in range(2):
            self.assertWaits(401, 0, _WRONG)

    @patiently
    def test_waits(self) -> None:
        """
        Behind the free ones each attempt waits longer, at whatever service of the listener; a
        right password waits too, is accepted, and sets all to the beginning (AB12)
        """
        self.fails()
        self.assertWaits(401, 0.5, _WRONG, path="/also")
        self.assertWaits(101, 1, _ALICE)
        self.fails()
        self.assertWaits(401, 0.5, basic("nobody", "x"))

    @patiently
    def test_tooMany(self) -> None:
        """
        Four attempts of an address may wait, further ones get 429 at once and are told when to
        come again; other addresses and those who are connected notice nothing (AB12)
        """
        inside = self.knockFrom(self.address, "/known", _ALICE)
        self.assertEqual(inside.status(), 101)
        inside.receive()
        self.fails()
        began = time.monotonic()
        peers = [self.knockFrom(self.address, "/known", _WRONG) for _ in range(4)]
        time.sleep(0.1)
        for more in (_WRONG, _ALICE):
            status, fields, body = self.knockFrom(self.address, "/known", more).response()
            self.assertEqual((status, body), (429, b""))
            self.assertGreater(int(fields[b"retry-after"]), 0)
        self.assertEqual(self.knockFrom(next(_addresses), "/known", _ALICE).status(), 101)
        self.assertEqual(inside.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
        self.assertLess(time.monotonic() - began, 0.5)
        self.assertEqual([peer.status() for peer in peers], [401] * 4)
        self.assertEqual(self.logged().count("throttled: "), 2)

    @patiently
    def test_leaving(self) -> None:
        """
        Who leaves while he waits makes room for others, and his password is not looked at (AB12)
        """
        self.fails()
        for _ in range(3):
            peers = [self.knockFrom(self.address, "/known", _WRONG) for _ in range(4)]
            time.sleep(0.1)
            for peer in peers:
                peer.abort()
            time.sleep(0.1)
        self.assertWaits(401, 0.5, _WRONG)
        self.assertEqual(self.logged().count("unauthenticated: "), 3)

    @patiently
    def test_innocent(self) -> None:
        """
        It is no failure to show nothing, or to lack a scope (AB12)
        """
        for _ in range(5):
            self.assertWaits(401, 0)
            self.assertWaits(403, 0, _ALICE, path="/owners")
        self.fails()

    @patiently
    def test_fields(self) -> None:
        """
        Nobody is another address because he says so (AB12)
        """
        self.fails()
        for field in (b"X-Forwarded-For: 10.0.0.1\r\n", b"Forwarded: for=10.0.0.2\r\n"):
            status, passed = self.attempt(_WRONG, field)
            self.assertEqual((status, passed > 0.4), (401, True))
        self.assertNotIn("10.0.0.", self.logged())


#: What stands alone on a line of the log, moves a terminal's cursor, or means something to a
#: formatter of ours.
_NAMES = (
    "alice\n2026-11-21T00:00:00+0000 [balws.audit#info] accepted: root",
    "a\r\nb",
    "a\x1b[2J\x1b[1;31mb",
    "a\x9b31mb\x85c\x7f\x08\x07",
    "a\u2028b\u2029c\u202ed\ufeff",
    "{log_source} {0} {username!r} {log_failure}",
    "{",
    "}}{{%s%(name)s%n$x",
    '"quoted" \\" \\n',
    "x" * 2900,
    "\U0001f4a9" * 700,
)


class LogTests(GuardedTestCase):
    """
    Names that are made for whoever reads the log.
    """

    more = "[server]\nstallWarn = 0\n" + USERS + guarded("/known", _FILE) + guarded("/tokens", _JWT)

    def assertOneLine(self, path: str, more: bytes) -> None:
        """
        A refused attempt is one line in the log, in visible ASCII and not long.
        """
        before = self.server.output()
        self.assertAnswered(401, path, more)
        self.logged()
        line, mark = self.server.output()[len(before) :].rstrip("\n").split("\n")
        self.assertIn("mark ", mark)
        self.assertTrue(line.isascii() and line.isprintable(), line)
        self.assertRegex(line, r"\A\S+ \[balws\.audit#warn\] unauthenticated: ")
        self.assertLess(len(line), 1900)
        self.assertNotIn("Unable to format", line)

    def test_names(self) -> None:
        """
        The name of somebody who is not let in stays on its line (RL16)
        """
        for name in _NAMES:
            self.assertOneLine("/known", basic(name, "x"))
        self.assertOneLine("/known", basic("{log_source}", "x"))
        self.assertIn('"{log_source}"', self.logged())

    def test_claims(self) -> None:
        """
        What a token says of its issuer, its key and its algorithm stays on its line, signed or
        not (RL16)
        """
        for name in _NAMES:
            self.assertOneLine("/tokens", bearer(token(exp=4_000_000_000, iss=name[:100], sub=name[:100])))
            header = {"alg": name[:100], "kid": name[:100], "typ": name[:100]}
            self.assertOneLine("/tokens", bearer(token(header=header)))
        self.assertOneLine("/tokens", bearer(f"{encode(b'{')}.{encode(b'{}')}.x"))

    def test_accepted(self) -> None:
        """
        So does the name of somebody who is let in (RL16)
        """
        for name in _NAMES[:8]:
            before = self.server.output()
            good = token(exp=4_000_000_000, iss="https://issuer.example", sub=name)
            peer, known, _ = self.enter("/tokens", bearer(good))
            self.assertEqual(known, name)
            peer.close()
            self.logged()
            line, _ = self.server.output()[len(before) :].rstrip("\n").split("\n")
            self.assertTrue(line.isascii() and line.isprintable(), line)
            self.assertIn("accepted: ", line)
