# -*- test-case-name: tests.asyncapi.test_reading -*-
"""
AsyncAPI documents of whomever: read with care.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from balws.errors import ConfigurationError

__all__ = ["MAX_DOCUMENT", "NO_YAML", "Source", "isNamedYaml"]

#: What is said without PyYAML.
NO_YAML = "YAML needs PyYAML: pip install 'balws[yaml]'"

#: The largest document, in bytes.
MAX_DOCUMENT = 4 * 1024 * 1024

#: So many references may lead to one another.
_CHAIN = 64

#: So many steps may be gone in one document: a short one can refer to itself without end.
_STEPS = 300_000


class Source:
    """
    A document, and what its references refer to.

    @ivar root: what stands in it.
    """

    def __init__(self, root: Mapping[str, Any], file: str | None = None) -> None:
        """
        @param file: its name, for errors.
        """
        self.root = root
        self._file = file
        self._steps = 0
        self._found: dict[str, Any] = {}

    @classmethod
    def parse(cls, data: bytes, file: str | None = None) -> Source:
        """
        @param data: JSON where it begins with a brace; else, and where that cannot be in a file
            whose name ends as YAML's do, YAML.
        @raise ConfigurationError: for what is no AsyncAPI 3 document, and for YAML without PyYAML.
        """
        nothing = cls({}, file)
        if len(data) > MAX_DOCUMENT:
            raise nothing.error(f"is larger than {MAX_DOCUMENT} bytes")
        root = nothing._decoded(data)
        if not isinstance(root, dict):
            raise nothing.error("is no AsyncAPI document")
        version = root.get("asyncapi")
        if not isinstance(version, str) or not re.fullmatch(r"3\.\d{1,3}\.\d{1,3}", version):
            got = repr(version) if isinstance(version, str) else "none" if version is None else "no text"
            raise nothing.error(f"expected a version of AsyncAPI 3, such as '3.0.0', got {got}", "asyncapi")
        return cls(root, file)

    def _decoded(self, data: bytes) -> Any:
        isYaml = self._file is not None and isNamedYaml(self._file)
        if data.lstrip(b" \t\r\n").startswith(b"{"):
            try:
                return msgspec.json.decode(data)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                if not isYaml:
                    raise self.error("is no JSON") from None
        try:
            from balws.asyncapi.yamlreading import readYaml
        except ImportError as problem:
            if problem.name != "yaml":
                raise
            raise self.error(NO_YAML if isYaml else f"is no JSON object, and {NO_YAML}") from None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self.error("is no UTF-8") from None
        return readYaml(text, self._misplaced, values=_STEPS, characters=MAX_DOCUMENT)

    def error(self, problem: str, where: str = "") -> ConfigurationError:
        """
        @return: that the document cannot be used.
        """
        return ConfigurationError(_shown(problem), _shown(where), self._file)

    def _misplaced(self, problem: str, line: int, column: int) -> ConfigurationError:
        return ConfigurationError(_shown(problem), "", self._file, line, column)

    def step(self, where: str, count: int = 1) -> None:
        """
        Whatever may have to be done often is counted.

        @param where: the place in the document that it is done for.
        @raise ConfigurationError: when it is too much.
        """
        self._steps += count
        if self._steps > _STEPS:
            raise self.error("too many things refer to too many: no client is made of it", where)

    def resolve(self, node: Any, where: str) -> tuple[Any, str]:
        """
        @param node: a mapping that may be a reference.
        @param where: its place.
        @return: what it refers to, at last, and the place of that.
        @raise ConfigurationError: for a reference to another document, to nothing, or to itself, and
            when there were too many.
        """
        for _ in range(_CHAIN):
            self.step(where)
            if not isinstance(node, Mapping) or "$ref" not in node:
                return node, where
            reference = node["$ref"]
            if not isinstance(reference, str) or not reference.startswith("#/"):
                raise self.error("a reference must be to this document, such as #/components/schemas/Order", where)
            node, where = self._find(reference, where), reference
        raise self.error("the references lead in a circle", where)

    def _find(self, reference: str, where: str) -> Any:
        if reference in self._found:
            return self._found[reference]
        node: Any = self.root
        for part in reference[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, Mapping) and name in node:
                node = node[name]
            elif isinstance(node, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(node):
                node = node[int(name[:9])]
            else:
                raise self.error(f"there is no {reference}", where)
        self._found[reference] = node
        return node

    def table(self, node: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
        """
        @return: the mapping under a key; an empty one where there is none.
        @raise ConfigurationError: for something else.
        """
        found = node.get(key, {})
        if not isinstance(found, Mapping):
            raise self.error("is no object", f"{where}/{key}")
        return found

    def listed(self, node: Mapping[str, Any], key: str, where: str) -> list[Any]:
        """
        @return: the list under a key; an empty one where there is none.
        @raise ConfigurationError: for something else.
        """
        found = node.get(key, [])
        if not isinstance(found, list):
            raise self.error("is no array", f"{where}/{key}")
        return found


def isNamedYaml(file: str) -> bool:
    """
    @return: whether a file is YAML by its name.
    """
    return file.lower().endswith((".yaml", ".yml"))


def _shown(text: str) -> str:
    """
    @return: a text of the document as one line of a terminal can have it.
    """
    plain = "".join(char if char.isprintable() else "?" for char in text[:201])
    return plain if len(plain) <= 200 else f"{plain[:197]}..."
