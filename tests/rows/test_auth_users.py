"""
The file of users, as it is and as it changes: rows AB06, AB09, AB10 and RL11 of the
reliability catalogue, and the reference library's C{[[ballerina.auth.users]]}.
"""

from __future__ import annotations

import os
import subprocess
import time
from base64 import b64encode
from hashlib import md5, pbkdf2_hmac, sha1
from importlib.util import find_spec
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.application import makeApplicationService
from balws.config import loadFile
from balws.errors import ConfigurationError
from tests.commands import asCommand, environment
from tests.rows.guarding import USERS, GuardedTestCase, basic, guarded, hashed, toml, user
from tests.rows.raw import TEXT, frame
from tests.waiting import PATIENCE

_FILE = {"fileUserStoreConfig": {}}

_ALICE, _BOB, _CAROL = basic("alice", "xxx"), basic("bob", "yyy"), basic("carol", "zzz")


def _pbkdf2(password: str) -> str:
    salt = os.urandom(16)
    digest = pbkdf2_hmac("sha256", password.encode(), salt, 600_000)
    parts = (b64encode(each).decode().rstrip("=") for each in (salt, digest))
    return f"$pbkdf2-sha256$i=600000${'$'.join(parts)}"


class KindsTests(GuardedTestCase):
    """
    What stands in place of a password.
    """

    more = (
        "".join(user(f"ln{ln}", hashed(f"pass{ln}", ln, p)) for ln, p in ((13, 1), (14, 5), (17, 1)))
        + user("pbkdf2", _pbkdf2("old"))
        + guarded("/known", _FILE)
    )

    def test_accepted(self) -> None:
        """
        Hashes of scrypt with any sound parameters, and of PBKDF2 (AB06)
        """
        for ln in (13, 14, 17):
            self.assertAnswered(101, "/known", basic(f"ln{ln}", f"pass{ln}"))
            self.assertAnswered(401, "/known", basic(f"ln{ln}", f"pass{ln}x"))
        self.assertAnswered(101, "/known", basic("pbkdf2", "old"))
        self.assertAnswered(401, "/known", basic("pbkdf2", "new"))


class RefusedTests(SynchronousTestCase):
    """
    Files with which nothing starts.
    """

    def check(self, users: str, service: str = guarded("/known", _FILE)) -> str:
        """
        @return: what is said of such a file; nothing when all is well.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        head = f'[python]\npath = [{toml(str(Path(__file__).parent / "services"))}]\n[[listeners]]\nport = 0\n'
        path = folder / "balws.toml"
        path.write_text(head + service + users, "utf-8")
        try:
            makeApplicationService(loadFile(path), Clock())
        except ConfigurationError as error:
            return str(error)
        return ""

    def test_passwords(self) -> None:
        """
        Plain text and hashes that are no protection are refused, with the place and without
        the password (AB06)
        """
        secret = "canary-7f31"
        for line in (
            secret,
            md5(secret.encode()).hexdigest(),
            sha1(secret.encode()).hexdigest(),
            "{SHA}" + b64encode(sha1(secret.encode()).digest()).decode(),
            "$1$canary-7f31$abcdefghijklmnopqrstuv",
            "$2b$12$canary-7f31abcdefghijklmnopqrstuv",
            hashed(secret, 12),
            hashed(secret)[:-30],
            hashed(secret).replace("$scrypt$", "$scrypt2$"),
            "",
        ):
            complaint = self.check(user("alice", hashed("xxx")) + user("bob", line))
            self.assertNotIn("\n", complaint)
            self.assertRegex(complaint, r"balws\.toml:\d+:\d+: auth\.users\[1\]\.password")
            self.assertNotIn("canary", complaint)
            if line:
                self.assertNotIn(line, complaint)

    def test_plain(self) -> None:
        """
        Plain text is accepted by whoever says so, and what is a hash of another program is not
        taken for it (AB06)
        """
        allowed = "[auth]\nallowPlaintextPasswords = true\n"
        self.assertEqual(self.check(allowed + user("alice", "xxx")), "")
        for line in ("{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=", "$2b$12$abcdefghijklmnopqrstuv", "$scrypt$ln=1"):
            self.assertIn("auth.users[0].password", self.check(allowed + user("alice", line)))

    def test_argon2(self) -> None:
        """
        Argon2 is read where its package is there, and asked for where it is not (AB06)
        """
        line = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo"
        said = self.check(user("alice", line))
        self.assertEqual("argon2-cffi" in said, find_spec("argon2") is None, said)
        self.assertEqual(bool(said), find_spec("argon2") is None, said)

    def test_nobody(self) -> None:
        """
        A service with auth and nobody who could come is refused, as are doubles, unknown keys
        and a missing file (RL11)
        """
        own = guarded("/known", {"fileUserStoreConfig": {"path": "absent.toml"}})
        for users, service in (
            ("", guarded("/known", _FILE)),
            (USERS, guarded("/known")),
            (USERS, own),
            (user("a", hashed("x")) * 2, guarded("/known", _FILE)),
            (user("a:b", hashed("x")), guarded("/known", _FILE)),
            (USERS + 'passwrod = "x"\n', guarded("/known", _FILE)),
        ):
            said = self.check(users, service)
            self.assertNotIn("\n", said)
            self.assertRegex(said, r"(balws|absent)\.toml")

    def test_command(self) -> None:
        """
        twistd then ends with one line and a status that is not 0; a missing file of a password
        is named (RL11)
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        absent = '[[auth.users]]\nusername = "a"\npassword = { file = "absent" }\n'
        (folder / "balws.toml").write_text("[[listeners]]\nport = 0\n" + absent, "utf-8")
        done = subprocess.run(
            asCommand("twistd -n balws --config balws.toml"),
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual((done.returncode, done.stdout.count("\n")), (1, 1), done.stdout)
        self.assertIn("'absent'", done.stdout)


class ChangingTests(GuardedTestCase):
    """
    A file that changes while the server runs.
    """

    _file: Path

    def setUp(self) -> None:
        """
        The file is as ever.
        """
        cls = type(self)
        if not cls.more:
            folder = Path(self.mktemp()).absolute()
            folder.mkdir()
            cls._file = folder / "users.toml"
            cls.more = f"[auth]\nusersFile = {toml(str(cls._file))}\n" + guarded("/known", _FILE)
        self.write(USERS)
        super().setUp()
        self.reread()
        self.settles(101, _ALICE, _BOB)

    def write(self, text: str) -> None:
        """
        Write the file of users, as an editor does: the whole of it at once.
        """
        other = self._file.with_suffix(".new")
        other.write_text(text, "utf-8")
        other.chmod(0o600)
        other.rename(self._file)

    def settles(self, status: int, *fields: bytes) -> None:
        """
        These will be answered so.
        """
        for field in fields:
            self.until(lambda field=field: self.answered("/known", field)[0] == status, 10)

    def test_edited(self) -> None:
        """
        Who was taken out does not come in any more, whoever was added does, and nobody has to
        ask for that; who is connected stays (AB10)
        """
        peer, *_ = self.enter("/known", _BOB)
        self.write(user("alice", hashed("xxx")) + user("carol", hashed("zzz")))
        self.settles(401, _BOB)
        self.assertAnswered(101, "/known", _ALICE)
        self.assertAnswered(101, "/known", _CAROL)
        self.assertEqual(peer.send(frame(TEXT, b"still here")).receive(), (TEXT, b"still here"))

    def test_password(self) -> None:
        """
        A password that was changed counts at once, though the old one was right a moment ago,
        and so do scopes (AB10)
        """
        self.write(user("alice", hashed("new"), "owners"))
        self.settles(401, _ALICE)
        self.assertKnown("alice", ["owners"], "/known", basic("alice", "new"))

    def test_broken(self) -> None:
        """
        A file that is half-written, empty, nonsense or gone lets the last users in and nobody
        else, with one ERROR line that names it (AB10)
        """
        half = USERS[: len(USERS) // 3]
        for text in (half, "", None):
            before = self.server.output().count("were not read again")
            if text is None:
                self._file.unlink()
            else:
                self.write(text)
            self.until(
                lambda before=before: (
                    self.answered("/known", _ALICE)[0] == 101
                    and self.server.output().count("were not read again") > before
                )
            )
            self.assertAnswered(101, "/known", _BOB)
            for more in (b"", _CAROL, basic("alice", "yyy"), basic("x", "x")):
                self.assertAnswered(401, "/known", more)
            self.logged()
            complaints = self.server.output().count("were not read again")
            self.assertEqual(complaints, before + 1)
        self.assertIn("users.toml", self.logged())
        self.write(user("carol", hashed("zzz")))
        self.settles(101, _CAROL)
        self.assertAnswered(401, "/known", _ALICE)

    def test_truncated(self) -> None:
        """
        However much of the file is written when somebody looks, nobody comes in who is not in
        the old or in the new one (AB10)
        """
        text = user("carol", hashed("zzz")) + user("alice", hashed("xxx"))
        path = self._file
        with path.open("w", encoding="utf-8") as stream:
            for start in range(0, len(text), 90):
                stream.write(text[start : start + 90])
                stream.flush()
                self.assertAnswered(401, "/known", basic("nobody", "x"))
                self.assertAnswered(101, "/known", _ALICE)
                time.sleep(0.35)
        self.settles(101, _CAROL)

    def test_permissions(self) -> None:
        """
        A file that others can read or change, and one that is a link, is a line of warning (AB09)
        """
        for mode, words in ((0o644, "every user of this machine can read it"), (0o620, "can change it")):
            other = self._file.with_suffix(".other")
            other.write_text(USERS, "utf-8")
            other.chmod(mode)
            other.rename(self._file)
            self.until(lambda words=words: self.answered("/known", _ALICE) and words in self.logged())
        real = self._file.with_suffix(".real")
        real.write_text(USERS, "utf-8")
        real.chmod(0o600)
        self._file.unlink()
        self._file.symlink_to(real)
        self.until(lambda: self.answered("/known", _ALICE) and "symbolic link" in self.logged())
        self.assertAnswered(101, "/known", _BOB)

    def test_signal(self) -> None:
        """
        SIGHUP reads it again, too; a broken one leaves the last users (RL11)
        """
        self.write(user("carol", hashed("zzz")))
        self.reread()
        self.settles(101, _CAROL)
        self.write("[[users]\n")
        self.reread()
        self.assertIn("The configuration stays as it was", self.logged())
        self.assertAnswered(101, "/known", _CAROL)
        self.assertAnswered(401, "/known", _ALICE)
        self.assertRegex(self.logged(), r"users\.toml.*\b1\b")


class ReferenceTests(GuardedTestCase):
    """
    The reference library's section of users.
    """

    more = (
        USERS.replace("[[auth.users]]", "[[ballerina.auth.users]]")
        + user("carol", hashed("zzz"), "admins")
        + guarded("/known", _FILE)
        + guarded("/admins", {**_FILE, "scopes": ["admins"]})
    )

    def test_users(self) -> None:
        """
        C{[[ballerina.auth.users]]} is read, beside balws' own (AB01)
        """
        self.assertKnown("alice", ["admins", "developers"], "/known", _ALICE)
        self.assertKnown("carol", ["admins"], "/admins", _CAROL)
        self.assertAnswered(403, "/admins", _BOB)
        self.assertAnswered(401, "/known", basic("bob", "xxx"))
