"""
Tests of L{balws.binding.constraints}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, NewType, Optional, TypeVar, Union

import msgspec
from msgspec import Meta
from twisted.trial.unittest import SynchronousTestCase
from typing_extensions import TypeAliasType

from balws.binding.constraints import isUnion, relax, unalias
from tests.binding.samples import Order

T = TypeVar("T")


class Box(msgspec.Struct, Generic[T]):
    value: T


Natural = Annotated[int, Meta(ge=0)]
Name = NewType("Name", str)
Id = NewType("Id", Natural)
Alias = TypeAliasType("Alias", Natural)


class ConstraintTests(SynchronousTestCase):
    """
    Types with their constraints taken off.
    """

    def test_relax(self) -> None:
        """
        Constraints are taken off at any depth of containers, Optional and unions.
        """
        pairs: list[tuple[Any, Any]] = [
            (Natural, int),
            (Id, int),
            (Alias, int),
            (list[Natural], list[int]),
            (dict[Annotated[str, Meta(max_length=1)], list[Natural]], dict[str, list[int]]),
            (tuple[Natural, ...], tuple[int, ...]),
            (tuple[Natural, str], tuple[int, str]),
            (Mapping[str, Natural], Mapping[str, int]),
            (Optional[Natural], Optional[int]),
            (Union[Natural, str], Union[int, str]),
            (Natural | None, int | None),
            (Annotated[list[Natural], Meta(min_length=1)], list[int]),
            (Annotated[Natural, "a note"], int),
            (Box[Natural], Box[int]),
        ]
        for declared, expected in pairs:
            self.assertEqual(relax(declared), expected, str(declared))

    def test_untouched(self) -> None:
        """
        A type without constraints stays the same object; so does a class with constraints on its fields.
        """
        for declared in (int, None, Any, list, list[int], int | str, Literal["a"], Order, tuple[()], Box[int], "text"):
            self.assertIs(relax(declared), declared)

    def test_unalias(self) -> None:
        """
        Names given to a type stand for the type.
        """
        self.assertIs(unalias(Name), str)
        self.assertIs(unalias(NewType("Other", Name)), str)
        self.assertIs(unalias(Alias), Natural)
        self.assertIs(unalias(int), int)

    def test_isUnion(self) -> None:
        """
        Every way of writing a union is one.
        """
        for declared in (int | str, Union[int, str], Optional[int]):
            self.assertTrue(isUnion(declared))
        for other in (int, None, list[int | str], Annotated[int | str, ""], Literal[1, 2]):
            self.assertFalse(isUnion(other))
