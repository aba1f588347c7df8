# -*- test-case-name: tests.binding.test_xmldata -*-
"""
XML messages: parsed by defusedxml, with nothing that a hostile document could use
(row DB04).
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring
from xml.parsers.expat import ErrorString

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from zope.interface import implementer

from balws.binding.problems import explain
from balws.binding.text import decodeUtf8
from balws.errors import PayloadBindingError
from balws.interfaces import IDataBinder

#: The deepest document: 256 elements, one inside the other.
MAX_DEPTH = 256

# XML 1.0 has no way to write these, not even escaped.
_unwritable = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]").search


class _Shallow(TreeBuilder):
    """
    Builds no tree deeper than L{MAX_DEPTH}, and none that asks its reader to fetch a
    style sheet.
    """

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PayloadBindingError(f"the XML is nested deeper than {MAX_DEPTH} elements")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self._depth -= 1
        return super().end(tag)

    def pi(self, target: str, text: str | None = None, /) -> Any:
        if target == "xml-stylesheet":
            raise PayloadBindingError("the XML refers to a style sheet")
        return super().pi(target, text)


def _checkDeclaration(version: str, encoding: str | None, standalone: int) -> None:
    # Messages are UTF-8; whoever believed another declaration would read another document.
    if encoding is not None and encoding.lower() != "utf-8":
        raise PayloadBindingError("the XML declares an encoding other than UTF-8")


def parseXml(text: str) -> Element:
    """
    @param text: a document.  DOCTYPE, and with it every entity but the five of XML, is
        refused, as are encodings other than UTF-8, references to style sheets, and
        nesting deeper than L{MAX_DEPTH}.  Nothing is ever fetched or opened.
    @return: the root element.
    @raise PayloadBindingError: when it is not such a document.
    """
    parser = DefusedXMLParser(target=_Shallow(), forbid_dtd=True)
    parser.parser.XmlDeclHandler = _checkDeclaration
    try:
        parser.feed(text)
        root: Element = parser.close()
    except DefusedXmlException:
        raise PayloadBindingError("the XML has a DOCTYPE") from None
    except ParseError as error:
        line, column = error.position
        # Its frames hold it and the message; a refused document would wait for the collector.
        error.__traceback__ = None
        raise PayloadBindingError(
            f"the XML is malformed: {ErrorString(error.code)}", f"line {line}, column {column}"
        ) from None
    except UnicodeError as error:
        raise PayloadBindingError(*explain(error)) from None
    finally:
        # The parser and its callbacks hold each other.
        vars(parser).clear()
    return root


def encodeXml(element: Element) -> str:
    """
    @return: the element as XML text, without a declaration.
    @raise TypeError: when something in it is not text.
    @raise ValueError: when it has characters that XML cannot hold, or is nested too
        deeply to write.
    """
    try:
        text = tostring(element, encoding="unicode")
    except RecursionError:
        raise ValueError("the XML is nested too deeply to be written") from None
    if found := _unwritable(text):
        raise ValueError(f"XML cannot hold the character U+{ord(found[0]):04X}")
    return text


def looksLikeXml(text: str) -> bool:
    """
    @return: whether the first character that counts is C{<}, with which no JSON begins.
    """
    return text[:1] == "<" or text.lstrip(" \t\r\n")[:1] == "<"


@implementer(IDataBinder)
class XmlBinder:
    """
    For L{Element}: text is parsed, binary is decoded as UTF-8 first.
    """

    def fromText(self, text: str) -> Element:
        """
        @raise PayloadBindingError: see L{parseXml}.
        """
        return parseXml(text)

    def fromBinary(self, data: bytes) -> Element:
        """
        @raise PayloadBindingError: see L{parseXml}, and when it is not UTF-8.
        """
        return parseXml(decodeUtf8(data))

    def fromValue(self, decoded: Any, text: str) -> Element:
        """
        @raise PayloadBindingError: see L{parseXml}: what was decoded as JSON is no XML.
        """
        return parseXml(text)
