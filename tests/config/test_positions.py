"""
Tests of L{balws.config.positions}.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.config.positions import Positions, extend, scan

#: Spellings of values that are easily taken for something else.
SCALARS = [
    *["1", "-0", "+1_000", "0xDEAD_BEEF", "1e5", "-3.5", "inf", "true", "false"],
    *["1979-05-27T07:32:00Z", "1979-05-27 07:32:00.5", "1979-05-27", "07:32:00"],
    *['""', "''", '"a # b"', '"]]"', "'{ # '", '"x = 1"', '"[a]"', '"\u00e9 \U0001f600"'],
    *['"a\\"b"', '"\\\\"', "'\\'", '"""\\\\"""', '"""a\\"""b"""', '"""\\\n   folded"""'],
    *['""""""', "''''''", '"""two at the end"""""', '"""one""""', '"""a "" b"""', "''''quoted'''''"],
    *['"""\n[table]\nkey = "x"\n"""', "'''\nit's ''\n[[x]]\n'''"],
]

#: Spellings of keys and the keys that they spell.
KEYS = dict(
    [
        *[(name, name) for name in ("a", "b-1", "_", "1", "true")],
        *[('"q"', "q"), ('"d.e"', "d.e"), ("'f g'", "f g"), ('"#"', "#"), ('"]"', "]"), ("'='", "=")],
        *[('""', ""), ('"\\u0041\\"\\t"', 'A"\t'), ("'h\\'", "h\\"), ('"\u00e9"', "\u00e9")],
    ]
)


class Writer:
    """
    Writes a random document and notes where it puts what.

    @ivar keys: by key path, the offset of the key.
    @ivar values: by key path, the offset of the value.
    @ivar spans: by key path, the text of a value that stands after an equals sign or in a list.
    """

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.text = ""
        self.keys: dict[str, int] = {}
        self.values: dict[str, int] = {"": 0}
        self.spans: dict[str, str] = {}

    def put(self, *choices: str) -> int:
        """
        Write one of the choices; return where it starts.
        """
        start = len(self.text)
        self.text += self.draw(st.sampled_from(choices))
        return start

    def space(self) -> None:
        """
        What may stand around a key or an equals sign.
        """
        self.put("", " ", "\t ")

    def blank(self) -> None:
        """
        What may stand around an item of a list.
        """
        self.put("", " ", "\n", ' # it\'s "odd" ]}\n\n\t', "\n\n#\n")

    def endOfLine(self) -> None:
        """
        What may stand behind a value or a header.
        """
        self.put("\n", '  # comment = ["\n', "\n\n # more\n", "\t\n")

    def some(self, most: int) -> list[tuple[str, str]]:
        """
        Spellings of different keys, with the keys.
        """
        chosen = self.draw(
            st.lists(st.sampled_from(list(KEYS.items())), max_size=most, unique_by=lambda each: each[1])
        )
        return list(chosen)

    def note(self, path: str, key: int, value: int) -> None:
        """
        Only the first place of a key counts.
        """
        self.keys.setdefault(path, key)
        self.values.setdefault(path, value)

    def value(self, path: str, depth: int) -> None:
        """
        Write a scalar, a list or an inline table.
        """
        start = len(self.text)
        kind = self.draw(st.sampled_from(["scalar", "scalar", "list", "table"])) if depth else "scalar"
        if kind == "scalar":
            self.put(*SCALARS)
        elif kind == "list":
            self.put("[")
            count = self.draw(st.integers(0, 3))
            for index in range(count):
                self.blank()
                item = extend(path, index)
                self.note(item, len(self.text), len(self.text))
                self.value(item, depth - 1)
                self.blank()
                self.put(",") if index < count - 1 else self.put("", ",")
            self.blank()
            self.put("]")
        else:
            self.put("{")
            self.space()
            members = self.some(2)
            for index, member in enumerate(members):
                self.pair(path, [member], depth - 1)
                self.space()
                if index < len(members) - 1:
                    self.put(",")
                    self.space()
            self.put("}")
        self.spans[path] = self.text[start:]

    def pair(self, path: str, names: list[tuple[str, str]], depth: int) -> None:
        """
        Write C{a.b.c = value}.
        """
        for index, (spelling, name) in enumerate(names):
            if index:
                self.space()
                self.put(".")
                self.space()
            path = extend(path, name)
            self.note(path, len(self.text), len(self.text))
            self.text += spelling
        self.space()
        self.put("=")
        self.space()
        self.values[path] = len(self.text)
        self.value(path, depth)

    def header(self, trail: list[tuple[str, str]], brackets: tuple[str, str]) -> int:
        """
        Write C{[a.b]}; C{trail} has the spelling of each name and its key path.
        """
        self.space()
        start = self.put(brackets[0])
        for index, (spelling, path) in enumerate(trail):
            self.space()
            # The path of an item of a list: its name is the list's.
            name = path[: path.rindex("[")] if path.endswith("]") else path
            self.note(name, len(self.text), len(self.text))
            self.text += spelling
            self.space()
            if index < len(trail) - 1:
                self.put(".")
        self.put(brackets[1])
        self.endOfLine()
        return start

    def table(self, trail: list[tuple[str, str]], depth: int) -> None:
        """
        Write what stands in a table, and the tables in it.
        """
        path = trail[-1][1] if trail else ""
        members = self.some(4)
        cut = self.draw(st.integers(0, len(members)))
        for spelling, name in members[:cut]:
            self.space()
            self.pair(path, [(spelling, name), *self.some(2)], 2)
            self.endOfLine()
        for spelling, name in members[cut:] if depth else []:
            child = extend(path, name)
            if self.draw(st.booleans()):
                inner = [*trail, (spelling, child)]
                self.header(inner, ("[", "]"))
                self.table(inner, depth - 1)
            else:
                for index in range(self.draw(st.integers(1, 3))):
                    item = extend(child, index)
                    inner = [*trail, (spelling, item)]
                    start = self.header(inner, ("[[", "]]"))
                    self.note(item, start, start)
                    self.table(inner, depth - 1)


@st.composite
def documents(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Writer:
    """
    Random documents.
    """
    writer = Writer(draw)
    writer.endOfLine()
    writer.table([], 2)
    return writer


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """
    @return: all key paths in what tomllib made of a document, with their values.
    """
    yield path, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flatten(each, extend(path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from flatten(each, extend(path, index))


def offsetIn(text: str, position: tuple[int, int]) -> int:
    """
    @return: the offset of a line and column.
    """
    line, column = position
    return sum(len(each) for each in text.splitlines(keepends=True)[: line - 1]) + column - 1


class RandomDocumentTests(SynchronousTestCase):
    """
    Whatever the document, every key and every value is found.
    """

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(documents())
    def test_everyValueFound(self, written: Writer) -> None:
        """
        Each key path of the document has its place, and the text at that place reads as its value.
        """
        data = dict(flatten(tomllib.loads(written.text)))
        found = scan(written.text)
        self.assertEqual(found.values.keys(), data.keys())
        self.assertEqual(found.keys.keys(), data.keys() - {""})
        for path, offset in written.keys.items():
            self.assertEqual(offsetIn(written.text, found.keys[path]), offset, path)
        for path, offset in written.values.items():
            self.assertEqual(offsetIn(written.text, found.values[path]), offset, path)
        for path, span in written.spans.items():
            start = offsetIn(written.text, found.values[path])
            self.assertTrue(written.text.startswith(span, start))
            self.assertEqual(tomllib.loads(f"v = {span}")["v"], data[path])


class ScanTests(SynchronousTestCase):
    """
    Places in documents as people write them.
    """

    def scan(self, text: str) -> Positions:
        """
        Scan a text that tomllib accepts.
        """
        text = dedent(text)
        tomllib.loads(text)
        return scan(text)

    def test_configuration(self) -> None:
        """
        Headers below [[listeners]] belong to the last listener before them.
        """
        found = self.scan(
            """\
            [[listeners]]
            port = 1
            [listeners.requestLimits]
            maxUriLength = 10
            [[listeners.services]]
            path = "/a"
            [[listeners]]
              port = 2
            [listeners.requestLimits]
            maxUriLength = 20
            [[listeners.services]]
            path = "/b"
            [[listeners.services]]
            path = "/c"
            """
        )
        for path, position in (
            ("", (1, 1)),
            ("listeners", (1, 3)),
            ("listeners[0]", (1, 1)),
            ("listeners[0].port", (2, 8)),
            ("listeners[0].requestLimits", (3, 12)),
            ("listeners[0].requestLimits.maxUriLength", (4, 16)),
            ("listeners[0].services", (5, 13)),
            ("listeners[0].services[0]", (5, 1)),
            ("listeners[0].services[0].path", (6, 8)),
            ("listeners[1]", (7, 1)),
            ("listeners[1].port", (8, 10)),
            ("listeners[1].requestLimits.maxUriLength", (10, 16)),
            ("listeners[1].services[0].path", (12, 8)),
            ("listeners[1].services[1]", (13, 1)),
            ("listeners[1].services[1].path", (14, 8)),
        ):
            self.assertEqual(found.values[path], position, path)
        self.assertEqual(found.keys["listeners[1].port"], (8, 3))

    def test_sharedDottedKeys(self) -> None:
        """
        A table made by dotted keys stands where its name stands first.
        """
        found = self.scan("a.b = 1\na.c.d = 2\na.c.e = 3\n[a.f]\n[g]\nh.i = 4\n[g.j]\n")
        self.assertEqual((found.keys["a"], found.keys["a.b"], found.values["a.b"]), ((1, 1), (1, 3), (1, 7)))
        self.assertEqual((found.keys["a.c"], found.values["a.c.e"]), ((2, 3), (3, 9)))
        self.assertEqual(
            (found.values["a.f"], found.values["g.h"], found.values["g.j"]), ((4, 4), (6, 1), (7, 4))
        )

    def test_nestedInline(self) -> None:
        """
        Tables in lists in tables are walked through.
        """
        found = self.scan('x = [ { a = [1, 2], b.c = "]" },\n  {} , # {\n [[3]] ]')
        self.assertEqual(found.values["x[0].a[1]"], (1, 17))
        self.assertEqual(found.values["x[0].b.c"], (1, 27))
        self.assertEqual((found.values["x[1]"], found.values["x[2][0][0]"]), ((2, 3), (3, 4)))

    def test_columnsAreCharacters(self) -> None:
        """
        A character outside of ASCII is one column.
        """
        found = self.scan('k = ["\u00e9\U0001f600", 1]')
        self.assertEqual(found.values["k[1]"], (1, 12))

    def test_noLineAtTheEnd(self) -> None:
        """
        Empty documents, comments only, and a last line without an end are fine.
        """
        for text, paths in (
            ("", [""]),
            ("# only", [""]),
            ("\n\n", [""]),
            ("a = 1", ["", "a"]),
            ("[a]", ["", "a"]),
        ):
            self.assertEqual(list(self.scan(text).values), paths)


class ExtendTests(SynchronousTestCase):
    """
    How key paths look.
    """

    def test_extend(self) -> None:
        """
        Items are in brackets, names behind dots, odd names in quotes.
        """
        self.assertEqual(extend("", "listeners"), "listeners")
        self.assertEqual(extend("listeners", 0), "listeners[0]")
        self.assertEqual(extend("listeners[0]", "port"), "listeners[0].port")
        self.assertEqual(extend("a", "b.c"), 'a."b.c"')
        self.assertEqual(extend("", 'say "\n"'), '"say \\"\\n\\""')
