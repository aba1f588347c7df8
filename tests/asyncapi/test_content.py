"""
Tests of L{balws.asyncapi.content}.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from inspect import Signature
from typing import Annotated, Any
from xml.etree.ElementTree import Element

from msgspec import Meta, Struct
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws import CustomCloseFrame, NormalClosure, PolicyViolation, UpgradeError
from balws.asyncapi.content import BINARY, JSON, TEXT, XML, answersOf, contentsOf


class One(Struct):
    a: int


@dataclass
class Two:
    b: int


class ContentTests(SynchronousTestCase):
    """
    What travels under an annotation.
    """

    def kinds(self, annotation: Any) -> list[tuple[str, str]]:
        return [(content.contentType, content.noun) for content in contentsOf(annotation)]

    def test_kinds(self) -> None:
        """
        Text, bytes, XML, each record, and the other JSON together.
        """
        self.assertEqual(self.kinds(str), [(TEXT, "text")])
        self.assertEqual(self.kinds(bytearray), [(BINARY, "binary")])
        self.assertEqual(self.kinds(Element | None), [(XML, "xml")])
        self.assertEqual(self.kinds(One | Two | None), [(JSON, "one"), (JSON, "two")])
        found = self.kinds(int | One | Annotated[str, Meta(min_length=1)] | list[int])
        self.assertEqual(found, [(JSON, "one"), (TEXT, "text"), (JSON, "data")])
        self.assertEqual(contentsOf(int | One | list[int])[1].annotation, int | list[int])
        self.assertEqual(self.kinds(Annotated[str | One, "said of both"]), [(TEXT, "text"), (JSON, "one")])
        self.assertEqual(self.kinds(complex), [(JSON, "data")])
        for anything in (Any, object, dict[str, Any], list[One]):
            self.assertEqual(self.kinds(anything), [(JSON, "data")])

    def test_answers(self) -> None:
        """
        What is awaited is taken off; errors and nothing are no messages, and close frames are codes.
        """
        found = answersOf(Deferred[One | None] | NormalClosure | PolicyViolation | CustomCloseFrame | UpgradeError)
        self.assertEqual([content.annotation for content in found.contents], [One])
        self.assertEqual((found.isStream, found.closures), (False, (1000, 1008)))
        self.assertEqual(answersOf(Signature.empty).contents, ())
        self.assertEqual(answersOf(None).contents, ())
        self.assertEqual([content.annotation for content in answersOf(Deferred).contents], [Any])
        self.assertEqual(len(answersOf(Annotated[Deferred[One], "x"]).contents), 1)

    def test_streams(self) -> None:
        """
        Of a stream it is what it gives.
        """
        for annotation in (Iterator[One], AsyncIterator[One | NormalClosure], Generator[One, None, None]):
            found = answersOf(annotation)
            self.assertTrue(found.isStream)
            self.assertEqual([content.annotation for content in found.contents], [One])
        self.assertEqual(answersOf(AsyncIterator[NormalClosure]).closures, (1000,))
        self.assertEqual([content.annotation for content in answersOf(Iterator).contents], [Any])
