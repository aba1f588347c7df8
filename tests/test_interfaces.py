"""
Tests of L{balws.interfaces}.
"""

from __future__ import annotations

from attrs.exceptions import FrozenInstanceError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyClass

from balws import interfaces
from balws.session.connection import Connection


class BaseTests(SynchronousTestCase):
    """
    What users derive from.
    """

    def test_nothingRequired(self) -> None:
        """
        A service need not write any method, and has none that it did not write.
        """
        for base in (interfaces.Service, interfaces.UpgradeService, interfaces.PingPongService):

            class Empty(base):  # type: ignore[valid-type, misc]
                pass

            Empty()
            self.assertEqual([name for name in dir(base) if name.startswith("on") or name == "get"], [])

    def test_defaults(self) -> None:
        """
        A service adds no headers and keeps no request unless it says so; one that does says
        so for itself.
        """

        class Chat(interfaces.Service):
            customHeaders = {"X-Room": "1"}
            keepRequest = True

        self.assertEqual((interfaces.Service.customHeaders, interfaces.Service.keepRequest), ({}, False))
        self.assertEqual((Chat().customHeaders, Chat().keepRequest), ({"X-Room": "1"}, True))

    def test_header(self) -> None:
        """
        A marked parameter has the header's name, or its own; marks are values.
        """
        self.assertIsNone(interfaces.Header().name)
        self.assertEqual(interfaces.Header("X-Token").name, "X-Token")
        self.assertEqual(interfaces.Header("X-Token"), interfaces.Header(name="X-Token"))
        with self.assertRaises(FrozenInstanceError):
            interfaces.Header("a").name = "b"  # type: ignore[misc]


class SeamTests(SynchronousTestCase):
    """
    The seams between the parts.
    """

    def test_documented(self) -> None:
        """
        Every interface says what each of its methods is for.
        """
        seams = [
            value
            for value in vars(interfaces).values()
            if isinstance(value, InterfaceClass) and value.__module__ == interfaces.__name__
        ]
        self.assertEqual(len(seams), 7)
        for seam in seams:
            for name in seam.names():
                self.assertTrue(seam[name].__doc__.strip(), f"{seam.__name__}.{name}")

    def test_connection(self) -> None:
        """
        A conversation is what the wire talks to, and what the hub sees.
        """
        verifyClass(interfaces.IMember, Connection)
        self.assertTrue(interfaces.ISession.implementedBy(Connection))

    def test_exports(self) -> None:
        """
        Every name that is promised is there, and every interface and base is promised.
        """
        here = {
            name
            for name, value in vars(interfaces).items()
            if getattr(value, "__module__", "") == interfaces.__name__ and not name.startswith("_")
        }
        self.assertEqual(here, set(interfaces.__all__))
