"""
Tests of L{balws.asyncapi.kind}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.kind import ANY, NONE, Kind, Member, either, literals, single


class KindTests(SynchronousTestCase):
    """
    Unions as msgspec can tell them apart.
    """

    def test_apart(self) -> None:
        """
        What is of different groups stands side by side, nothing last.
        """
        kinds = [NONE, single("text", "str"), single("number", "int"), single("text", "str")]
        self.assertEqual(either(kinds).code, "str | int | None")
        self.assertEqual(either([ANY, *kinds]), ANY)
        self.assertEqual(either([]), ANY)

    def test_records(self) -> None:
        """
        Records stand side by side where one field tells them apart.
        """
        one, two = Member("object", "One", ("event", "1")), Member("object", "Two", ("event", "2"))
        self.assertEqual(either([Kind((one,)), Kind((two,))]).code, "One | Two")
        for other in (
            Member("object", "Other"),
            Member("object", "Other", ("kind", "2")),
            Member("object", "Other", ("event", "1")),
        ):
            self.assertEqual(either([Kind((one,)), Kind((other,))]).code, "dict[str, Any]")

    def test_together(self) -> None:
        """
        What cannot be told apart is the nearest that takes all of it.
        """
        for codes, group, found in (
            (("list[int]", "tuple[int, str]"), "array", "list[Any]"),
            (("str", "datetime.date"), "text", "str"),
            (("int", "float"), "number", "float"),
        ):
            self.assertEqual(either(single(group, code) for code in codes).code, found)
        words = [Kind((literals("text", ['"a"']),)), Kind((literals("text", ['"b"', '"a"']),))]
        self.assertEqual(either(words).code, 'Literal["a", "b"]')
        self.assertEqual(either([*words, single("text", "str")]).code, "str")
        many = [Kind((literals("text", map(str, values)),)) for values in (range(1000), range(1, 1001))]
        self.assertEqual(either(many[:1] * 2), many[0])
        self.assertEqual(either(many).code, "str")
        many = [Kind((literals("number", map(str, values)),)) for values in (range(1000), range(1, 1001))]
        self.assertEqual(either(many).code, "int")
        numbers = [Kind((literals("number", ["1"]),)), single("number", "int")]
        self.assertEqual(either(numbers).code, "int")

    def test_optional(self) -> None:
        """
        What may be missing keeps its name, and is found once.
        """
        kind = Kind(single("text", "str").members, "Words")
        self.assertEqual((kind.optional.code, kind.optional.values), ("Words | None", {"str", "None"}))
        self.assertIs(kind.optional, kind.optional)
        self.assertIs(either([NONE, kind]), kind.optional)
        for same in (ANY, NONE, kind.optional):
            self.assertIs(same.optional, same)
