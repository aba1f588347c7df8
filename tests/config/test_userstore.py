"""
Tests of L{balws.config.userstore}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.config.paths import relativeTo
from balws.config.secret import Secret
from balws.config.userstore import FileUserStoreConfig, User
from balws.errors import ConfigurationError

CANARY = "p4ssw0rd-canary"


class UserTests(SynchronousTestCase):
    """
    One user.
    """

    def test_fields(self) -> None:
        """
        A user has a name, a password and perhaps scopes, of which one may stand alone.
        """
        user = User(username="alice", password=CANARY)
        self.assertEqual((user.username, user.password, user.scopes), ("alice", Secret(CANARY), ()))
        self.assertEqual(User(username="a", password="b", scopes="write").scopes, ("write",))
        self.assertEqual(User(username="a", password="b", scopes=["r", "w"]).scopes, ("r", "w"))

    def test_hidden(self) -> None:
        """
        No repr of a user or a store shows a password. (AB13)
        """
        user = User(username="alice", password=CANARY)
        for shown in (repr(user), str(user), repr(FileUserStoreConfig(users=[user]))):
            self.assertIn("alice", shown)
            self.assertNotIn(CANARY, shown)

    def test_username(self) -> None:
        """
        A name is text that HTTP's Basic scheme can carry.
        """
        for fine in ("alice", "ä b", "a@b.example", "日本", "a" * 500):
            self.assertEqual(User(username=fine, password="p").username, fine)
        for bad in ("", "a:b", ":", "a\0", "a\n", "\x7f", "\x85", "\ud800", 5, None):
            error = self.assertRaises(ConfigurationError, User, username=bad, password=CANARY)
            self.assertEqual(error.path, "username")

    def test_password(self) -> None:
        """
        A password is text that is not empty; no error shows what was given instead.
        """
        for bad in ("", 12345, None, [CANARY], {"key": CANARY}):
            error = self.assertRaises(ConfigurationError, User, username="alice", password=bad)
            self.assertEqual(error.path, "password")
            self.assertNotIn(CANARY, str(error))
            self.assertNotIn("12345", str(error))

    def test_scopes(self) -> None:
        """
        Scopes are text, as groups of a directory are, none twice; with a blank they stand in a list.
        """
        scopes = ("a", "b c", 'a"', "a\\", "\u00e4")
        self.assertEqual(User(username="a", password="p", scopes=list(scopes)).scopes, scopes)
        for bad, place in (
            ("", "scopes"),
            ("a b", "scopes"),
            (["a", "b\n"], "scopes[1]"),
            ([""], "scopes[0]"),
            (["a", "a"], "scopes[1]"),
            ([1], "scopes[0]"),
            (7, "scopes"),
        ):
            error = self.assertRaises(ConfigurationError, User, username="a", password="p", scopes=bad)
            self.assertEqual(error.path, place)


class FileUserStoreConfigTests(SynchronousTestCase):
    """
    The store's record.
    """

    def test_empty(self) -> None:
        """
        An empty record is fine: the users stand in the configuration file.
        """
        config = FileUserStoreConfig()
        self.assertEqual((config.users, config.path, config.allowPlaintextPasswords), (None, None, False))

    def test_ways(self) -> None:
        """
        Users may be given as records, as mappings, and by name; all three are equal and can
        be keys.
        """
        alice = User(username="alice", password="p", scopes=("w",))
        ways = [
            [alice],
            [{"username": "alice", "password": "p", "scopes": ["w"]}],
            {"alice": {"password": "p", "scopes": "w"}},
        ]
        configs = {FileUserStoreConfig(users=each) for each in ways}
        self.assertEqual([config.users for config in configs], [(alice,)])
        bob = User(username="bob", password="p")
        for password in ("p", Secret("p")):
            self.assertEqual(FileUserStoreConfig(users={"bob": password}).users, (bob,))

    def test_bad(self) -> None:
        """
        What is wrong is named with its place, and without the password.
        """
        alice = {"username": "alice", "password": CANARY}
        for users, problem in (
            ("alice", 'users: expected a list or a table of users, got a string'),
            (3, "users: expected a list or a table of users, got 3"),
            ([alice, 3], "users[1]: expected a table or a User, got 3"),
            ([alice, alice], 'users[1].username: "alice" is given twice'),
            ([{**alice, "passwort": CANARY}], 'users[0].passwort: unknown key; did you mean "password"?'),
            ([{"username": "alice"}], "users[0].password: is missing"),
            ([{"password": CANARY}], "users[0].username: is missing"),
            ({"alice": 3}, "users.alice.password: expected a string"),
            ({"alice": ""}, "users.alice.password: expected a string that is not empty"),
            ({"alice": {"scopes": []}}, "users.alice.password: is missing"),
            ({"alice": alice}, "users.alice.username: the name stands before the table already"),
            (
                {"alice": User(**alice)},
                "users.alice: expected a password, or a table of password and scopes, got an object of type User",
            ),
        ):
            error = self.assertRaises(ConfigurationError, FileUserStoreConfig, users=users)
            self.assertEqual(str(error), problem)
        error = self.assertRaises(ConfigurationError, FileUserStoreConfig, users={"a:b": CANARY})
        self.assertEqual(error.path, 'users."a:b".username')

    def test_path(self) -> None:
        """
        In a configuration file a relative path starts at its folder.
        """
        with relativeTo(Path("/etc/balws")):
            self.assertEqual(FileUserStoreConfig(path="users.toml").path, "/etc/balws/users.toml")
        self.assertEqual(FileUserStoreConfig(path="users.toml").path, "users.toml")
        self.assertRaises(ConfigurationError, FileUserStoreConfig, path="")

    def test_both(self) -> None:
        """
        The users stand in one place.
        """
        error = self.assertRaises(ConfigurationError, FileUserStoreConfig, users=[], path="users.toml")
        self.assertEqual(str(error), "path: either users or path, not both")
        self.assertRaises(ConfigurationError, FileUserStoreConfig, allowPlaintextPasswords=1)
