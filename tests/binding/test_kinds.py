"""
Tests of L{balws.binding.kinds}.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import ModuleType
from typing import Annotated, Any, Literal
from unittest.mock import patch
from xml.etree.ElementTree import Element

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, inspect
from twisted.trial.unittest import SynchronousTestCase

from balws.binding.kinds import isExact, words
from tests.binding.samples import BINDABLE, Colour, Level, Mixed, Money, Node, Order, Plain, Size, steady


class Wrapped(msgspec.Struct):
    inner: list[Plain | None]


#: What annotations of a module are made of: at the end, and around others.
LEAVES = (
    "int", "str", "bytes", "Any", "object", "Decimal", "Literal['a', 1]", "Colour",
    "dict", "list", "Dict", "List", "T", "NewType('N', Decimal)", "uuid.UUID", "deque[int]",
)  # fmt: skip
AROUND = (
    "list[{}]", "set[{}]", "tuple[{}, ...]", "tuple[int, {}]", "Optional[{}]", "int | {}", "Union[{}, str]",
    "dict[str, {}]", "dict[int, {}]", "dict[{}, int]", "Mapping[Literal['a'], {}]", "Dict[Any, {}]", "Sequence[{}]",
    "Annotated[{}, Meta(description='x', examples=[1])]", "dict[Annotated[str, Meta(title='x')], {}]", "Box[{}]",
    "Crate[{}]", "Collection[{}]", "AbstractSet[{}]", "Union[{}, UnsetType]", "Union[R0, {}]",
)  # fmt: skip
RECORDS = (
    "class {name}(Struct, tag='{name}'):", "@dataclasses.dataclass\nclass {name}:", "@attrs.define\nclass {name}:",
    "class {name}(TypedDict):", "class {name}(NamedTuple):", "class {name}(Box[Decimal], tag='{name}'):",
    "@dataclasses.dataclass\nclass {name}(Crate[dict[int, str]]):", "class {name}(TypedDict, total=False):",
)  # fmt: skip
BEGINNING = """
from __future__ import annotations
import attrs, dataclasses, uuid
from collections import deque
from decimal import Decimal
from msgspec import Meta, Struct, UnsetType
from typing import *
from tests.binding.samples import Colour
T = TypeVar("T")
class Box(Struct, Generic[T]):
    inside: T
@dataclasses.dataclass
class Crate(Generic[T]):
    inside: list[T]
"""

_annotations = st.recursive(
    st.sampled_from(LEAVES) | st.sampled_from(["R0", "R1", "R2"]),
    lambda inner: st.builds(lambda around, each: around.format(each), st.sampled_from(AROUND), inner),
    max_leaves=3,
)
#: A module with three records, and an annotation.
graphs = st.tuples(
    st.lists(st.tuples(st.sampled_from(RECORDS), st.lists(_annotations, max_size=3)), min_size=3, max_size=3),
    _annotations,
)


def whole(annotation: Any) -> bool:
    """
    @return: what L{isExact} has to say, found out in the simplest way.
    """
    seen: dict[int, Any] = {}
    stack: list[Any] = [inspect.type_info(annotation)]
    exact = False
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            stack.extend(part)
        elif isinstance(part, (inspect.Type, inspect.Field)) and id(part) not in seen:
            seen[id(part)] = part
            stack.extend(getattr(part, name) for name in part.__struct_fields__)
            if isinstance(part, (inspect.RawType, inspect.ExtType)):
                raise TypeError
            if isinstance(part, inspect.CustomType) and part.cls is not object:
                raise TypeError
            exact |= isinstance(part, inspect.DecimalType)
            exact |= isinstance(part, inspect.DictType) and not isinstance(
                part.key_type, (inspect.StrType, inspect.AnyType)
            )
    return exact


def verdict(judge: Callable[[Any], bool], annotation: Any) -> bool | str:
    """
    @return: what it says, or the kind of its error.
    """
    try:
        return judge(annotation)
    except Exception as error:
        return type(error).__name__


class Module(ModuleType):
    """
    A module with records; known to the system while it is in use.
    """

    def __init__(self, text: str) -> None:
        super().__init__("records")
        with patch.dict(sys.modules, {"records": self}):
            exec(text, self.__dict__)


class KindTests(SynchronousTestCase):
    """
    What types are made of.
    """

    def test_inexact(self) -> None:
        """
        Types without Decimals whose keys are strings lose nothing in JSON decoded without the type.
        """
        for kind in (int, Any, object, None, dict, dict[str, object], Order, Node, Colour, dict[str, list[float]]):
            self.assertFalse(isExact(kind), str(kind))

    def test_exact(self) -> None:
        """
        A Decimal at any depth, or a key that is no string, needs the text itself.
        """
        for kind in (
            Decimal,
            Money,
            list[Money | None],
            dict[int, int],
            dict[float, int],
            Annotated[dict[int, int], Meta(max_length=1, title="x")],
        ):
            self.assertTrue(isExact(kind), str(kind))

    def test_refused(self) -> None:
        """
        A part that no JSON becomes is refused by name, however deep it is.
        """
        for kind, name in (
            (Plain, "Plain"),
            (list[Plain], "Plain"),
            (Wrapped, "Plain"),
            (dict[str, Wrapped], "Plain"),
            (Callable[[int], int], "Callable"),
            (Iterator[int], "Iterator"),
            (deque[int], "deque"),
            (list[Element], "Element"),
            (complex, "complex"),
        ):
            self.assertIn(name, str(self.assertRaises(TypeError, isExact, kind)))
        self.assertRaises(TypeError, isExact, msgspec.Raw)
        self.assertRaises(TypeError, isExact, list[msgspec.msgpack.Ext])

    def test_known(self) -> None:
        """
        All that can be bound is judged as msgspec's own description of the whole would have it.
        """
        for kind in (*BINDABLE, Plain, Wrapped, msgspec.Raw, complex):
            self.assertEqual(verdict(isExact, kind), verdict(whole, kind), str(kind))

    @steady
    @given(graphs)
    def test_graphs(self, graph: tuple[list[tuple[str, list[str]]], str]) -> None:
        """
        So is whatever records of all kinds refer to, each other included.
        """
        records, annotation = graph
        text = BEGINNING
        for number, (kind, fields) in enumerate(records):
            text += "\n    ".join([kind.format(name=f"R{number}"), "pass"])
            text += "".join(f"\n    f{number}_{each}: {field}" for each, field in enumerate(fields)) + "\n"
        module = Module(text)
        with patch.dict(sys.modules, {"records": module}):
            found = eval(annotation, module.__dict__)
            expected = verdict(whole, found)
            self.assertEqual(verdict(isExact, found), expected, f"{text}\n{annotation}")

    def test_many(self) -> None:
        """
        Three hundred records that refer to each other are looked at once each, and not one within the other.
        """
        text = "from __future__ import annotations\nfrom msgspec import Struct\n"
        for number in range(300):
            text += f"class R{number}(Struct, tag={number}):\n    one: Every\n    many: list[Every]\n"
        module = Module(text + f"Every = {' | '.join(f'R{number}' for number in range(300))}\n")
        asked: list[Any] = []
        describe = msgspec.structs.fields
        self.patch(msgspec.structs, "fields", lambda kind: asked.append(kind) or describe(kind))
        with patch.dict(sys.modules, {"records": module}):
            self.assertFalse(isExact(module.Every))
        self.assertEqual((len(asked), len(set(asked))), (300, 300))

    def test_words(self) -> None:
        """
        The strings of Literals and Enums are words, numbers and None are not.
        """
        self.assertEqual(words([Literal["a", 1, None, True], Level, int, None]), {"a": "a"})
        self.assertEqual(words([Colour]), {"red": Colour.RED, "green": Colour.GREEN})
        self.assertEqual(words([Size]), {"small": Size.SMALL})
        self.assertEqual(words([Mixed]), {"named": Mixed.NAMED, "other": Mixed.OTHER})
        self.assertEqual(words([Order, dict[str, int]]), {})
