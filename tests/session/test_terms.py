"""
Tests of L{balws.session.terms}.
"""

from __future__ import annotations

from typing import Any

from balws.interfaces import Service
from tests.session.doubles import DefinitionTestCase, Mounted


class TableTests(DefinitionTestCase):
    """
    The tables of a mounted service's classes.
    """

    def test_once(self) -> None:
        """
        A class is looked at once, another one by itself.
        """

        class First(Service):
            def onOpen(self) -> None: ...

        class Second(First):
            def onClose(self) -> None: ...

        terms = Mounted().terms
        self.assertIs(terms.table(First), terms.table(First))
        self.assertEqual(set(terms.table(First).fixed), {"onOpen"})
        self.assertEqual(set(terms.table(Second).fixed), {"onOpen", "onClose"})

    def test_config(self) -> None:
        """
        Tables are made by the configuration of the mounted service.
        """

        class Talk(Service):
            def onHeartbeat(self, data: Any) -> None: ...

        self.assertEqual(set(Mounted(dispatcherKey="event").terms.table(Talk).byName), {"onHeartbeat"})
        self.refusal(lambda: Mounted().terms.table(Talk), "Talk", "onHeartbeat")

    def test_apart(self) -> None:
        """
        Two mounted services do not share their tables.
        """
        one, other = Mounted().terms, Mounted().terms
        self.assertIsNot(one.table(Service), other.table(Service))
