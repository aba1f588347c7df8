"""
Tests of L{balws.session.returns}.
"""

from __future__ import annotations

import collections.abc as abc
import inspect
import typing
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Coroutine, Generator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Optional, Union
from xml.etree.ElementTree import Element

import attrs
import msgspec
from twisted.internet.defer import Deferred

from balws.closing import CloseFrame, CustomCloseFrame, NormalClosure
from balws.errors import Error, UpgradeError
from balws.session.returns import checkReturns, onlyCloseFrames
from tests.session.doubles import DefinitionTestCase


@dataclass
class Cat:
    """
    One of two that look alike.
    """

    name: str


@attrs.frozen
class Dog:
    """
    The other.
    """

    name: str


class Struct(msgspec.Struct):
    """
    Something of msgspec's.
    """

    name: str


class Colour(Enum):
    """
    A few names.
    """

    RED = "red"


class Opaque:
    """
    Something that there is no JSON for.
    """


Later = NewType("Later", str)

UNDECLARED = inspect.Signature.empty

MESSAGES: list[Any] = [
    str,
    bytes,
    bytearray,
    memoryview,
    Element,
    int,
    float,
    bool,
    Decimal,
    dict,
    list,
    dict[str, Any],
    list[Cat],
    Cat,
    Dog,
    Struct,
    Colour,
    Literal["a", "b"],
    Later,
    object,
    Annotated[str, msgspec.Meta(max_length=5)],
    str | bytes,
    Optional[str],
    Union[str, Element, None],
    Cat | Dog,
    list[Cat | Dog],
    dict[str, str | bytes],
]

STREAMS: list[Any] = [
    Generator,
    Generator[str, None, None],
    Iterator[str],
    abc.Iterable[str],
    AsyncGenerator[str, None],
    AsyncIterator[Cat],
    abc.AsyncIterable[str],
    typing.Iterator,
    typing.AsyncGenerator[str, None],
]

SILENT: list[Any] = [
    UNDECLARED,
    Any,
    None,
    type(None),
    typing.NoReturn,
    typing.Never,
    CloseFrame,
    NormalClosure,
    CustomCloseFrame,
    NormalClosure | CustomCloseFrame | None,
    Error,
    UpgradeError | None,
    BaseException,
]


class ReturnTestCase(DefinitionTestCase):
    """
    Checks annotations as those of C{Talk.onX}.
    """

    def check(self, annotation: Any) -> None:
        """
        This may be returned as a message.
        """
        checkReturns("Talk", "onX", annotation)

    def checkClosing(self, annotation: Any) -> None:
        """
        This may be returned where only a close frame acts.
        """
        onlyCloseFrames("Talk", "onX", annotation)


def later(annotation: Any) -> list[Any]:
    """
    @return: the same, waited for.
    """
    return [
        Deferred[annotation],
        Awaitable[annotation],
        Coroutine[Any, Any, annotation],
        typing.Awaitable[annotation],
        Optional[Deferred[annotation]],
        Deferred[Deferred[annotation]],
    ]


class MessageTests(ReturnTestCase):
    """
    L{checkReturns}: what becomes a message (213).
    """

    def test_messages(self) -> None:
        """
        Everything that can be sent may be declared, at once or later.
        """
        for annotation in MESSAGES:
            self.check(annotation)
            for waited in later(annotation):
                self.check(waited)

    def test_silent(self) -> None:
        """
        So may what is never sent: nothing, close frames, errors.
        """
        for annotation in SILENT:
            self.check(annotation)

    def test_waiting(self) -> None:
        """
        So may a wait that does not say for what.
        """
        for annotation in (Deferred, Awaitable, Coroutine, typing.Awaitable, typing.Coroutine):
            self.check(annotation)

    def test_streams(self) -> None:
        """
        So may a stream, also beside close frames and errors (119).
        """
        for annotation in STREAMS:
            self.check(annotation)
            self.check(Union[annotation, NormalClosure, Error, None])
            self.check(Deferred[annotation])

    def test_streamAndMessage(self) -> None:
        """
        A stream beside another message is refused (119), and so are two streams.
        """
        for annotation in (
            Iterator[str] | str,
            Union[Cat, AsyncGenerator[Cat, None]],
            Deferred[Iterator[str]] | Deferred[str],
            Iterator[str] | Generator[int, None, None],
        ):
            error = self.refusal(lambda annotation=annotation: self.check(annotation), "Talk", "onX")
            self.assertEqual(error.problem, "it returns a stream or something else")
            self.assertEqual(error.mend, "return the stream alone, or no stream")

    def test_unsendable(self) -> None:
        """
        What can never be sent is refused and named, wherever it stands (213).
        """
        unsendable: dict[Any, str] = {
            Opaque: "Opaque",
            Opaque | None: "Opaque",
            Deferred[Opaque]: "Opaque",
            Annotated[Opaque, 5]: "Opaque",
            list[Opaque]: f"list[{__name__}.Opaque]",
            list[Element]: "list[xml.etree.ElementTree.Element]",
            abc.Callable[[], str]: "collections.abc.Callable[[], str]",
            type: "type",
        }
        for annotation, shown in unsendable.items():
            error = self.refusal(lambda annotation=annotation: self.check(annotation), "Talk", "onX")
            self.assertTrue(error.problem.startswith(f"{shown} cannot be sent: "), error.problem)
            self.assertEqual(error.mend, "return text, bytes or what becomes JSON")


class CloseFrameTests(ReturnTestCase):
    """
    L{onlyCloseFrames}: answers of which only a close frame acts (205).
    """

    def test_accepted(self) -> None:
        """
        Close frames, errors and nothing may be declared, at once or later.
        """
        for annotation in SILENT:
            self.checkClosing(annotation)
            if annotation is not UNDECLARED:
                for waited in later(annotation):
                    self.checkClosing(waited)

    def test_refused(self) -> None:
        """
        What nobody would get is refused: messages and streams.
        """
        for annotation in [*MESSAGES, *STREAMS, Opaque]:
            error = self.refusal(lambda annotation=annotation: self.checkClosing(annotation), "Talk", "onX")
            self.assertIn("which nobody gets", error.problem)
            self.assertEqual(error.mend, "return a close frame or None")

    def test_named(self) -> None:
        """
        The error names what is returned.
        """
        error = self.refusal(lambda: self.checkClosing(Deferred[str | NormalClosure]), "Talk", "onX")
        self.assertEqual(error.problem, "it returns str, which nobody gets")
