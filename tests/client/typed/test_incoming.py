"""
Tests of L{balws.client.typed.incoming}.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from msgspec import Struct
from twisted.trial.unittest import SynchronousTestCase

from balws.client.typed.incoming import Incoming, Unknown
from balws.errors import PayloadBindingError


class One(Struct, tag_field="event", tag="one"):
    n: int = 0


class Two(Struct, tag_field="event", tag="two"):
    n: int = 0


class Loose(Struct):
    n: int = 0


class IncomingTests(SynchronousTestCase):
    """
    Which type a message is of.
    """

    def test_tags(self) -> None:
        """
        Records that say which they are come before those that fit anything, and a text last.
        """
        incoming = Incoming([str, Any, Loose, Two, One], None)
        for text, kind in (
            ('{"event":"one"}', One),
            ('{"event":"two","n":1}', Two),
            ('{"event":"two","n":"x"}', Any),
            ('{"n":2}', Loose),
            ("[1]", Any),
            ("hello", str),
            ("[" * 100_000, str),
        ):
            self.assertEqual(incoming.sort(text).kind, kind, text[:30])
        self.assertEqual(incoming.sort('{"event":"two","n":1}').message, Two(1))

    def test_unknown(self) -> None:
        """
        What is of no type is unknown, and as it came.
        """
        incoming = Incoming([One], None)
        for payload in ("hello", "1", '{"event":"two"}', "{}", b"{}"):
            arrived = incoming.sort(payload)
            self.assertEqual((arrived.kind, arrived.message), (None, Unknown(payload)))

    def test_binary(self) -> None:
        """
        Bytes are bytes, and XML is elements.
        """
        incoming = Incoming([bytes, Element], None)
        self.assertEqual(incoming.sort(b"\xff").message, b"\xff")
        self.assertEqual(incoming.sort("<a/>").message.tag, "a")
        self.assertEqual(incoming.sort("<a>").kind, None)

    def test_ids(self) -> None:
        """
        The id is a text or a whole number.
        """
        incoming = Incoming([Any], "id")
        for text, key in (
            ('{"id":"a"}', "a"),
            ('{"id":7}', 7),
            ('{"id":true}', None),
            ('{"id":[]}', None),
            ('{"id":1.5}', None),
            ("{}", None),
            ("[]", None),
        ):
            self.assertEqual(incoming.sort(text).key, key)

    def test_bound(self) -> None:
        """
        A text is of one of several types, or of none.
        """
        incoming = Incoming([One, Two], "id")
        self.assertEqual(incoming.bound(One | Two, '{"event":"two"}'), Two())
        self.assertRaises(PayloadBindingError, incoming.bound, One, '{"event":"two"}')
