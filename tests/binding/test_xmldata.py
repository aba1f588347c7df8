"""
Tests of L{balws.binding.xmldata}.
"""

from __future__ import annotations

import builtins
import gc
import socket
import time
from typing import Any
from unittest import mock
from xml.etree.ElementTree import Element, SubElement, tostring

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.binding.xmldata import MAX_DEPTH, XmlBinder, encodeXml, looksLikeXml, parseXml
from balws.errors import PayloadBindingError
from balws.interfaces import IDataBinder
from tests.binding.samples import scraps, steady

_LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + "]><l>&a9;</l>"
)


class XmlTests(SynchronousTestCase):
    """
    XML messages.
    """

    def refusal(self, text: str) -> PayloadBindingError:
        """
        Fail unless the text, also as binary, is refused, at once and with no file or socket opened.
        """
        forbidden = AssertionError("something was opened")
        begin = time.process_time()
        with (
            mock.patch.object(builtins, "open", side_effect=forbidden),
            mock.patch.object(socket, "socket", side_effect=forbidden),
        ):
            error: PayloadBindingError = self.assertRaises(PayloadBindingError, XmlBinder().fromText, text)
            data = text.encode("utf-8", "surrogatepass")
            self.assertRaises(PayloadBindingError, XmlBinder().fromBinary, data)
        # Milliseconds in fact; what a hostile document aims at would take far longer.
        self.assertLess(time.process_time() - begin, 1)
        return error

    def test_interface(self) -> None:
        """
        The binder of XML is a data binder.
        """
        self.assertTrue(verifyObject(IDataBinder, XmlBinder()))

    def test_document(self) -> None:
        """
        A document becomes an element of the standard library, from text and binary messages alike.
        """
        text = "<?xml version='1.0'?><!-- c --><?p x?><a b='\u00fc'>t<c/>&amp;&#65;<![CDATA[<]]></a>\n"
        binder = XmlBinder()
        for element in (binder.fromText(text), binder.fromBinary(text.encode()), binder.fromValue(None, text)):
            self.assertIs(type(element), Element)
            self.assertEqual(tostring(element, "unicode"), '<a b="\u00fc">t<c />&amp;A&lt;</a>')

    def test_malformed(self) -> None:
        """
        What is no XML is a binding failure with line and column, and nothing of the message.
        """
        for text in ("", " ", "x", "<", "<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "<a>\x00</a>", "{}"):
            self.refusal(text)
        error = self.refusal("<a>\n  <peer-text></a>")
        self.assertEqual((error.problem, error.place), ("the XML is malformed: mismatched tag", "line 2, column 15"))

    def test_doctype(self) -> None:
        """
        Every DOCTYPE is refused, with the entities and files that stand in it (row DB04).
        """
        for text in (
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a/>",
            "<!DOCTYPE a PUBLIC '-//X' 'file:///etc/passwd'><a/>",
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
            "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/'> %x;]><a/>",
            "<!DOCTYPE a [<!ENTITY x '" + "y" * 50_000 + "'>]><a>" + "&x;" * 100 + "</a>",
            "<?xml version='1.0'?>\n<!DOCTYPE a []><a/>",
            _LAUGHS,
        ):
            self.assertEqual(self.refusal(text).problem, "the XML has a DOCTYPE")

    def test_entities(self) -> None:
        """
        Entities other than the five of XML are a binding failure that does not repeat their name.
        """
        error = self.refusal("<a>&peer-text;</a>")
        self.assertEqual(error.problem, "the XML is malformed: undefined entity")

    def test_encodings(self) -> None:
        """
        A message is UTF-8; a declaration of anything else is refused, in text and in binary.
        """
        for encoding in ("UTF-16", "utf-7", "UTF-32", "ISO-8859-1", "cp037", "no-such-encoding"):
            error = self.refusal(f"<?xml version='1.0' encoding='{encoding}'?><a>+ADw-b/+AD4-</a>")
            self.assertEqual(error.problem, "the XML declares an encoding other than UTF-8")
        for encoding in ("UTF-8", "utf-8"):
            element = parseXml(f"<?xml version='1.0' encoding='{encoding}' standalone='yes'?><a>\u00fc</a>")
            self.assertEqual(element.text, "\u00fc")

    def test_otherBytes(self) -> None:
        """
        Bytes in another encoding than UTF-8 are refused, with a byte order mark or without.
        """
        for encoding in ("utf-16", "utf-16-le", "utf-32", "cp037"):
            data = "<a>\u00fc</a>".encode(encoding, "replace")
            self.assertRaises(PayloadBindingError, XmlBinder().fromBinary, data)
        self.assertEqual(XmlBinder().fromBinary("<a>\u00fc</a>".encode("utf-7")).text, "+APw")

    def test_surrogates(self) -> None:
        """
        Lone surrogates are a binding failure.
        """
        self.assertEqual(self.refusal("<a>\ud800</a>").problem, "the text is not valid Unicode")

    def test_styleSheet(self) -> None:
        """
        A document that asks its reader to fetch a style sheet is refused; other instructions are left out.
        """
        for text in (
            "<?xml-stylesheet href='http://127.0.0.1:9/x.xsl'?><a/>",
            "<a><?xml-stylesheet href='file:///etc/passwd'?></a>",
        ):
            self.assertEqual(self.refusal(text).problem, "the XML refers to a style sheet")
        self.assertEqual(len(parseXml("<a><?other?></a>")), 0)

    def test_depth(self) -> None:
        """
        Nesting of 255 and 256 elements is accepted, of 257 refused, and side by side counts once.
        """
        self.assertEqual(MAX_DEPTH, 256)
        for levels in (255, 256):
            parseXml("<a>" * levels + "</a>" * levels)
        self.assertEqual(len(parseXml("<a>" + "<b/>" * 1000 + "</a>")), 1000)
        error = self.refusal("<a>" * 257 + "</a>" * 257)
        self.assertEqual(error.problem, "the XML is nested deeper than 256 elements")

    def test_veryDeep(self) -> None:
        """
        200 000 levels, closed or not, are refused at once.
        """
        for text in ("<a>" * 200_000, "<a>" * 200_000 + "</a>" * 200_000):
            self.refusal(text)

    def test_nothingIsLeft(self) -> None:
        """
        A refused document leaves no garbage that only the collector could free.
        """
        gc.collect()
        gc.disable()
        try:
            before = len(gc.get_objects())
            for _ in range(50):
                # assertRaises would leave garbage of its own.
                try:
                    parseXml("<a><b/><b/><b/>")
                except PayloadBindingError:
                    pass
            self.assertLess(len(gc.get_objects()) - before, 50)
        finally:
            gc.enable()

    def test_looksLikeXml(self) -> None:
        """
        What begins with an angle bracket, after the blanks of JSON and XML, is XML.
        """
        for text in ("<a/>", " \t\r\n<a/>", "<"):
            self.assertTrue(looksLikeXml(text))
        for text in ("", " ", "{}", '"<a/>"', "\x0b<a/>"):
            self.assertFalse(looksLikeXml(text))

    @steady
    @given(st.text() | scraps)
    def test_anyText(self, text: str) -> None:
        """
        Whatever a peer sends, the answer is an element or a binding failure.
        """
        try:
            self.assertIsInstance(parseXml(text), Element)
        except PayloadBindingError as error:
            self.assertLess(len(str(error)), 200)


_names = st.text("abcxyz", min_size=1, max_size=5)
_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8)


@st.composite
def elements(draw: Any, depth: int = 3) -> Element:
    """
    @return: an element with attributes, text and children.
    """
    element = Element(draw(_names), draw(st.dictionaries(_names, _texts, max_size=2)))
    element.text = draw(_texts) or None
    if depth:
        for child in draw(st.lists(elements(depth - 1), max_size=3)):
            child.tail = draw(_texts) or None
            element.append(child)
    return element


class EncodeTests(SynchronousTestCase):
    """
    Elements into messages.
    """

    def test_element(self) -> None:
        """
        An element is written without a declaration, its text escaped.
        """
        element = Element("a", {"b": '<"&'})
        SubElement(element, "c").text = "\u00fc]]>"
        self.assertEqual(encodeXml(element), '<a b="&lt;&quot;&amp;"><c>\u00fc]]&gt;</c></a>')

    def test_notText(self) -> None:
        """
        An element that holds anything but text is a TypeError.
        """
        element = Element("a")
        element.text = 5  # type: ignore[assignment]
        self.assertRaises(TypeError, encodeXml, element)

    def test_unwritable(self) -> None:
        """
        Characters that no XML holds are refused instead of sent.
        """
        for character in "\x00\x08\x0b\x1f\ud800\ufffe":
            element = Element("a")
            element.text = f"x{character}"
            error = self.assertRaises(ValueError, encodeXml, element)
            self.assertEqual(str(error), f"XML cannot hold the character U+{ord(character):04X}")
        element = Element("a")
        element.text = "\t\n\u0085\ufffd\U0001f600"
        self.assertEqual(parseXml(encodeXml(element)).text, element.text)

    def test_tooDeep(self) -> None:
        """
        An element too deep to be written is a ValueError.
        """
        root = element = Element("a")
        for _ in range(20_000):
            element = SubElement(element, "a")
        self.assertRaises(ValueError, encodeXml, root)
        # Freed from the leaves up: a chain of this length, freed at once, may exhaust the C stack.
        chain = [root]
        while len(chain[-1]):
            chain.append(chain[-1][0])
        while chain:
            chain.pop().clear()

    @steady
    @given(elements())
    def test_roundTrip(self, element: Element) -> None:
        """
        What is sent is what is read.
        """
        text = encodeXml(element)
        self.assertEqual(encodeXml(parseXml(text)), text)
