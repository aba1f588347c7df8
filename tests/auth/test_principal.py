"""
Tests of L{balws.auth.principal}.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.cred.portal import IRealm
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface
from zope.interface.verify import verifyObject

from balws.auth.principal import Identity, Principal, Realm, scopesOf
from balws.interfaces import IPrincipal


class IdentityTests(SynchronousTestCase):
    """
    What a checker tells a realm.
    """

    def test_name(self) -> None:
        """
        It is the user's name in UTF-8, as any realm of Twisted takes it.
        """
        self.assertEqual(Identity("j\u00f6rg"), "j\u00f6rg".encode())
        self.assertEqual({Identity("ada"): 1}[Identity("ada", ["read"])], 1)
        self.assertEqual(Identity("a\ud800"), b"a?")

    def test_beside(self) -> None:
        """
        Scopes, claims and the end of the credentials come along, and do not change.
        """
        scopes, claims = ["read"], {"sub": "ada"}
        identity = Identity("ada", scopes, claims, 7.5)
        scopes.append("write")
        claims["admin"] = "yes"
        self.assertEqual((identity.scopes, identity.expires), (("read",), 7.5))
        self.assertEqual(dict(identity.claims), {"sub": "ada"})
        with self.assertRaises(TypeError):
            identity.claims["admin"] = "yes"  # type: ignore[index]

    def test_nothing(self) -> None:
        """
        A name may be all that is known, and never expires.
        """
        identity = Identity("ada")
        self.assertEqual((identity.scopes, dict(identity.claims), identity.expires), ((), {}, None))


class RealmTests(SynchronousTestCase):
    """
    The realm that balws brings.
    """

    def avatar(self, avatarId: Any) -> Any:
        """
        @return: the avatar.
        """
        interface, avatar, logout = Realm().requestAvatar(avatarId, None, IPrincipal)
        self.assertIs(interface, IPrincipal)
        self.assertTrue(verifyObject(IPrincipal, avatar))
        logout()
        return avatar

    def test_identity(self) -> None:
        """
        A principal has the name, the scopes and the claims that the checker found.
        """
        self.assertTrue(verifyObject(IRealm, Realm()))
        self.assertEqual(
            self.avatar(Identity("j\u00f6rg", ("read", "read"), {"sub": "j"})),
            Principal(username="j\u00f6rg", scopes=frozenset(["read"]), claims={"sub": "j"}),
        )

    def test_others(self) -> None:
        """
        Ids of other checkers are names without scopes.
        """
        for avatarId in (b"ada", "ada"):
            self.assertEqual(self.avatar(avatarId), Principal(username="ada"))
        self.assertEqual(self.avatar(b"\xff").username, "\ufffd")

    def test_otherInterface(self) -> None:
        """
        It makes principals and nothing else.
        """
        for interfaces in ((), (Interface,)):
            self.assertRaises(NotImplementedError, Realm().requestAvatar, b"ada", None, *interfaces)

    def test_principal(self) -> None:
        """
        A principal does not change, and its claims are not shown.
        """
        principal = Principal(username="ada", claims={"email": "ada@example.com"})
        with self.assertRaises(attrs.exceptions.FrozenInstanceError):
            principal.username = "eve"  # type: ignore[misc]
        self.assertNotIn("example.com", repr(principal))
        self.assertIn("ada", repr(principal))


class ScopesTests(SynchronousTestCase):
    """
    What a token lets somebody do.
    """

    def test_scopes(self) -> None:
        """
        Scopes are words in a string or a list of strings; of anything else there are none.
        """
        self.assertEqual(scopesOf("read write"), ("read", "write"))
        self.assertEqual(scopesOf("  read\twrite\n"), ("read", "write"))
        self.assertEqual(scopesOf(["read", "write all"]), ("read", "write all"))
        for value in ("", " ", [], None, 5, True, {"read": True}, ["read", 5], [["read"]]):
            self.assertEqual(scopesOf(value), ())
