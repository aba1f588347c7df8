"""
Tests of L{balws.config.place}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.config.place import Place
from balws.config.positions import scan
from balws.config.records import UnknownKey
from balws.errors import ConfigurationError


class PlaceTests(SynchronousTestCase):
    """
    Places make errors that say where.
    """

    def setUp(self) -> None:
        self.root = Place(file="f.toml", positions=scan("[[a]]\nb = 1\nc = [1,\n 2]\n"))
        self.item = self.root.child("a").child(0)

    def test_error(self) -> None:
        """
        An error stands where the value does, or where the table does when the value is missing.
        """
        self.assertEqual(str(self.item.error("bad")), "f.toml:1:1: a[0]: bad")
        self.assertEqual(str(self.item.error("bad", "b")), "f.toml:2:5: a[0].b: bad")
        self.assertEqual(str(self.item.error("is missing", "d")), "f.toml:1:1: a[0].d: is missing")
        self.assertEqual(str(self.root.error("bad")), "f.toml:1:1: bad")

    def test_locate(self) -> None:
        """
        An error of a record gets the file, the line and the whole path.
        """
        for error, text in (
            (ConfigurationError("bad", "b"), "f.toml:2:5: a[0].b: bad"),
            (ConfigurationError("bad", "c[1]"), "f.toml:4:2: a[0].c[1]: bad"),
            (ConfigurationError("bad"), "f.toml:1:1: a[0]: bad"),
            (ConfigurationError("bad", "d"), "f.toml:1:1: a[0].d: bad"),
            (ConfigurationError("bad", "c[7].d"), "f.toml:3:5: a[0].c[7].d: bad"),
            (ConfigurationError("bad", '"x.y[0"[1]'), 'f.toml:1:1: a[0]."x.y[0"[1]: bad'),
            (UnknownKey("bad", "b"), "f.toml:2:1: a[0].b: bad"),
        ):
            self.assertEqual(str(self.item.locate(error)), text)
        self.assertEqual(str(self.root.locate(ConfigurationError("bad", "a"))), "f.toml:1:3: a: bad")
        self.assertEqual(
            str(self.item.child("c").locate(ConfigurationError("bad", "[1]"))), "f.toml:4:2: a[0].c[1]: bad"
        )

    def test_inCode(self) -> None:
        """
        Without a file there is the key path alone.
        """
        error = Place().child("a").error("bad", "b")
        self.assertEqual((str(error), error.file, error.line), ("a.b: bad", None, None))
        self.assertEqual(str(Place().locate(UnknownKey("bad", "b"))), "b: bad")
