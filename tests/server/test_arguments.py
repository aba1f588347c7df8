"""
Tests of L{balws.server.arguments}.
"""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any, Optional, Union

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import parse_qs
from twisted.web.http_headers import Headers
from twisted.web.iweb import IRequest
from twisted.web.server import Request as TwistedRequest

from balws import Header, Request
from balws.errors import ServiceDefinitionError
from balws.server.arguments import Arguments
from balws.server.refusal import Refusal
from tests.binding.samples import steady


def request(query: bytes = b"", **headers: Any) -> Any:
    """
    @return: a request with this query string and these fields.
    """
    found = {
        name.replace("_", "-"): [value] if isinstance(value, str) else value
        for name, value in headers.items()
    }
    fields = {name.lower(): list(values) for name, values in Headers(found).getAllRawHeaders()}
    return SimpleNamespace(args=parse_qs(query, True), fields=fields, request=object())


class ArgumentsTestCase(SynchronousTestCase):
    """
    Calls of a C{get}.
    """

    def bind(self, function: Any, asked: Any = None, template: str = ".", path: str = "") -> Any:
        """
        @return: what C{get} is given for this request, its request taken out; or the
            refusal's status and text.
        """
        arguments = Arguments("Door", function, template)
        found = arguments.matches([part.encode("latin-1") for part in path.split("/")] if path else ())
        if found is None:
            return None
        values = arguments.bind(request() if asked is None else asked, found)
        return (values.status, values.body) if isinstance(values, Refusal) else values

    def assertUndefined(self, function: Any, problem: str, mend: str, template: str = ".") -> None:
        """
        The definition is refused, with its place, what is wrong, and what to write.
        """
        error = self.assertRaises(ServiceDefinitionError, Arguments, "Door", function, template)
        self.assertTrue(str(error).startswith("Door.get: "), error)
        self.assertIn(problem, error.problem)
        self.assertIn(mend, error.mend)


class QueryTests(ArgumentsTestCase):
    """
    Query parameters (table B21).
    """

    def test_types(self) -> None:
        """
        Text, integers, floats, booleans and decimals; without an annotation it is text.
        """

        def get(self, request, a: str, b: int, c: float, d: bool, e: Decimal, f): ...

        asked = request(b"a=x+y&b=-7&c=1.5e3&d=true&e=0.10&f=1")
        values = self.bind(get, asked)
        self.assertIs(values.pop("request"), asked.request)
        self.assertEqual(
            values, {"a": "x y", "b": -7, "c": 1500.0, "d": True, "e": Decimal("0.10"), "f": "1"}
        )
        self.assertEqual(str(values["e"]), "0.10")

    def test_missing(self) -> None:
        """
        A missing parameter is 400, and the answer names it.
        """

        def get(self, a: str, b: str): ...

        self.assertEqual(self.bind(get, request(b"a=x")), (400, "No query param value found for: b\n"))

    def test_integers(self) -> None:
        """
        An integer is decimal digits with at most one sign, and not endless.
        """

        def get(self, n: int): ...

        for text, expected in (("7", 7), ("-0", 0), ("%2b7", 7), ("007", 7), ("9" * 40, 10**40 - 1)):
            self.assertEqual(self.bind(get, request(b"n=" + text.encode())), {"n": expected})
        invalid = (400, "Invalid query param value for: n\n")
        for text in ("", "x", "1.0", "1_0", "%201", "1%0a", "--1", "0x1", "%D9%A1", "9" * 41, "1e3", "%FF"):
            self.assertEqual(self.bind(get, request(b"n=" + text.encode())), invalid, text)

    def test_floats(self) -> None:
        """
        A float is a finite number in decimal digits.
        """

        def get(self, n: float): ...

        for text, expected in (
            (".5", 0.5),
            ("5.", 5.0),
            ("-1e-3", -0.001),
            ("1E2", 100.0),
            ("1" + "0" * 63, 1e63),
        ):
            self.assertEqual(self.bind(get, request(b"n=" + text.encode())), {"n": expected})
        for text in (
            "",
            ".",
            "nan",
            "inf",
            "-Infinity",
            "1e999",
            "1_0.0",
            "1e99999",
            "1" + "0" * 64,
            "%201",
            "0x1p3",
        ):
            self.assertEqual(self.bind(get, request(b"n=" + text.encode()))[0], 400, text)

    def test_decimals(self) -> None:
        """
        A decimal is a finite number in decimal digits, exact.
        """

        def get(self, n: Decimal): ...

        for text in ("1", "-1.50", "+.5", "1e10", "7.", "1" * 64):
            [value] = self.bind(get, request(b"n=" + text.replace("+", "%2b").encode())).values()
            self.assertEqual(value, Decimal(text))
        for text in ("", ".", "+", "e5", "NaN", "sNaN", "Infinity", "1_0", "1e99999", "1" * 65, "%D9%A1"):
            self.assertEqual(self.bind(get, request(b"n=" + text.encode()))[0], 400, text)

    def test_booleans(self) -> None:
        """
        Anything but C{true} is false (table B20).
        """

        def get(self, n: bool): ...

        for text, expected in (("true", True), ("True", False), ("1", False), ("false", False), ("", False)):
            self.assertEqual(self.bind(get, request(b"n=" + text.encode())), {"n": expected})

    def test_defaults(self) -> None:
        """
        A missing parameter keeps its default; an invalid one does not hide behind it.
        """

        def get(self, n: int = 50, s: str = "", o: int | None = None, x=None): ...

        self.assertEqual(self.bind(get), {"n": 50, "s": "", "o": None, "x": None})
        self.assertEqual(self.bind(get, request(b"n=1&x=y"))["n"], 1)
        self.assertEqual(self.bind(get, request(b"n=x"))[0], 400)

    def test_nilable(self) -> None:
        """
        What may be missing is L{None} then, in each way to write it.
        """

        def get(self, a: int | None, b: Optional[int], c: Union[None, int], d: list[int] | None): ...

        self.assertEqual(self.bind(get), dict.fromkeys("abcd"))
        self.assertEqual(self.bind(get, request(b"a=1&b=2&c=3&d=4")), {"a": 1, "b": 2, "c": 3, "d": [4]})
        self.assertEqual(self.bind(get, request(b"a=x"))[0], 400)

    def test_lists(self) -> None:
        """
        A list takes all values in their order, anything else the first.
        """

        def get(self, a: list[int], b: list[str], c: str, d: list[Decimal] = [Decimal(1)]): ...  # noqa: B006

        values = self.bind(get, request(b"a=1&b=x&a=2&c=p&c=q"))
        self.assertEqual(values, {"a": [1, 2], "b": ["x"], "c": "p", "d": [Decimal(1)]})
        self.assertEqual(self.bind(get, request(b"a=1&a=x&b=x&c=p"))[0], 400)
        self.assertEqual(self.bind(get, request(b"b=x&c=p")), (400, "No query param value found for: a\n"))

    def test_otherParameters(self) -> None:
        """
        What the client sends beyond that is ignored, and the function may take anything.
        """

        def get(self, a: str, *args: Any, **kwargs: Any): ...

        self.assertEqual(self.bind(get, request(b"a=x&b=y&args=1&kwargs=2&self=3")), {"a": "x"})

    def test_notUtf8(self) -> None:
        """
        A value that is not UTF-8 is invalid.
        """

        def get(self, a: str): ...

        self.assertEqual(self.bind(get, request(b"a=%FF"))[0], 400)
        self.assertEqual(self.bind(get, request(b"a=%C3%A4")), {"a": "ä"})

    def test_names(self) -> None:
        """
        Names are UTF-8, too.
        """

        def get(self, größe: int): ...

        self.assertEqual(self.bind(get, request("größe=7".encode())), {"größe": 7})

    @steady
    @given(st.binary(max_size=40))
    def test_anyQuery(self, query: bytes) -> None:
        """
        No query string makes it fail: there are values or there is a refusal.
        """

        def get(self, a: int | None, b: float | None, c: Decimal | None, d: bool | None, e: str | None): ...

        for name in b"abcde":
            found = self.bind(get, request(bytes([name]) + b"=" + query))
            self.assertTrue(isinstance(found, dict) or found[0] == 400)

    @steady
    @given(st.integers(-(10**40) + 1, 10**40 - 1))
    def test_everyInteger(self, number: int) -> None:
        """
        Every integer of up to forty digits arrives as it was sent.
        """

        def get(self, n: int): ...

        self.assertEqual(self.bind(get, request(b"n=%d" % number)), {"n": number})


class HeaderTests(ArgumentsTestCase):
    """
    Header parameters (table B22).
    """

    def test_names(self) -> None:
        """
        The name is the annotation's or the parameter's, in any case.
        """

        def get(
            self,
            token: Annotated[str, Header("X-Token")],
            accept: Annotated[str, Header],
            te: Annotated[str, Header()],
        ): ...

        values = self.bind(get, request(x_TOKEN="t", ACCEPT="*/*", TE="x"))
        self.assertEqual(values, {"token": "t", "accept": "*/*", "te": "x"})

    def test_several(self) -> None:
        """
        A list takes all lines, a text the first.
        """

        def get(self, a: Annotated[list[str], Header("A")], b: Annotated[str, "words", Header("A")]): ...

        self.assertEqual(self.bind(get, request(A=["1", "2"])), {"a": ["1", "2"], "b": "1"})

    def test_missing(self) -> None:
        """
        A missing one is 404, unless it has a default or may be L{None}.
        """

        def get(self, a: Annotated[str, Header("A")]): ...

        self.assertEqual(self.bind(get), (404, "No header value found for: A\n"))

        def withDefault(
            self,
            a: Annotated[str, Header("A")] = "none",
            b: Annotated[str | None, Header("B")] = None,
            *,
            c: Annotated[Optional[str], Header("C")],
            d: Annotated[str, Header("D")] | None,
            e: Optional[Annotated[list[str], Header("E")]],
        ): ...

        self.assertEqual(self.bind(withDefault), {"a": "none", "b": None, "c": None, "d": None, "e": None})
        values = self.bind(withDefault, request(A="1", B="2", C="3", D="4", E="5"))
        self.assertEqual(values, {"a": "1", "b": "2", "c": "3", "d": "4", "e": ["5"]})

    def test_notUtf8(self) -> None:
        """
        A value that is no text counts as missing.
        """

        def get(self, a: Annotated[str, Header("A")]): ...

        asked = request()
        asked.fields[b"a"] = [b"\xff"]
        self.assertEqual(self.bind(get, asked)[0], 404)

    def test_types(self) -> None:
        """
        Headers are texts.
        """

        def number(self, a: Annotated[int, Header("A")]): ...

        def numbers(self, a: Annotated[list[int], Header("A")]): ...

        for get in (number, numbers):
            get.__name__ = "get"
            self.assertUndefined(get, "the header parameter 'a' cannot be", "str, list[str]")

    def test_badNames(self) -> None:
        """
        A name that no header can have is found when the service is attached.
        """

        def get(self, größe: Annotated[str, Header()]): ...

        self.assertUndefined(get, "no header can be called 'größe'", 'Header("X-Name")')

        def injected(self, a: Annotated[str, Header("A\r\nB")]): ...

        injected.__name__ = "get"
        self.assertUndefined(injected, "no header can be called 'A\\r\\nB'", "Header")


class PathTests(ArgumentsTestCase):
    """
    Path parameters (table B20).
    """

    def test_types(self) -> None:
        """
        Text, integers, floats and booleans.
        """

        def get(self, a: str, b: int, c: float, d: bool, e): ...

        values = self.bind(get, None, "{a}/x/{b}/{c}/{d}/{e}", "r/x/7/.5/true/z")
        self.assertEqual(values, {"a": "r", "b": 7, "c": 0.5, "d": True, "e": "z"})

    def test_otherPaths(self) -> None:
        """
        The number of segments and the fixed ones must be just right.
        """

        def get(self, room: str): ...

        for path in (
            "",
            "rooms",
            "rooms/",
            "rooms/a/b",
            "rooms/a/",
            "Rooms/a",
            "x/a",
            "/rooms/a",
            "rooms/\xff",
        ):
            self.assertIsNone(self.bind(get, None, "rooms/{room}", path), path)
        self.assertEqual(self.bind(get, None, "/rooms/{room}/", "rooms/a"), {"room": "a"})
        self.assertEqual(self.bind(get, None, "rooms/{room}", "rooms/\xc3\xa4"), {"room": "ä"})

    def test_ownPath(self) -> None:
        """
        Without a template the service's own path is meant, with or without a slash at the
        end (decision 4).
        """

        def get(self): ...

        for template in (".", "", "/"):
            self.assertEqual(self.bind(get, None, template), {})
            self.assertEqual(Arguments("Door", get, template).matches([b""]), {})
            for path in ("x", "/", "x/"):
                self.assertIsNone(self.bind(get, None, template, path))

    def test_badNumber(self) -> None:
        """
        A segment of the wrong type is another path: 404.
        """

        def get(self, n: int): ...

        self.assertEqual(self.bind(get, None, "{n}", "x"), (404, ""))

    def test_types_refused(self) -> None:
        """
        A segment is always there and comes once.
        """

        def many(self, a: list[str]): ...

        def nilable(self, a: str | None): ...

        def decimal(self, a: Decimal): ...

        for get in (many, nilable, decimal):
            get.__name__ = "get"
            self.assertUndefined(get, "the path parameter 'a' cannot be", "str, int, float, bool", "{a}")

    def test_templates(self) -> None:
        """
        A segment is a name in braces, or text without braces; no name comes twice.
        """

        def get(self, a: str): ...

        for template in ("{a", "a}", "x{a}", "{a}{b}", "{1}", "{}", "{a:int}", "x//{a}", "{a b}"):
            self.assertUndefined(get, f"the path {template!r}", "{name}", template)
        self.assertUndefined(get, "a parameter twice", "rename", "{a}/{a}")

    def test_noParameter(self) -> None:
        """
        A name in the path needs a parameter of the function.
        """

        def get(self, request): ...

        self.assertUndefined(get, "{room} has no parameter", "add room: str", "{room}")
        self.assertUndefined(get, "{request} has no parameter", "add request: str", "{request}")


class RequestTests(ArgumentsTestCase):
    """
    The parameter that is given the request.
    """

    def given(self, function: Any, query: bytes = b"", template: str = ".", path: str = "") -> list[str]:
        """
        @return: the names of the parameters that were given the request.
        """
        asked = request(query)
        values = self.bind(function, asked, template, path)
        return [name for name, value in values.items() if value is asked.request]

    def test_byAnnotation(self) -> None:
        """
        Twisted's request, ours and the interface mean it, wherever it stands.
        """

        def twisted(self, a: int, r: TwistedRequest): ...

        def own(self, a: int, r: Request): ...

        def interface(self, a: int, r: IRequest): ...

        for get in (twisted, own, interface):
            self.assertEqual(self.given(get, b"a=1"), ["r"])

    def test_byName(self) -> None:
        """
        C{request} and C{req} mean it where they have no annotation.
        """

        def long(self, a, request): ...

        def short(self, a, req): ...

        self.assertEqual(self.given(long, b"a=1"), ["request"])
        self.assertEqual(self.given(short, b"a=1"), ["req"])

    def test_annotatedName(self) -> None:
        """
        A C{request} that is declared to be a text is one.
        """

        def get(self, request: str): ...

        self.assertEqual(self.bind(get, request(b"request=x")), {"request": "x"})

    def test_byPosition(self) -> None:
        """
        Otherwise the first parameter means it, when nothing is known of it.
        """

        def first(self, r): ...

        def withPath(self, r, room): ...

        self.assertEqual(self.given(first), ["r"])
        self.assertEqual(self.given(withPath, template="{room}", path="x"), ["r"])

        def path(self, room): ...

        def default(self, limit=5): ...

        def declared(self, a: str): ...

        self.assertEqual(self.given(path, template="{room}", path="x"), [])
        self.assertEqual(self.given(default), [])
        self.assertEqual(self.given(declared, b"a=1"), [])

    def test_twice(self) -> None:
        """
        Whoever asks for it gets it.
        """

        def get(self, a: Request, b: IRequest, request): ...

        self.assertEqual(self.given(get), ["a", "b", "request"])

    def test_wrapped(self) -> None:
        """
        A decorated function is looked at as it was written.
        """

        @inlineCallbacks
        def get(self, request: Request, n: int = 3): ...

        self.assertEqual(self.given(get), ["request"])


class DefinitionTests(ArgumentsTestCase):
    """
    Parameters that cannot be bound (102, 103).
    """

    def test_types(self) -> None:
        """
        Types that no text can become are refused with those that can.
        """

        def data(self, a: bytes): ...

        def union(self, a: int | str): ...

        def three(self, a: int | str | None): ...

        def mapping(self, a: dict[str, str]): ...

        def anything(self, a: Any): ...

        def bare(self, a: list): ...

        def nested(self, a: list[list[str]]): ...

        def marked(self, a: list[Annotated[str, {}]]): ...

        def maybeRequest(self, a: Request | None): ...

        def nothing(self, a: dict[str, None]): ...

        def untold(self, a: list): ...

        for get in (
            data,
            union,
            three,
            mapping,
            anything,
            bare,
            nested,
            marked,
            maybeRequest,
            nothing,
            untold,
        ):
            get.__name__ = "get"
            self.assertUndefined(
                get, "the query parameter 'a' cannot be", "str, int, float, bool, Decimal, and lists"
            )

    def test_noSelf(self) -> None:
        """
        A C{get} is a method.
        """

        def get(): ...

        self.assertUndefined(get, "no self", "self")

        def keyword(*, request): ...

        keyword.__name__ = "get"
        self.assertUndefined(keyword, "no self", "self")

    def test_positionalOnly(self) -> None:
        """
        Everything but C{self} is given by name.
        """

        def get(self, room: str, /): ...

        self.assertUndefined(get, "the parameter 'room' cannot be given by name", "/", "{room}")

        def fine(self, /, room: str): ...

        self.assertEqual(self.bind(fine, None, "{room}", "x"), {"room": "x"})

    def test_unknownAnnotation(self) -> None:
        """
        An annotation that means nothing is found, too.
        """

        def get(self, a: Missing): ...  # type: ignore[name-defined]  # noqa: F821

        self.assertUndefined(get, "'Missing' is not known", "module level")
