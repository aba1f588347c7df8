# -*- test-case-name: tests.test_commandtable -*-
"""
What a command's C{--help} says, as a page: its line, its words, its example and its options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import attrs
from docstrings import listTable, plain

from balws.cli.command import COMMANDS

__all__ = ["Option", "commandPage", "optionsOf", "optionsOfCommand"]

#: Where examples begin, where one ends and another begins, and where words go on.
_EXAMPLES = re.compile(r"\s*\b(?:For example|Examples?): ")
_FURTHER = re.compile(r'(?:;|,? and)(?: then)? (?=[^"]*(?:"[^"]*"[^"]*)*$)(?=[^"]*\bbalws )')
_ENDED = re.compile(r"\.(?: (?=[A-Z])|$)")
_DEFAULT = re.compile(r"\s*\[default: (?P<default>[^\]]*)\]")

#: What every command has.
_COMMON = ("help", "version")


@attrs.frozen
class Option:
    """
    @ivar spellings: C{--name} and, where there is one, C{-n}.
    @ivar value: what stands behind it; empty for a flag.
    @ivar default: what counts where it is not given; empty where that is nothing.
    @ivar words: what it means.
    """

    spellings: tuple[str, ...]
    value: str
    default: str
    words: str


def optionsOfCommand(name: str) -> Any:
    """
    @param name: of one of C{balws}' commands, such as C{ps} or C{token make}; or C{module:Class} of other options.
    @return: an instance of its options.
    @raise KeyError: when there is no such command.
    """
    command, *further = name.split()
    where = command if ":" in command else {each: f"balws.cli.{place}" for each, place, _ in COMMANDS}[command]
    module, _, kind = where.partition(":")
    usage = getattr(import_module(module), kind)()
    for each in further:
        usage = {known: make for known, _, make, _ in usage.subCommands}[each]()
    return usage


def _value(name: str, synopsis: str, words: str) -> str:
    """
    @return: what stands for an option's value: as the synopsis has it, else what its words or its name suggest.
    """
    if (match := re.search(rf"--{name} ([A-Z]+)\b", synopsis)) is not None:
        return match[1]
    return "URL" if " endpoint." in words else name.rpartition("-")[2].upper()


def optionsOf(usage: Any) -> list[Option]:
    """
    @param usage: an instance of Twisted's L{usage.Options}.
    @return: its options, sorted by name.
    """
    found = []
    for each in sorted(usage.longOpt):
        name = each.rstrip("=")
        if name in _COMMON or usage.synonyms.get(name, name) != name:
            continue
        others = sorted(spelling for spelling, meant in usage.synonyms.items() if meant == name and spelling != name)
        spellings = (f"--{name}", *(f"-{other}" if len(other) == 1 else f"--{other}" for other in others))
        words = " ".join((usage.docs.get(name) or "").split())
        if not words:
            raise ValueError(f"nothing says what --{name} means")
        default = usage.defaults.get(name) if each.endswith("=") else None
        if told := _DEFAULT.search(words):
            default, words = told["default"], _DEFAULT.sub("", words)
        value = _value(name, usage.getSynopsis(), words) if each.endswith("=") else ""
        found.append(Option(spellings, value, "" if default is None else str(default), words))
    return found


def _told(longdesc: str) -> tuple[list[str], list[str]]:
    """
    @return: the paragraphs and the examples.
    """
    first, *rest = _EXAMPLES.split(" ".join(longdesc.split()))
    paragraphs, examples = [first], []
    for each in rest:
        commands, *words = _ENDED.split(each, maxsplit=1)
        examples += [command.strip() for command in _FURTHER.split(commands)]
        paragraphs += words
    return [words.strip() for words in paragraphs if words.strip()], examples


def _shown(lines: list[str]) -> list[str]:
    return [".. code-block:: none", "", *(f"   {line}" for line in lines), ""]


def commandPage(name: str, notes: Mapping[str, str], program: str = "") -> list[str]:
    """
    @param notes: what a page adds to the words of an option, by its long name.
    @param program: what stands before a synopsis that does not say it.
    @return: the page, in reStructuredText.
    @raise ValueError: for words without an option.
    """
    usage = optionsOfCommand(name)
    options = optionsOf(usage)
    if stray := sorted(set(notes) - {option.spellings[0][2:] for option in options}):
        raise ValueError(f"{name} has no {', '.join(stray)}")
    synopsis = [line.strip() for line in usage.getSynopsis().removeprefix("Usage:").splitlines()]
    paragraphs, examples = _told(usage.longdesc)
    first, *others = (f"{plain(words)}\n" for words in paragraphs)
    lines = [first, *_shown([f"{program} {line}".strip() for line in synopsis])]
    if examples:
        lines += ["For example:", "", *_shown(examples)]
    lines += others
    rows = []
    for option in options:
        spelled = ", ".join(f"``{each}``" for each in option.spellings)
        meaning = f"{plain(option.words)} {notes.get(option.spellings[0][2:], '')}".strip()
        if option.default:
            meaning += f"\n\n.. rst-class:: fits\n\ndefault: ``{option.default}``"
        rows.append((f"{spelled} {option.value}".strip(), meaning))
    return [*lines, *(listTable(("Option", "Meaning"), (34, 66), rows) if rows else ())]
