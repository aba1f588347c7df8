"""
Tests of L{balws.auth.users.file}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.auth.users import file as userfile
from balws.auth.users.file import MAX_FILE, NO_USERS, Account, Accounts, UserFile
from balws.auth.users.passwords import HashedPassword, PlainPassword, Scrypt
from balws.config.userstore import User
from balws.errors import ConfigurationError
from tests.auth.hashed import CHEAP, cheapHash

CANARY = "p4ssw0rd-canary"
HASH = cheapHash(CANARY)


def table(username: str, header: str = "users", password: str = f'"{HASH}"', more: str = "") -> str:
    return f'[[{header}]]\nusername = "{username}"\npassword = {password}\n{more}\n'


class UserFileTestCase(SynchronousTestCase):
    """
    With a file.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.path.touch(0o600)
        self.file = UserFile(str(self.path), False)

    def accounts(self, text: str) -> Accounts:
        self.path.write_text(text, "utf-8", newline="")
        reading = self.file.look()
        self.assertIsNone(reading.problem)
        assert reading.accounts is not None
        return reading.accounts

    def problem(self, text: str | bytes) -> str:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        reading = self.file.look()
        self.assertIsNone(reading.accounts)
        assert reading.problem is not None
        self.assertEqual(reading.problem.file, str(self.path))
        shown = str(reading.problem)
        for secret in (CANARY, HASH):
            self.assertNotIn(secret, shown)
        return shown.removeprefix(f"{self.path}:")


class ReadTests(UserFileTestCase):
    """
    What a file may say.
    """

    def test_tables(self) -> None:
        """
        Users stand in three tables, that of the reference library among them, in one or in all;
        what else the file holds is not for the store.
        """
        other = "[[listeners]]\nport = 80\n[auth]\nallowPlaintextPasswords = false\n"
        headers = ("users", "auth.users", "ballerina.auth.users")
        for header in headers:
            found = self.accounts(other + table("älice", header, more='scopes = ["read", "write"]'))
            self.assertEqual(list(found.known), ["älice".encode()])
            self.assertEqual(found.known["älice".encode()].scopes, ("read", "write"))
            self.assertTrue(found.known["älice".encode()].password.verify(CANARY.encode()))
        found = self.accounts("".join(table(name, header) for name, header in zip("abc", headers, strict=True)))
        self.assertEqual(list(found.known), [b"a", b"b", b"c"])

    def test_lineEnds(self) -> None:
        """
        Byte order mark and line ends of Windows do not matter.
        """
        found = self.accounts("\ufeff" + table("alice").replace("\n", "\r\n"))
        self.assertEqual(list(found.known), [b"alice"])

    def test_nobody(self) -> None:
        """
        An empty list is nobody; no list at all is a mistake, such as a file that is being written.
        """
        self.assertEqual(dict(self.accounts("users = []").known), {})
        for text in ("", "\n# users\n", "[auth]\n", "auth = 3", table("alice", "user")):
            self.assertTrue(self.problem(text).endswith(NO_USERS), text)

    def test_problems(self) -> None:
        """
        What is wrong is named with line, column, key and user, and without the password. (AB06)
        """
        long = table("alice")
        for text, problem in (
            ("users = 3", "1:9: users: expected tables in double brackets, got 3"),
            ("users = [3]", "1:10: users[0]: expected a table, got 3"),
            (
                long + table("bob", password='"$1$abc$def"'),
                '7:12: users[1].password: user "bob": expected a hash of scrypt, argon2id or pbkdf2-sha256 that balws '
                "can read; make a new one with `balws hash-password`",
            ),
            (long + table("bob", more="scope = 3"), '8:1: users[1].scope: unknown key; did you mean "scopes"?'),
            (
                long + table("b:b"),
                '6:12: users[1].username: expected a name without ":" and control characters, got "b:b"',
            ),
            (long + table("bob", password="5"), "7:12: users[1].password: expected a string"),
            (long + '[[users]]\nusername = "bob"\n', "5:1: users[1].password: is missing"),
            (long + table("bob", more="scopes = [1]"), "8:11: users[1].scopes[0]: expected a string, got 1"),
            (
                long + table("bob", "auth.users") + table("bob", "auth.users"),
                '10:12: auth.users[1].username: "bob" is given twice, first in line 6',
            ),
            (
                long + table("alice", "ballerina.auth.users"),
                '6:12: ballerina.auth.users[0].username: "alice" is given twice, first in line 2',
            ),
        ):
            self.assertEqual(self.problem(text), problem)

    def test_plain(self) -> None:
        """
        Plain text is refused with the mend, and taken where it is allowed. (AB06)
        """
        text = table("alice", password=f'"{CANARY}"')
        problem = self.problem(text)
        self.assertIn('3:12: users[0].password: user "alice": plain text is refused', problem)
        self.assertIn("`balws hash-password`", problem)
        self.file = UserFile(str(self.path), True)
        self.assertTrue(self.accounts(text).known[b"alice"].password.verify(CANARY.encode()))

    def test_syntax(self) -> None:
        """
        A file that is no TOML says where, and shows nothing of its lines.
        """
        problem = self.problem(table("alice") + f'[[users]]\nusername = "bob"\npassword = "{CANARY}')
        self.assertTrue(problem.startswith("7:28: "), problem)
        self.assertIn("1:7: ", self.problem(f"p = ''\"{CANARY}\"\n"))
        self.assertIn("not UTF-8", self.problem(b'a = "\xff"'))
        self.assertIn("nested too deeply", self.problem("a = " + "[" * 100000))
        self.assertIn("too many digits", self.problem("a = " + "1" * 5000))

    def test_size(self) -> None:
        """
        A file of 1 MiB is read, a longer one is not.
        """
        text = table("alice") + "#"
        text += "x" * (MAX_FILE - len(text))
        self.accounts(text)
        self.assertIn("is over 1048576 bytes", self.problem(text + "x"))

    def test_noFile(self) -> None:
        """
        What is no file, or cannot be opened, is a problem, and keeps nobody waiting.
        """
        self.path.unlink()
        for make, problem in (
            (
                lambda: None,
                ": cannot be read: No such file or directory; make it with:"
                f" balws hash-password --user NAME >> {self.path.name}",
            ),
            (self.path.mkdir, ": cannot be read: Is a directory"),
            (lambda: (self.path.rmdir(), os.mkfifo(self.path)), ": is no file"),
        ):
            make()
            reading = UserFile(str(self.path), False).look()
            self.assertEqual(str(reading.problem), f"{self.path}{problem}")
        self.assertIn("cannot be read", str(UserFile("a\0b", False).look().problem))

    def test_references(self) -> None:
        """
        A password may stand in the environment, or in a file beside this one.
        """
        os.environ["BALWS_TEST_PASSWORD"] = HASH
        self.addCleanup(os.environ.pop, "BALWS_TEST_PASSWORD")
        secret = self.path.parent / f"{self.path.name}.secret"
        secret.touch(0o600)
        secret.write_text(f"{HASH}\n")
        found = self.accounts(
            table("alice", password='{ env = "BALWS_TEST_PASSWORD" }')
            + table("bob", password=f'{{ file = "{secret.name}" }}')
        )
        for account in found.known.values():
            self.assertTrue(account.password.verify(CANARY.encode()))
        problem = self.problem(table("alice", password='{ env = "BALWS_TEST_NOTHING" }'))
        self.assertEqual(problem, "3:12: users[0].password: the environment variable 'BALWS_TEST_NOTHING' is not set")
        problem = self.problem(table("alice", password='{ file = "nowhere" }'))
        self.assertIn("3:12: users[0].password: the file 'nowhere' cannot be read", problem)


class LookTests(UserFileTestCase):
    """
    Reading again.
    """

    def test_unchanged(self) -> None:
        """
        A file that stays as it is is read once.
        """
        self.path.write_text(table("alice"))
        first = self.file.look()
        self.patch(userfile, "parse", self.fail)
        self.assertIs(self.file.look(), first)

    def test_changed(self) -> None:
        """
        A change of content, of the file itself, of its times or of its rights is seen. (AB10)
        """
        self.assertEqual(list(self.accounts(table("alice")).known), [b"alice"])
        self.assertEqual(list(self.accounts(table("alice") + table("bob")).known), [b"alice", b"bob"])
        other = Path(self.mktemp())
        other.write_text(table("carol"))
        other.replace(self.path)
        accounts = self.file.look().accounts
        assert accounts is not None
        self.assertEqual(list(accounts.known), [b"carol"])
        for change in (lambda: os.utime(self.path, (1, 1)), lambda: self.path.chmod(0o400)):
            before = self.file.look()
            change()
            self.assertIsNot(self.file.look(), before)

    def test_problemOnce(self) -> None:
        """
        A problem is the same object until something changes, so that it is reported once. (AB10)
        """
        self.problem("users = 3")
        self.assertIs(self.file.look(), self.file.look())
        self.path.unlink()
        gone = self.file.look()
        assert gone.problem is not None
        self.assertIn("No such file", gone.problem.problem)
        self.assertIs(self.file.look(), gone)
        self.assertEqual(list(self.accounts(table("alice")).known), [b"alice"])

    def test_again(self) -> None:
        """
        On demand it is read though it did not change.
        """
        self.accounts(table("alice"))
        before = self.file.look()
        self.assertIsNot(self.file.look(again=True), before)
        self.path.unlink()
        gone = self.file.look()
        self.assertIsNot(self.file.look(again=True), gone)


class ConcernTests(UserFileTestCase):
    """
    Who else can come at the passwords.
    """

    def concern(self) -> str | None:
        return UserFile(str(self.path), False).look().concern

    def test_mode(self) -> None:
        """
        Rights for everybody to read, and for others to write, are named. (AB09)
        """
        self.path.write_text(table("alice"))
        read, write = "every user of this machine can read it", "others than its owner can change it"
        for mode, concern in (
            (0o600, None),
            (0o640, None),
            (0o644, read),
            (0o660, write),
            (0o602, write),
            (0o666, f"{read}; {write}"),
        ):
            self.path.chmod(mode)
            self.assertEqual(self.concern(), concern)

    def test_broken(self) -> None:
        """
        They are named of a file that cannot be used, too.
        """
        self.path.write_text("users = 3")
        self.path.chmod(0o644)
        self.assertEqual(self.concern(), "every user of this machine can read it")

    def test_link(self) -> None:
        """
        A symbolic link is named. (AB09)
        """
        self.path.write_text(table("alice"))
        link = Path(self.mktemp())
        link.symlink_to(self.path.absolute())
        self.path = link
        self.assertEqual(self.concern(), "it is a symbolic link")

    def test_owner(self) -> None:
        """
        Another owner than this process and root is named. (AB09)
        """
        self.path.write_text(table("alice"))
        me = os.geteuid()
        self.patch(userfile.os, "geteuid", lambda: me + 1)
        expected = None if me == 0 else "it belongs to another user than this process"
        self.assertEqual(self.concern(), expected)
        if me == 0:
            os.chown(self.path, 12345, -1)
            self.assertEqual(self.concern(), "it belongs to another user than this process")
            os.chown(self.path, 0, -1)
            link = Path(self.mktemp())
            link.symlink_to(self.path.absolute())
            os.lchown(link, 12345, -1)
            self.path = link
            self.assertIn("it belongs to another user than this process", self.concern() or "")


class AccountsTests(SynchronousTestCase):
    """
    The decoy.
    """

    def account(self, recipe: Scrypt | None) -> Account:
        if recipe is None:
            return Account.of(User(username="a", password=CANARY), True)
        return Account.of(User(username="a", password=cheapHash(CANARY, recipe)), False)

    def test_usual(self) -> None:
        """
        An unknown user costs as much as most users do.
        """
        rare = Scrypt(13, 8, 2)
        accounts = [("a", self.account(rare)), ("b", self.account(CHEAP)), ("c", self.account(CHEAP))]
        self.assertEqual(Accounts.of(accounts).decoy.recipe, CHEAP)
        self.assertFalse(Accounts.of(accounts).decoy.verify(CANARY.encode()))
        plain = Accounts.of([("a", self.account(None))]).decoy
        self.assertIsInstance(plain, PlainPassword)
        self.assertFalse(plain.verify(CANARY.encode()))

    def test_nobody(self) -> None:
        """
        Without users it costs what balws' own hashes do.
        """
        decoy = Accounts.of([]).decoy
        assert isinstance(decoy, HashedPassword)
        self.assertEqual(decoy.recipe, Scrypt())

    def test_refused(self) -> None:
        """
        A password that cannot be used names its user.
        """
        user = User(username="bob", password=CANARY)
        error = self.assertRaises(ConfigurationError, Account.of, user, False)
        self.assertEqual(error.path, "password")
        self.assertIn('user "bob"', error.problem)
        self.assertNotIn(CANARY, str(error))
