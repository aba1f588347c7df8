# -*- test-case-name: tests.asyncapi.test_yamlwriting -*-
"""
Documents in YAML, as people write them.  Needs PyYAML.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from balws.asyncapi.scalar import FLOAT, INTEGER

__all__ = ["writeYaml"]

#: Lines are folded where they are longer, in characters.
_WIDTH = 100

#: What YAML 1.1 takes for the end of a line, and 1.2 does not.
_BREAKS = re.compile("[\r\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """
    Quotes whatever some reader may take for something else: PyYAML goes by YAML 1.1.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _representText(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _representText)
for _tag, _pattern, _first in (
    ("bool", re.compile("[yYnN]"), "yYnN"),  # of YAML 1.1, though PyYAML does not know it
    ("int", INTEGER, "-+0123456789"),  # those of YAML 1.2
    ("float", FLOAT, "-+.0123456789"),
):
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern.pattern})$"), list(_first))


def writeYaml(document: Any) -> str:
    """
    @param document: what JSON can hold.
    @return: its text, with the keys in their order.
    """
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
