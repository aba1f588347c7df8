# -*- test-case-name: tests.asyncapi.test_yamlreading -*-
"""
Documents of whomever in YAML: what JSON can hold is read, and nothing else.  Needs PyYAML, of which
the parser is used and nothing that makes objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import attrs
import yaml

from balws.asyncapi.scalar import scalarOf
from balws.errors import ConfigurationError

__all__ = ["MAX_DEPTH", "readYaml"]

#: So deep may lists and mappings stand in one another.
MAX_DEPTH = 200

#: The parser in C, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"

#: The tags that a text may have, and what it is then.
_TAGS: dict[str, tuple[type, ...]] = {
    f"{_TAG}null": (type(None),),
    f"{_TAG}bool": (bool,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
}

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIRECTIVE = re.compile("^%TAG", re.MULTILINE)

#: What begins no text without quotes.
_SIGNS = "@`%&*!|>"


def readYaml(text: str, refuse: Callable[[str, int, int], ConfigurationError], *, values: int, characters: int) -> Any:
    """
    @param refuse: makes the error of a problem, its line and its column, both counted from 1.
    @param values: so many may be in it, each as often as something refers to it.
    @param characters: so many may be in those.
    @return: what JSON would have; what anchors name is the same object wherever it is.
    @raise ConfigurationError: for anything else.
    """
    return _Reader(text, refuse, values, characters).read()


@attrs.frozen
class _Known:
    """
    What an anchor names.

    @ivar text: of a scalar, as it stands there; it may be a key.
    @ivar values: how many are in it.
    @ivar characters: how many are in those.
    @ivar depth: how deep it is.
    """

    value: Any
    text: str | None
    values: int
    characters: int
    depth: int = 0


@attrs.define
class _Open:
    """
    A list or mapping that is being read.

    @ivar anchor: what names it.
    @ivar values: how many there were before it.
    @ivar characters: how many there were before it.
    @ivar depth: how deep what is in it is, 0 for scalars.
    @ivar key: of a mapping, for what comes next.
    @ivar lines: of a mapping, where each key is.
    @ivar merged: of a mapping, what C{<<} takes into it.
    @ivar isMerging: whether the key is C{<<}.
    """

    value: list[Any] | dict[str, Any]
    anchor: str | None
    values: int
    characters: int
    depth: int = 0
    key: str | None = None
    lines: dict[str, int] = attrs.field(factory=dict)
    merged: dict[str, Any] = attrs.field(factory=dict)
    isMerging: bool = False


class _Reader:
    """
    Reads one document.
    """

    def __init__(
        self, text: str, refuse: Callable[[str, int, int], ConfigurationError], values: int, characters: int
    ) -> None:
        self._text = text
        self._refuse = refuse
        self._mostValues = values
        self._mostCharacters = characters
        self._values = 0
        self._characters = 0
        #: None: what it names is not yet at its end.
        self._known: dict[str, _Known | None] = {}
        self._open: list[_Open] = []
        self._root: Any = None
        self._documents = 0
        self._line = 1

    def read(self) -> Any:
        for pattern, problem in (
            (_UNPRINTABLE, "holds a character that YAML does not allow; write it as an escape in double quotes"),
            (_DIRECTIVE, "has tags of its own, which are nothing that JSON can hold"),
        ):
            found = pattern.search(self._text)
            if found:
                before = self._text[: found.start()]
                raise self._refuse(problem, before.count("\n") + 1, len(before) - before.rfind("\n"))
        try:
            event: Any  # its marks are there, whatever its types say
            for event in yaml.parse(self._text, Loader=_LOADER):
                self._line = event.end_mark.line + 1
                self._take(event)
        except yaml.MarkedYAMLError as error:
            raise self._malformed(error) from None
        except (yaml.YAMLError, ValueError, OverflowError):  # the last two: of Python's parser
            problem = "is no YAML: there is no such character, or no such version of YAML"
            raise self._refuse(problem, self._line, 1) from None
        return self._root

    def _malformed(self, error: yaml.MarkedYAMLError) -> ConfigurationError:
        mark: Any = error.problem_mark  # there whenever something does not parse
        problem = str(error.problem)[:60]
        sign = self._text[mark.index : mark.index + 1]
        if sign == "\t":
            mend = "take spaces in place of tabs"
        elif sign and sign in _SIGNS:
            mend = f"put quotes around a text that begins with {sign}"
        elif "escape" in problem:
            mend = "write two backslashes, or take single quotes"
        elif "mapping values" in problem:
            mend = "put quotes around a text with a colon and a space in it, and line up the keys"
        else:
            mend = "look for a missing quote, bracket or colon, and line up the keys, here and in the lines before"
        return self._refuse(f"is no YAML: {problem}; {mend}", mark.line + 1, mark.column + 1)

    # Events

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._takeScalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._takeAlias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error("a second document begins here; write it into a file of its own", event)

    def _takeScalar(self, event: Any) -> None:
        self._count(1, len(event.value), event)
        if _SURROGATE.search(event.value):
            raise self._error("half a character: write it as one \\U escape, or as itself", event)
        isPlain = event.tag is None and event.implicit[0]  # "!" makes a text of everything
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if isPlain and event.value in ("", "~"):
                raise self._error("a key is missing; put quotes around an empty one", event)
            self._checkTag(event, (f"{_TAG}str", *_TAGS))
            top.isMerging = isPlain and event.value == "<<"
            self._name(event.anchor, event.value, event.value, 1, len(event.value))
            self._key(event.value, event)
            return
        value = self._meant(event, isPlain)
        self._name(event.anchor, value, event.value, 1, len(event.value))
        self._put(value, event)

    def _meant(self, event: Any, isPlain: bool) -> Any:
        isTagged = event.tag in _TAGS
        if not isTagged and not isPlain:
            self._checkTag(event, (f"{_TAG}str",))
            return event.value
        try:
            value = scalarOf(event.value)
        except ValueError as problem:
            raise self._error(str(problem), event) from None
        if isTagged and type(value) not in _TAGS[event.tag]:  # a bool is no int here
            raise self._error(f"is not what its tag {_tagWords(event.tag)} says", event)
        return value

    def _takeAlias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._known:
            raise self._error(
                f"there is no &{event.anchor} before it; put quotes around a text that begins with *", event
            )
        known = self._known[event.anchor]
        if known is None:
            raise self._error(f"*{event.anchor} stands in what it names, which then has no end", event)
        self._count(known.values, known.characters, event)
        top = self._open[-1]
        top.depth = max(top.depth, known.depth)
        if len(self._open) + known.depth > MAX_DEPTH:
            raise self._tooDeep(event)
        if isinstance(top.value, dict) and top.key is None:
            if known.text is None:
                raise self._error("a key must be a text", event)
            self._key(known.text, event)
        else:
            self._put(known.value, event)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        isMapping = isinstance(event, yaml.MappingStartEvent)
        self._checkTag(event, (f"{_TAG}map" if isMapping else f"{_TAG}seq",))
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise self._error("a key must be a text; put quotes around one that begins with a bracket", event)
        if len(self._open) == MAX_DEPTH:
            raise self._tooDeep(event)
        if event.anchor is not None:
            self._known[event.anchor] = None
        self._open.append(_Open({} if isMapping else [], event.anchor, self._values, self._characters))
        self._count(1, 0, event)

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        done = self._open.pop()
        if isinstance(done.value, dict) and done.merged:
            own = dict(done.value)
            done.value.clear()
            done.value.update({**done.merged, **own})
        depth = done.depth + 1
        if self._open:
            self._open[-1].depth = max(self._open[-1].depth, depth)
        size = self._values - done.values, self._characters - done.characters
        self._name(done.anchor, done.value, None, *size, depth)
        self._put(done.value, event)

    # What is read

    def _put(self, value: Any, event: Any) -> None:
        if not self._open:
            self._root = value
            return
        top = self._open[-1]
        if isinstance(top.value, list):
            top.value.append(value)
            return
        if top.isMerging:
            top.isMerging = False
            for each in value if isinstance(value, list) else [value]:
                if not isinstance(each, dict):
                    raise self._error("<< takes a mapping, or a list of mappings", event)
                for key, merged in each.items():
                    top.merged.setdefault(key, merged)
        else:
            assert top.key is not None  # a key came before its value
            top.value[top.key] = value
        top.key = None

    def _key(self, text: str, event: Any) -> None:
        top = self._open[-1]
        if text in top.lines:
            raise self._error(f"the key {text[:100]!r} is there already, in line {top.lines[text] + 1}", event)
        top.lines[text] = event.start_mark.line
        top.key = text

    def _name(
        self, anchor: str | None, value: Any, text: str | None, values: int, characters: int, depth: int = 0
    ) -> None:
        if anchor is not None:
            self._known[anchor] = _Known(value, text, values, characters, depth)

    def _count(self, values: int, characters: int, event: Any) -> None:
        self._values += values
        self._characters += characters
        if self._values > self._mostValues:
            raise self._error(f"there are more than {self._mostValues} values, counting what aliases repeat", event)
        if self._characters > self._mostCharacters:
            raise self._error(
                f"there are more than {self._mostCharacters} characters, counting what aliases repeat", event
            )

    def _checkTag(self, event: Any, allowed: tuple[str, ...]) -> None:
        if event.tag not in (None, "!", *allowed):
            raise self._error(f"the tag {_tagWords(event.tag)} is nothing that JSON can hold", event)

    def _tooDeep(self, event: Any) -> ConfigurationError:
        return self._error(f"more than {MAX_DEPTH} lists and mappings stand in one another", event)

    def _error(self, problem: str, event: Any) -> ConfigurationError:
        return self._refuse(problem, event.start_mark.line + 1, event.start_mark.column + 1)


def _tagWords(tag: str) -> str:
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag
