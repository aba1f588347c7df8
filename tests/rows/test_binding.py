"""
Data binding: rows DB01, DB02 and DB04 of the reliability catalogue, tables A4.10 to A4.12
and B14 to B26 of the inventory.
"""

from __future__ import annotations

import json
import socket
import time

from tests.rows.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from tests.rows.serving import ServedTestCase

ORDER = b'{"item":{"name":"tea","price":%s},"count":%s}'
BOUND = "Order(item=Item(name='tea', price=Decimal('2.50')), count=2, notes=[])"


def message(opcode: int, payload: bytes) -> bytes:
    """
    @return: a message in as many frames as it needs.
    """
    pieces = [payload[start : start + 65536] for start in range(0, len(payload) or 1, 65536)]
    frames = [frame(CONTINUATION if at else opcode, piece, fin=False) for at, piece in enumerate(pieces[:-1])]
    return b"".join(frames) + frame(CONTINUATION if frames else opcode, pieces[-1])


class BoundTestCase(ServedTestCase):
    """
    Messages of the right kind, and of the wrong one.
    """

    def binds(self, kind: str, payload: bytes, expected: str, *opcodes: int) -> None:
        """
        Check what a message becomes.
        """
        for opcode in opcodes or (TEXT, BINARY):
            peer = self.open(f"/bound/{kind}").send(message(opcode, payload))
            self.assertEqual(peer.message(), (TEXT, expected.encode()), (kind, opcode, payload[:60]))

    def fails(self, kind: str, payload: bytes, *opcodes: int) -> bytes:
        """
        Check for 1003 with words that fit, soon; one line in the log; and one call of onError.

        @return: the words.
        """
        for opcode in opcodes or (TEXT, BINARY):
            cpu = self.cpu()
            peer = self.open(f"/bound/{kind}").send(message(opcode, payload))
            found, words = peer.receive()
            self.assertEqual((found, words[:2]), (CLOSE, b"\x03\xeb"), (kind, opcode, payload[:60]))
            self.assertEqual((peer.rest(), peer.reset), (b"", False))
            peer.close()
            self.assertLess(self.cpu() - cpu, 0.1, payload[:60])
            self.assertEqual(self.called(), [["onError", "PayloadBindingError"]])
            self.assertLessEqual(len(words), 125)
            self.assertTrue(words[2:].decode().startswith("data binding failed: "))
        return words[2:]


class KindTests(BoundTestCase):
    """
    What a method declares (DB01).
    """

    def test_bound(self) -> None:
        """
        Text and binary messages become what is declared (DB01)
        """
        for kind, payload, expected in (
            ("any", b' {"a": [1, null, true]} ', "dict {'a': [1, None, True]}"),
            ("any", b'"x"', "str x"),
            ("integer", b"-7", "int -7"),
            ("float", b"1e2", "float 100.0"),
            ("float", b"1", "float 1.0"),
            ("decimal", b"2.50", "Decimal 2.50"),
            ("decimal", b'"2.50"', "Decimal 2.50"),
            ("flag", b"false", "bool False"),
            ("none", b"null", "NoneType None"),
            ("list", b"[1,2]", "list [1, 2]"),
            ("dictionary", '{"é":1}'.encode(), "dict {'é': 1}"),
            ("dictionary", b'{"a":1,"a":2}', "dict {'a': 2}"),
            ("order", ORDER % (b"2.50", b'2,"more":0'), f"Order {BOUND}"),
            ("colour", b'"red"', "Colour Colour.RED"),
            ("literal", b'"a"', "str a"),
            ("union", b"[1]", "list [1]"),
            ("union", b"1", "int 1"),
            ("element", '<order item="é"><b/></order>'.encode(), "Element order"),
            ("element", b'<?xml version="1.0" encoding="utf-8"?><a>&amp;</a>', "Element a"),
            ("text", b"no json {", "str no json {"),
            ("text", b"", "str "),
            ("bytes", "é".encode(), "bytes b'\\xc3\\xa9'"),
        ):
            self.binds(kind, payload, expected)
        self.binds("bytes", b"\xff", "bytes b'\\xff'", BINARY)
        # B26: a union with str takes text as it is; a binary message is JSON.
        self.binds("loose", b"1", "str 1", TEXT)
        self.binds("loose", b"1", "int 1", BINARY)

    def test_wrong(self) -> None:
        """
        What is not what is declared is 1003, and one line in the log (DB01)
        """
        for kind, payload in (
            ("any", b"no json"),
            ("any", b"{} {}"),
            ("integer", b"1.5"),
            ("integer", b'"1"'),
            ("integer", b"true"),
            ("integer", b"null"),
            ("integer", b""),
            ("flag", b"1"),
            ("none", b"0"),
            ("decimal", b'"x"'),
            ("list", b'[1,"2"]'),
            ("list", b'{"a":1}'),
            ("dictionary", b"[]"),
            ("order", b"{}"),
            ("order", b'{"item":{"name":"tea"},"count":2}'),
            ("order", ORDER % (b'"x"', b"2")),
            ("colour", b'"green"'),
            ("literal", b'"c"'),
            ("union", b'"x"'),
            ("element", b"text"),
            ("element", b"{}"),
            ("element", b"<a>"),
            ("element", b"<a/><b/>"),
            ("element", b""),
        ):
            self.fails(kind, payload)
            lines = [line for line in self.logged().splitlines() if "#error" in line]
            self.assertEqual(len(lines), 2, lines)
            self.assertIn("onMessage: data binding failed: ", lines[0])
            self._seen = len(self.server.output())
        for kind in ("any", "text", "integer", "element"):
            self.fails(kind, b"\xff", BINARY)

    def test_place(self) -> None:
        """
        The words name the place; they are cut on a character; what the message says is not
        repeated, and the line in the log is one line (DB01)
        """
        words = self.fails("order", ORDER % (b'"SECRET"', b"2"))
        self.assertIn(b"$.item.price", words)
        self.assertIn(b"$.item.name", self.fails("order", b'{"item":{"name":5,"price":1},"count":2}'))
        for key in ("é" * 200, "𝄞" * 200, "a" * 500, "a\n2026 forged", "`", "\x1b[31m", "{0}{x}", "\\", " "):
            self.fails("dictionary", json.dumps({key: "SECRET"}, ensure_ascii=False).encode())
        for kind in ("colour", "literal", "integer", "list", "any"):
            self.assertNotIn(b"SECRET", self.fails(kind, b'"SECRET"' if kind != "any" else b"SECRET"))
        log = self.logged()
        self.assertNotIn("SECRET", log)
        self.assertNotIn("\x1b", log)
        self.assertEqual([line for line in log.splitlines() if line.startswith("2026 forged")], [])

    def test_controls(self) -> None:
        """
        onMessage takes messages, not control frames.
        """
        peer = self.open("/bound/any").send(frame(PING, b"p") + frame(TEXT, b"1"))
        self.assertEqual([peer.receive(), peer.receive()], [(PONG, b"p"), (TEXT, b"int 1")])


class JsonTests(BoundTestCase):
    """
    JSON that is none, or too much (DB02).
    """

    def test_depth(self) -> None:
        """
        64 levels are taken, 65 are not, and a hundred thousand cost nothing (DB02)
        """
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
            levels = opening.count(b"[") + opening.count(b"{")
            for depth in (64 // levels - 1, 64 // levels):
                self.binds("any", opening * depth + b"1" + closing * depth, *self._shown(opening, depth))
            self.fails("any", opening * (64 // levels) + b"[1]" + closing * (64 // levels))
            self.fails("any", opening * 100_000 + b"1" + closing * 100_000)
            self.fails("any", opening * 100_000)
        self.binds("any", b'"' + b"[" * 1000 + b'"', "str " + "[" * 1000)
        self.binds("any", b'["' + b'\\"[' * 100 + b'"]', "list ['" + '"[' * 100 + "']")
        self.fails("integer", b"[" * 100_000)
        self.fails("order", b'{"item":' * 50_000)

    def _shown(self, opening: bytes, depth: int) -> tuple[str]:
        value: object = 1
        for _ in range(depth):
            value = [value] if opening == b"[" else {"a": value} if opening[:1] == b"{" else [{"a": value}]
        return (f"{type(value).__name__} {value}",)

    def test_numbers(self) -> None:
        """
        Numbers that are none, infinite or endless (DB02)
        """
        for wrong in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"[1e400]", b"1" * 5000):
            self.fails("any", wrong)
        for wrong in (b"0x10", b"01", b"+1", b".5", b"1.", b"--1", b"1e", b"1_0"):
            self.fails("any", wrong)
        for wrong in (b"NaN", b"1e999", b"1" * 5000, b"9" * 400 + b".0"):
            self.fails("float", wrong)
        for wrong in (b'"NaN"', b'"Infinity"', b"NaN", b'"1' + b"0" * 5000 + b'"'):
            self.fails("decimal", wrong)
        self.fails("integer", b"1" * 5000)

    def test_text(self) -> None:
        """
        Lone surrogates, a byte order mark, NUL, and what else is no JSON (DB02)
        """
        for wrong in (b'"\\ud800"', b'"\\udc00x"', b'{"\\ud800":1}', b"\xef\xbb\xbf{}", b"\0", b"{}\0", b'"\0"'):
            self.fails("any", wrong)
        for wrong in (b'"\n"', b"'a'", b"{a:1}", b"[1,]", b"// x\n1", b'"\\x41"', b"undefined", b"<a/>"):
            self.fails("any", wrong)
        self.binds("any", b'"\\ud834\\udd1e"', "str 𝄞")

    def test_memory(self) -> None:
        """
        A megabyte of brackets costs no more than its message (DB02)
        """
        before = self.memory()
        for wrong in (b"[" * 1_000_000, b'{"a":' * 200_000, b"[[]," * 250_000):
            self.fails("any", wrong, TEXT)
        self.assertLess(self.memory() - before, 6 * 1048576)


class XmlTests(BoundTestCase):
    """
    XML that is none, or too much (DB04).
    """

    def test_documents(self) -> None:
        """
        A DOCTYPE is refused whatever is in it, and so are style sheets and other encodings;
        no file and nobody else's port is opened (DB04)
        """
        with socket.create_server(("127.0.0.1", 0)) as trap:
            trap.settimeout(0.3)
            url = f"http://127.0.0.1:{trap.getsockname()[1]}/x".encode()
            laughs = b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(10))
            before = self.memory()
            for wrong in (
                b"<!DOCTYPE a><a/>",
                b"<!doctype a><a/>",
                b'<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE a><a/>',
                b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
                b'<!DOCTYPE a SYSTEM "' + url + b'"><a/>',
                b'<!DOCTYPE a PUBLIC "x" "' + url + b'"><a/>',
                b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
                b'<!DOCTYPE a [<!ENTITY x SYSTEM "' + url + b'">]><a>&x;</a>',
                b'<!DOCTYPE a [<!ENTITY % x SYSTEM "' + url + b'">%x;]><a/>',
                b'<!DOCTYPE a [<!ENTITY a0 "a">' + laughs + b"]><a>&a10;</a>",
                b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 30000 + b'">]><a>' + b"&x;" * 1000 + b"</a>",
                b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
                b'<?xml-stylesheet href="' + url + b'"?><a/>',
                b'<?xml version="1.0" encoding="UTF-7"?><a/>',
                b'<?xml version="1.0" encoding="UTF-16"?><a/>',
                b'<?xml version="1.0" encoding="latin-1"?><a/>',
                b'<?xml version="1.0" encoding="x"?><a/>',
                b"<a>&x;</a>",
                b"<a>&#0;</a>",
                b"<a>\0</a>",
                b"<a b='1' b='2'/>",
                b"<a:b/>",
                b"<a" * 20000,
            ):
                self.fails("element", wrong)
            document = '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
            for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-7"):
                self.fails("element", document.encode(encoding), BINARY)
            self.fails("element", b"<a>\xff</a>", BINARY)
            self.assertLess(self.memory() - before, 4 * 1048576)
            with self.assertRaises(TimeoutError):
                trap.accept()

    def test_depth(self) -> None:
        """
        256 levels are taken, 257 are not, and two hundred thousand cost nothing (DB04)
        """
        self.binds("element", b"<a>" * 256 + b"</a>" * 256, "Element a")
        self.fails("element", b"<a>" * 257 + b"</a>" * 257)
        self.fails("element", b"<a>" * 200_000, TEXT)
        self.fails("element", b"<a>" * 130_000 + b"</a>" * 130_000, BINARY)

    def test_wide(self) -> None:
        """
        A large document that is neither is taken, soon (DB04)
        """
        began = time.monotonic()
        self.binds("element", b"<a>" + b"<b c='d'/>" * 90_000 + b"</a>", "Element a")
        self.assertLess(time.monotonic() - began, 3)


class ValidationTests(BoundTestCase):
    """
    Constraints (B16).
    """

    WRONG = ORDER % (b"1", b"0")
    RIGHT = ORDER % (b"1", b"1")

    def test_constraint(self) -> None:
        """
        A broken constraint is onError, and the connection goes on (ruling 6)
        """
        for opcode in (TEXT, BINARY):
            peer = self.open("/bound/order").send(frame(opcode, self.WRONG) + frame(opcode, self.RIGHT))
            self.assertTrue(peer.receive()[1].startswith(b"Order "))
            self.assertEqual(self.calls(), [["onError", "PayloadValidationError"]])
            peer = self.open("/bound/short").send(frame(opcode, b"abcd") + frame(opcode, b"abc"))
            self.assertEqual(peer.receive(), (TEXT, b"str abc"))
            self.assertEqual(self.calls(), [["onError", "PayloadValidationError"]])

    def test_off(self) -> None:
        """
        C{validation = false} lets a broken constraint of the annotation pass (B16)
        """
        peer = self.open("/unchecked/short").send(frame(TEXT, b"abcd"))
        self.assertEqual(peer.receive(), (TEXT, b"str abcd"))


class ErrorMethodTests(BoundTestCase):
    """
    OnMessageError takes the failures of onMessage (B14).
    """

    def test_told(self) -> None:
        """
        It gets the error with its place; the connection goes on, and it may write (B14)
        """
        for opcode in (TEXT, BINARY):
            peer = self.open("/bound/told").send(frame(opcode, ORDER % (b'"x"', b"1")))
            self.assertEqual(peer.receive(), (TEXT, b"told"))
            self.assertEqual(self.calls(), [["onMessageError", "PayloadBindingError", "$.item.price"]])
            peer.send(frame(opcode, ORDER % (b"1", b"3")))
            self.assertEqual(peer.receive(), (TEXT, b"3"))

    def test_closes(self) -> None:
        """
        A close frame that it returns closes; ruling 6: it takes broken constraints, too
        (B7)
        """
        peer = self.open("/bound/told").send(frame(TEXT, ORDER % (b"1", b"0")))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe9no count"))
        self.assertEqual(self.calls(), [["onMessageError", "PayloadValidationError", "$.count"]])

    def test_raises(self) -> None:
        """
        It may fail like any method (DB08)
        """
        self.faults = True
        peer = self.open("/bound/told").send(frame(TEXT, ORDER % (b"1", b'1,"notes":1')))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xf3Unexpected condition"))
        self.assertEqual(peer.rest(), b"")
        calls = self.called(2)
        self.assertEqual([call[:2] for call in calls][1], ["onError", "ValueError"])
