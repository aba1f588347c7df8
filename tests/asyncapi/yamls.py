"""
YAML for tests.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import yaml

from balws.asyncapi import yamlreading
from balws.errors import ConfigurationError

#: PyYAML's parsers: the one in Python, and the one in C where there is one.
LOADERS = list(dict.fromkeys([yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]))


def readBy(loader: Any, text: str, values: int = 1000, characters: int = 10_000) -> Any:
    """
    @param loader: one of L{LOADERS}.
    @return: what a text holds.
    """
    with patch.object(yamlreading, "_LOADER", loader):
        return yamlreading.readYaml(text, _refuse, values=values, characters=characters)


def _refuse(problem: str, line: int, column: int) -> ConfigurationError:
    return ConfigurationError(problem, "", "a.yaml", line, column)
