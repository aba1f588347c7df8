"""
Whatever is wrong with a back end, nobody comes in: figure G17 of the reliability catalogue.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.rows.guarding import USERS, GuardedTestCase, basic, guarded, toml
from tests.rows.raw import TEXT, Peer, frame, plain, request
from tests.rows.roads import FAULTS, fields, roads
from tests.rows.waiting import patiently

#: Seconds that an upgrade may take.
_TIMEOUT = 2


class FailClosedTests(GuardedTestCase):
    """
    A service for each kind of back end; each test is a fault of all of them.
    """

    listener = f"timeout = {_TIMEOUT}\nmaxAuthFailures = 0"

    def setUp(self) -> None:
        """
        Start the back ends, once for all.
        """
        self.roads = roads()
        self.more = self.roads.services + '[[listeners.resources]]\npath = "/faults"\nresource = "guarded:Faults"\n'
        super().setUp()
        self.control = self.peer()
        self.heal()
        self.addCleanup(self.heal)

    def tell(self, query: str) -> None:
        """
        Have the server itself be faulty.
        """
        self.assertEqual(self.control.send(plain(f"/faults?{query}")).response()[0], 200)

    def heal(self) -> None:
        """
        All is well again.
        """
        self.roads.turn("none")
        self.control = self.peer()
        self.tell("files=all&checker=none")

    def assertNobody(self, path: str, field: bytes, peer: Peer, limit: float) -> None:
        """
        Who has all that is needed is answered with 503, in time, and closed.
        """
        began = time.monotonic()
        peer.send(request(self.tagged(path), more=field))
        self.assertEqual(peer.response()[0], 503, path)
        self.assertLess(time.monotonic() - began, limit, path)
        self.assertEqual(peer.rest(), b"")

    def check(self, fault: str) -> None:
        """
        Nobody comes in while there is this fault, the server lives, and when it is mended
        everybody comes in again.
        """
        # What the application's checker raises is in the log.
        self.faults = fault not in ("hang", "slow")
        shown = fields()
        if fault == "descriptors":  # what is imported with the first login was imported
            self.assertAnswered(101, "/oauth2", shown["oauth2"])
        # Without descriptors nobody can connect any more; the others' time begins when they do.
        peers = {kind: self.peer() for kind in shown} if fault == "descriptors" else {}
        watch = self.open()
        self.roads.turn("none" if fault == "descriptors" else fault)
        self.tell(f"checker={fault}" + ("&files=none" if fault == "descriptors" else ""))
        for kind, field in shown.items():
            path = f"/{kind}/{fault}" if kind == "jwks" else f"/{kind}"
            # What the application's checker takes is limited by the listener alone, the others' far earlier.
            self.assertNobody(path, field, peers.get(kind) or self.peer(), 10 if kind == "own" else _TIMEOUT - 0.2)
            self.assertEqual(watch.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
        if fault == "descriptors":
            self.tell("files=all")
        self.heal()
        self.assertAlive()
        for kind in ("ldap", "oauth2", "own"):
            self.until(lambda kind=kind: self.answered(f"/{kind}", shown[kind])[0] == 101)
        self.reread()
        self.until(lambda: self.answered(f"/jwks/{fault}", shown["jwks"])[0] == 101)

    def test_right(self) -> None:
        """
        Without a fault all come in (G17)
        """
        for kind, field in fields().items():
            self.assertAnswered(101, "/jwks/none" if kind == "jwks" else f"/{kind}", field)

    @patiently
    def test_descriptors(self) -> None:
        """
        The server has no file descriptors left (G17)
        """
        self.check("descriptors")

    def anew(self) -> None:
        """
        All is well.
        """
        self.heal()
        super().anew()
        self.control = self.peer()

    def test_waiting(self) -> None:
        """
        Where nobody signals, a set of keys is asked for again after some seconds (G17)
        """
        self.roads.turn("down")
        self.assertAnswered(503, "/jwks/waiting", fields()["jwks"])
        self.roads.turn("none")
        self.until(lambda: self.answered("/jwks/waiting", fields()["jwks"])[0] == 101, 15)


def _faultTest(fault: str) -> None:
    @patiently
    def test(self: FailClosedTests) -> None:
        self.check(fault)

    test.__doc__ = f"All back ends have the fault {fault!r} (G17)"
    setattr(FailClosedTests, f"test_{fault}", test)


for _fault in FAULTS:
    _faultTest(_fault)


class FileTests(GuardedTestCase):
    """
    A file of users: who was in it stays known, nobody else becomes it.
    """

    _path: Path

    def setUp(self) -> None:
        """
        The file is as ever.
        """
        cls = type(self)
        if not cls.more:
            folder = Path(self.mktemp()).absolute()
            folder.mkdir()
            cls._path = folder / "users.toml"
            cls._path.write_text(USERS, "utf-8")
            cls._path.chmod(0o600)
            cls.more = (
                f"[auth]\nusersFile = {toml(str(cls._path))}\n"
                + guarded("/known", {"fileUserStoreConfig": {}})
                + '[[listeners.resources]]\npath = "/faults"\nresource = "guarded:Faults"\n'
            )
        super().setUp()

    @contextmanager
    def without(self) -> Iterator[Path]:
        """
        The file is away for a while.
        """
        aside = self._path.with_suffix(".aside")
        self._path.rename(aside)
        try:
            yield self._path
        finally:
            aside.rename(self._path)
            self.reread()

    def check(self) -> None:
        """
        With whatever is there in place of the file.
        """
        self.reread()
        self.until(lambda: "stays as it was" in self.logged())
        for more in (b"", basic("alice", "yyy"), basic("carol", "zzz"), basic("x", "x")):
            self.assertAnswered(401, "/known", more)
        self.assertAnswered(101, "/known", basic("alice", "xxx"))

    def test_down(self) -> None:
        """
        It is gone (G17)
        """
        with self.without():
            self.check()

    def test_hang(self) -> None:
        """
        There is a pipe that nobody writes to (G17)
        """
        with self.without() as path:
            os.mkfifo(path)
            try:
                self.check()
            finally:
                path.unlink()

    def test_garbage(self) -> None:
        """
        It is noise (G17)
        """
        with self.without() as path:
            path.write_bytes(os.urandom(5000))
            self.check()

    def test_folder(self) -> None:
        """
        It is a folder (G17)
        """
        with self.without() as path:
            path.mkdir()
            try:
                self.check()
            finally:
                path.rmdir()

    def test_descriptors(self) -> None:
        """
        The server has no file descriptors left (G17)
        """
        control, right, *wrong = (self.peer() for _ in range(4))
        self._path.write_text(USERS, "utf-8")
        self.assertEqual(control.send(plain("/faults?files=none")).response()[0], 200)
        time.sleep(1.1)  # by now the file would be looked at
        for peer, more in zip(wrong, (basic("alice", "yyy"), basic("carol", "zzz")), strict=True):
            self.assertEqual(peer.send(request("/known", more=more)).status(), 401)
        self.assertEqual(right.send(request(self.tagged("/known"), more=basic("alice", "xxx"))).status(), 101)
        self.assertEqual(control.send(plain("/faults?files=all")).response()[0], 200)
        self.assertAlive()
