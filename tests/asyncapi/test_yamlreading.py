"""
Tests of L{balws.asyncapi.yamlreading}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.yamlreading import MAX_DEPTH
from balws.errors import ConfigurationError
from tests.asyncapi.yamls import LOADERS, readBy


class Case(SynchronousTestCase):
    """
    Asks PyYAML's parser in Python, and that in C.
    """

    def reads(self, text: str, value: Any, **limits: int) -> None:
        for loader in LOADERS:
            self.assertEqual(repr(readBy(loader, text, **limits)), repr(value), loader)

    def refuses(self, text: str, line: int, column: int, *words: str, **limits: int) -> None:
        for loader in LOADERS:
            error = self.assertRaises(ConfigurationError, readBy, loader, text, **limits)
            self.assertEqual((error.line, error.column), (line, column), f"{loader}: {error}")
            for word in words:
                self.assertIn(word, error.problem)


class ReadingTests(Case):
    """
    What JSON can hold.
    """

    def test_values(self) -> None:
        """
        Lists and mappings in blocks and in brackets, and every style of text.
        """
        self.reads("a:\n- 1\n- {b: [x, true]}\nc:\n", {"a": [1, {"b": ["x", True]}], "c": None})
        self.reads("a: |\n  one\n  two\nb: >-\n  one\n  two\n", {"a": "one\ntwo\n", "b": "one two"})
        self.reads(
            "a: 'it''s'\nb: \"\\u6f22\\n\"\nc: one\n  two # no more\n", {"a": "it's", "b": "\u6f22\n", "c": "one two"}
        )
        self.reads("%YAML 1.2\n---\n# nothing else\nx\n...\n", "x")
        self.reads("", None)

    def test_core(self) -> None:
        """
        Words and dates of YAML 1.1 are texts; quotes make a text of everything.
        """
        self.reads("[on, No, y, 2026-01-31, 12:30, 1_0]", ["on", "No", "y", "2026-01-31", "12:30", "1_0"])
        self.reads("['1', \"true\", '']", ["1", "true", ""])
        self.reads("a: |-\n  1\n", {"a": "1"})

    def test_keys(self) -> None:
        """
        A key is the text that stands there, such as a close code.
        """
        self.reads(
            "1008: a\non: b\ntrue: c\n1.50: d\nnull: e\n'': f\n",
            {"1008": "a", "on": "b", "true": "c", "1.50": "d", "null": "e", "": "f"},
        )
        self.reads("? one\n: 1\n? two\n", {"one": 1, "two": None})
        self.reads("{a, b: 1}", {"a": None, "b": 1})

    def test_tags(self) -> None:
        """
        A tag may say what JSON can hold.
        """
        self.reads("[!!str 1, ! 2, !!int '3', !!float 4, !!bool true, !!null '']", ["1", "2", 3, 4, True, None])
        self.reads("!!map {!!str a: !!seq [1]}", {"a": [1]})

    def test_anchors(self) -> None:
        """
        What has an anchor may stand in several places, as a key, too; a second anchor of one name counts
        from where it is.
        """
        self.reads(
            "a: &a {x: 1}\nb: *a\nc: &a 7\nd: [*a, *a]\n*a : e\n",
            {"a": {"x": 1}, "b": {"x": 1}, "c": 7, "d": [7, 7], "7": "e"},
        )
        self.reads("&a b: *a\n", {"b": "b"})
        self.reads("[&a [1], {b: *a}]", [[1], {"b": [1]}])

    def test_merge(self) -> None:
        """
        C{<<} takes in a mapping or several; what stands beside it counts more, and the earlier more than the
        later. In quotes it is a key.
        """
        base = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\n"
        both = {"x": {"a": 1, "b": 1}, "y": {"b": 2, "c": 2}}
        self.reads(f"{base}z: {{b: 3, <<: *x, d: 3}}\n", {**both, "z": {"a": 1, "b": 3, "d": 3}})
        self.reads(f"{base}z:\n  <<: [*x, *y]\n", {**both, "z": {"a": 1, "b": 1, "c": 2}})
        self.reads("'<<': 2\n", {"<<": 2})
        self.reads(
            f"{base}z: &z {{<<: *x, c: 3}}\nw: {{<<: *z}}\n",
            {**both, "z": {"a": 1, "b": 1, "c": 3}, "w": {"a": 1, "b": 1, "c": 3}},
        )
        self.refuses("a: 1\n<<: 7\n", 2, 5, "takes a mapping")
        self.refuses("<<: {}\n<<: {}\n", 2, 1, "already, in line 1")


class RefusalTests(Case):
    """
    What JSON cannot hold, and what is no YAML.
    """

    def test_tags(self) -> None:
        """
        No tag makes an object.
        """
        for tag in ("!!binary", "!!timestamp", "!!set", "!!omap", "!!python/object/apply:os.system", "!Own", "!!map"):
            self.refuses(f"a:\n  b: {tag} 'x'\n", 2, 6, f"the tag {tag} is nothing")
        self.refuses("a: !!set {b}", 1, 4, "the tag !!set is nothing")
        self.refuses("a: !!str [b]", 1, 4, "the tag !!str is nothing")
        self.refuses("!!int a: 1\n!!binary b: 1", 2, 1, "the tag !!binary is nothing")
        self.refuses("a: !!int x", 1, 4, "is not what its tag !!int says")
        self.refuses("a: !!int true", 1, 4, "is not what its tag !!int says")
        self.refuses("%YAML 1.2\n%TAG !o! tag:o\n---\na: !o!b c", 2, 1, "tags of its own")

    def test_numbers(self) -> None:
        """
        Numbers that JSON has not are named with their place.
        """
        for number in (".inf", "-.inf", ".nan", "1e999", "1" * 5000):
            self.refuses(f"a:\n  - {number}", 2, 5, "put quotes around a text")

    def test_keys(self) -> None:
        """
        A key twice is refused, in whatever style; so is one that is no text.
        """
        self.refuses("b:\n  a: 1\n  c: 1\n  a: 2\n", 4, 3, "the key 'a' is there already, in line 2")
        self.refuses("200: 1\n'200': 2\n", 2, 1, "the key '200' is there already, in line 1")
        self.refuses("{a: 1, a: 2}", 1, 8, "already, in line 1")
        self.refuses("&a a: 1\n*a : 2\n", 2, 1, "already, in line 1")
        for key in ("[a]", "{a: 1}"):
            self.refuses(f"? {key}\n: 1", 1, 3, "a key must be a text")
        self.refuses("a: &a [1]\n*a : 2", 2, 1, "a key must be a text")
        self.refuses("~: 1", 1, 1, "a key is missing")
        self.refuses("?\n: 1", 1, 2, "a key is missing")

    def test_documents(self) -> None:
        """
        There is one document.
        """
        self.refuses("a: 1\n---\nb: 1\n", 2, 1, "a second document")

    def test_syntax(self) -> None:
        """
        What is no YAML has a place, and a mend.
        """
        for text, line, column, mend in (
            ("a:\n\tb: 1\n", 2, 1, "take spaces in place of tabs"),
            ("a: b\nc: d: e\n", 2, 5, "put quotes around a text with a colon and a space in it"),
            ("a: @b", 1, 4, "put quotes around a text that begins with @"),
            ("a: `b`", 1, 4, "put quotes around a text that begins with `"),
            ("a: *b", 1, 4, "there is no &b before it; put quotes around a text that begins with *"),
            ("a:\n  b: 1\n c: 2\n", 3, 2, "line up the keys"),
            ("a: 1\nb: 'x", 2, 6, "look for a missing quote"),
            ("a: [1, 2\nb: 1", 2, 2, "look for a missing quote, bracket or colon"),
        ):
            self.refuses(text, line, column, mend)
        for loader in LOADERS:
            error = self.assertRaises(ConfigurationError, readBy, loader, 'a: 1\nb: "\\q"')
            self.assertEqual(error.line, 2)
            self.assertIn("write two backslashes", error.problem)

    def test_characters(self) -> None:
        """
        Control characters and halves of characters are refused.
        """
        self.refuses("a: 1\nb: \x1b[31m", 2, 4, "a character that YAML does not allow")
        self.refuses("\x00", 1, 1, "a character that YAML does not allow")
        for escape in ("\\ud83d", "\\ud83d\\ude00", "\\UFFFFFFFF", "\\U00110000"):
            for loader in LOADERS:
                error = self.assertRaises(ConfigurationError, readBy, loader, f'a: 1\nb: "{escape}"')
                self.assertIn(error.line, (1, 2))

    def test_version(self) -> None:
        """
        A version of YAML that there is not is refused.
        """
        for version in ("7.0", "1" * 5000 + ".0"):
            for loader in LOADERS:
                self.assertRaises(ConfigurationError, readBy, loader, f"%YAML {version}\n---\na: 1")


class LimitTests(Case):
    """
    Hostile documents.
    """

    def test_values(self) -> None:
        """
        So many values may be in a document, and not one more; lists, mappings and keys count, too.
        """
        self.reads("{a: [1, 2]}", {"a": [1, 2]}, values=5)
        self.refuses("{a: [1, 2]}", 1, 9, "more than 4 values", values=4)

    def test_characters(self) -> None:
        """
        So many characters may be in its texts, and not one more.
        """
        self.reads("{ab: cd}", {"ab": "cd"}, characters=4)
        self.refuses("{ab: cd}", 1, 6, "more than 3 characters", characters=3)

    def test_aliases(self) -> None:
        """
        An alias counts as much as what it names.
        """
        self.reads("[&a [x, y], *a]", [["x", "y"], ["x", "y"]], values=7, characters=4)
        self.refuses("[&a [x, y], *a]", 1, 13, "more than 6 values, counting what aliases repeat", values=6)
        self.refuses("[&a [x, y], *a]", 1, 13, "more than 3 characters, counting what", characters=3)

    def test_laughs(self) -> None:
        """
        A thousand million laughs are refused at the line where they begin to be too many, through lists,
        mappings and C{<<}.
        """
        for begin, end in (("[", "]"), ("{k: [", "]}"), ("{<<: [", "]}")):
            lines = ["a0: &a0 {ha: ha}"]
            for number in range(1, 30):
                lines.append(f"a{number}: &a{number} {begin}{', '.join([f'*a{number - 1}'] * 10)}{end}")
            for loader in LOADERS:
                error = self.assertRaises(ConfigurationError, readBy, loader, "\n".join(lines), values=300_000)
                self.assertIn(error.line, (5, 6, 7))

    def test_recursion(self) -> None:
        """
        Nothing stands in itself.
        """
        self.refuses("a: &a [1, *a]", 1, 11, "*a stands in what it names")
        self.refuses("a: &a\n  <<: *a", 2, 7, "*a stands in what it names")
        self.refuses("&a a: &b {*b : 1}", 1, 11, "*b stands in what it names")

    def test_depth(self) -> None:
        """
        So deep it may be, and no deeper.
        """
        for opening, closing in (("[", "]"), ("{a: ", "}")):
            for loader in LOADERS:
                readBy(loader, opening * MAX_DEPTH + closing * MAX_DEPTH)
            column = MAX_DEPTH * len(opening) + 1
            self.refuses(opening * 100_000, 1, column, f"more than {MAX_DEPTH} lists and mappings")

    def test_depthOfAliases(self) -> None:
        """
        What an alias names is as deep where it is repeated.
        """
        half = MAX_DEPTH // 2
        inner = "a: &a " + "[" * half + "]" * half + "\n"
        for loader in LOADERS:
            readBy(loader, inner + "b: " + "[" * (half - 1) + "*a" + "]" * (half - 1))
        self.refuses(
            inner + "b: " + "[" * half + "*a" + "]" * half, 2, half + 4, f"more than {MAX_DEPTH} lists and mappings"
        )
