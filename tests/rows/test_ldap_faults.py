"""
Directories with faults: rows LD02, LD04, LD06 and LD07 of the reliability catalogue.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.auth.fakeldap import BIND, BOUND, DONE, SEARCH, SUFFIX, Asked, FakeDirectory, entry, result
from tests.certificates import Authority, selfSigned
from tests.rows.backend import serving, silent
from tests.rows.directories import Forever, directory
from tests.rows.guarding import GuardedTestCase, basic, guarded
from tests.rows.raw import TEXT, frame

_ALICE = basic("alice", "xxx")

#: Seconds that a login may take.
_LIMIT = 0.8

_LIMITS = {"connectionTimeout": 0.5, "readTimeout": 0.5, "loginTimeout": _LIMIT}


class _Directories:
    """
    @ivar plain: without TLS.
    @ivar secure: a good certificate, for StartTLS.
    @ivar bad: directories whose certificates are good for nobody, by their faults.
    """

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(dir="."))
        authority = Authority()
        self.authority = str(Path(authority.write(folder)).absolute())
        run = Forever()
        self.plain = FakeDirectory(run)
        self.secure = FakeDirectory(run, serving(authority.issue("127.0.0.1"), folder, "good"))
        certificates = {
            "other": Authority("Other").issue("127.0.0.1"),
            "expired": authority.issue("127.0.0.1", days=-1),
            "host": authority.issue("directory.example"),
            "self": selfSigned("127.0.0.1"),
        }
        self.bad = {
            name: FakeDirectory(run, serving(issued, folder, name), isLdaps=True)
            for name, issued in certificates.items()
        }


_directories = cache(_Directories)


class FaultsTests(GuardedTestCase):
    """
    A directory that does as a test says.
    """

    def setUp(self) -> None:
        """
        Start it, once for all.
        """
        known = _directories()
        self.plain, self.secure = known.plain, known.secure
        tls = {"cert": known.authority}
        self.more = (
            guarded("/plain", directory(self.plain.url, **_LIMITS))
            + guarded("/starting", directory(self.secure.url, secureSocket={**tls, "startTls": True}, **_LIMITS))
            + guarded("/refused", directory(self.plain.url, secureSocket={**tls, "startTls": True}, **_LIMITS))
        )
        for name, each in known.bad.items():
            self.more += guarded(f"/{name}", directory(each.url, secureSocket=tls, **_LIMITS))
        super().setUp()
        for each in (self.plain, self.secure):
            each.answers[BIND], each.answers[SEARCH], each.onConnect = each.bind, each.search, None
            self.addCleanup(each.hangUp)
            each.hangUp()
            each.asked.clear()

    def assertQuickly(self, *statuses: int) -> None:
        """
        A login is answered with one of these within the limit, while an open connection is
        echoed to.
        """
        peer = self.open()
        began = time.monotonic()
        knocking = self.knock("/plain", _ALICE)
        self.assertEqual(peer.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
        self.assertIn(knocking.status(), statuses)
        self.assertLess(time.monotonic() - began, 15)

    def test_right(self) -> None:
        """
        What the faults of the other tests are faults of.
        """
        self.assertKnown("alice", ["admins"], "/plain", _ALICE)
        self.assertKnown("alice", ["admins"], "/starting", _ALICE)
        self.assertTrue(all(asked.isSecure for asked in self.secure.asked if asked.kind in (BIND, SEARCH)))

    def test_empty(self) -> None:
        """
        Without a password the directory is not even asked (LD02)
        """
        self.plain.answers[BIND] = lambda asked: [result(BOUND)]
        for more in (basic("alice", ""), basic("", ""), b"", basic("alice", "\0")):
            self.assertAnswered(401, "/plain", more)
        self.assertEqual(self.plain.asked, [])

    def test_escaped(self) -> None:
        """
        Whatever a name holds is compared as it is, in one search, and no bind is for what it
        holds (LD04)
        """
        for name in ("*", "*)(uid=*", "admin)(|(uid=*", "\\2a", "a,dc=x", "a+b=c", "\\", "é", "a\nb", "(&(x=y))"):
            self.plain.asked.clear()
            self.assertAnswered(401, "/plain", basic(name, "xxx"))
            (search,) = self.plain.searches()
            self.assertEqual(search.compared, [b"inetOrgPerson", name.encode()])
            # A bind for somebody who is not there takes the time of one for somebody who is.
            nobody = f"uid=balws-nobody,ou=Users,{SUFFIX}"
            self.assertLessEqual({who for who, _ in self.plain.binds()}, {f"cn=admin,{SUFFIX}", nobody})

    def test_long(self) -> None:
        """
        A name that is too long does not get to the directory (LD04)
        """
        self.assertAnswered(401, "/plain", basic("x" * 5000, "xxx"))
        peer = self.knock("/plain", basic("x" * 65536, "xxx"))
        self.assertIn(peer.status(), (401, 431))
        self.assertEqual(self.plain.searches(), [])

    def test_several(self) -> None:
        """
        Two entries are nobody, as is one without a name (LD04)
        """

        def twice(asked: Asked) -> Any:
            return [entry(f"uid={name},{asked.name}", uid=[name]) for name in ("alice", "alicia")] + [result(DONE)]

        self.plain.answers[SEARCH] = twice
        self.assertAnswered(401, "/plain", _ALICE)
        self.plain.answers[SEARCH] = lambda asked: [entry("", uid=["alice"]), result(DONE)]
        self.assertIn(self.answered("/plain", _ALICE)[0], (401, 503))
        self.assertNotIn(("", b"xxx"), self.plain.binds())

    def test_trust(self) -> None:
        """
        A certificate of another authority, for another host, out of date or signed by itself:
        nothing is asked, and no password sent (LD06)
        """
        for name, each in _directories().bad.items():
            self.assertAnswered(503, f"/{name}", _ALICE)
            self.assertEqual((each.asked, each.connections > 0), ([], True), name)

    def test_starting(self) -> None:
        """
        A directory that does not go over to TLS gets no password (LD06)
        """
        self.assertAnswered(503, "/refused", _ALICE)
        self.assertEqual(self.plain.binds(), [])
        self.assertEqual(self.plain.searches(), [])

    def test_faults(self) -> None:
        """
        A directory that accepts and says nothing, dies, talks nonsense or without end, at each
        step of a login: 503 in time, and nobody else waits (LD07)
        """
        nonsense = b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10
        faults: list[tuple[int, Callable[[Asked], Any]]] = []
        for step in (BIND, SEARCH):
            faults += [
                (step, lambda asked: silent),
                (step, lambda asked: None),
                (step, lambda asked: nonsense),
                (step, lambda asked: b"\x30\x84\x7f\xff\xff\xff"),
                (step, lambda asked: _endless),
                (step, lambda asked: _slow),
            ]
        for step, answer in faults:
            self.plain.answers.update({BIND: self.plain.bind, SEARCH: self.plain.search, step: answer})
            self.assertQuickly(503)
        self.plain.answers.update({BIND: self.plain.bind, SEARCH: self.plain.search})
        self.plain.onConnect = silent
        self.plain.hangUp()
        self.assertQuickly(503)
        self.plain.onConnect = None
        self.plain.hangUp()
        self.until(lambda: self.answered("/plain", _ALICE)[0] == 101)

    def test_users(self) -> None:
        """
        So too where the account of the service is let in, and the user's own bind is never
        answered (LD07)
        """

        def bind(asked: Asked) -> Any:
            return self.plain.bind(asked) if asked.name.startswith("cn=admin") else silent

        self.plain.answers[BIND] = bind
        self.assertQuickly(503)
        self.assertEqual(self.plain.binds()[-1][0], f"uid=alice,ou=Users,{SUFFIX}")

    def test_many(self) -> None:
        """
        A hundred logins at a directory that hangs cost a few threads, are all answered in
        time, and leave nothing (LD07)
        """
        self.plain.answers[BIND] = lambda asked: silent
        before = self.descriptors()
        began = time.monotonic()
        peers = [self.knock("/plain", basic(f"user{number}", "x")) for number in range(100)]
        threads = len(list(Path(f"/proc/{self.server.process.pid}/task").iterdir()))
        self.assertEqual({peer.status() for peer in peers}, {503})
        self.assertLess(time.monotonic() - began, 5)
        self.assertLess(threads, 20)
        for peer in peers:
            peer.close()
        self.until(lambda: self.descriptors() <= before + 5)
        self.plain.answers[BIND] = self.plain.bind
        self.plain.hangUp()
        self.until(lambda: self.answered("/plain", _ALICE)[0] == 101)


def _endless(connection: socket.socket) -> None:
    """
    Send entries that nobody asked for.
    """
    data = b"\x30\x84\x00\x00\x00\x0c\x02\x01\x02\x64\x07\x04\x01x\x30\x00\x00\x00" * 1000
    for _ in range(2000):
        connection.sendall(data)


def _slow(connection: socket.socket) -> None:
    """
    Send an answer that is as long as it takes.
    """
    connection.sendall(b"\x30\x84\x00\x01\x00\x00")
    for _ in range(400):
        connection.sendall(b"\x02")
        time.sleep(0.05)
