# -*- test-case-name: tests.cli.test_init -*-
"""
C{balws init}: a small service that works, to begin with.
"""

from __future__ import annotations

import keyword
import os
import re
import shlex
import sys
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import ClassVar

from twisted.python.usage import UsageError

from balws.cli.options import CommandOptions
from balws.errors import Error
from balws.logs.escape import escaped

__all__ = ["MAX_NAME", "Init"]

#: Characters of a name: it stands in names of files and in a URL.
MAX_NAME = 40

_NAME = re.compile(r"[a-z][a-z0-9_]*")

#: What goes by these names when tests are looked for and run.
_TESTS = re.compile(r"(test|tests|conftest|test_.*)")

#: Of each file its template, in the order in which a reader wants them.
_FILES = {
    "{name}.py": "service.py.in",
    "test_{name}.py": "test.py.in",
    "balws.toml": "balws.toml.in",
    "README.md": "README.md.in",
    "pyproject.toml": "pyproject.toml.in",
    ".gitignore": "gitignore.in",
}


class Init(CommandOptions):
    """
    Writes a service, its configuration and its tests into a folder, and says what to do next.  What is
    there already is never written over.
    """

    synopsis = "Usage: balws init [FOLDER] [--name NAME] [--quiet]"
    longdesc = (
        "Writes a small service that works into FOLDER, which is made where it is missing; without it into the "
        "folder that you are in. It has a module, its tests, a configuration and a README. Nothing that is "
        "there is changed. Example: balws init chat"
    )
    optParameters: ClassVar = [["name", "n", None, "The module's name; without it the folder's."]]
    optFlags: ClassVar = [["quiet", "q", "Print nothing."]]

    def parseArgs(self, folder: str = ".") -> None:
        """
        @param folder: where to write.
        @raise UsageError: for more than one.
        """
        self["folder"] = folder

    def postOptions(self) -> None:
        """
        @raise UsageError: for a name that no module can have, or that another module has.
        """
        folder = Path(self["folder"]).absolute()
        given: str | None = self["name"]
        name = _fromFolder(folder.resolve().name) if given is None else given
        problem = _problem(name, folder)
        if problem is not None:
            hint = "; say another one by --name" if given is None else ""
            raise UsageError(f"{name!a} cannot be the module's name: {problem}{hint}")
        self["name"] = name

    def run(self) -> int | None:
        """
        Write.

        @raise balws.Error: where a file of one of the names is there, or cannot be written.
        """
        folder, name = Path(self["folder"]), self["name"]
        written = {file.format(name=name): template for file, template in _FILES.items()}
        there = [file for file in written if os.path.lexists(folder / file)]
        if there:
            raise Error(f"nothing was written, for {_listed(there)} in {escaped(str(folder))} would be written over")
        try:
            if folder.exists() and not folder.is_dir():
                raise Error(f"{escaped(str(folder))} is no folder")
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder, written, name)
        except OSError as error:
            raise Error(f"cannot write {escaped(str(error.filename))}: {error.strerror}") from None
        if not self["quiet"]:
            print(_next(folder, name, list(written)))
        return None


def _fromFolder(text: str) -> str:
    return text.lower().replace("-", "_").replace(" ", "_")


def _problem(name: str, folder: Path) -> str | None:
    """
    @return: why a module should not have this name; L{None} where nothing speaks against it.
    """
    if not _NAME.fullmatch(name):
        return "expected a small letter, then small letters, digits and underlines"
    if len(name) > MAX_NAME:
        return f"it has more than {MAX_NAME} characters"
    if keyword.iskeyword(name):
        return "Python means something else by it"
    if _TESTS.fullmatch(name):
        return "tests go by it"
    if name in sys.stdlib_module_names:
        return "a module of Python has it"
    if _isInstalled(name, folder):
        return "a module that is installed has it"
    return None


def _isInstalled(name: str, folder: Path) -> bool:
    try:
        found = find_spec(name)
    except ValueError:  # a module that Python itself has made, not found
        return True
    if found is None:
        return False
    # What lies in the folder, or is it, is no other project's; whether it is in the way is seen later.
    places = [Path(place) for place in (found.origin, *(found.submodule_search_locations or ())) if place]
    return not any(place == folder or place.parent in (folder, Path.cwd()) for place in places)


def _write(folder: Path, written: Mapping[str, str], name: str) -> None:
    templates = files("balws.cli") / "scaffold"
    for file, template in written.items():
        text = Template((templates / template).read_text("utf-8")).substitute(name=name)
        with (folder / file).open("x", encoding="utf-8") as stream:
            stream.write(text)


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _next(folder: Path, name: str, written: list[str]) -> str:
    enter = [] if folder.resolve() == Path.cwd() else [f"  cd {shlex.quote(escaped(str(folder)))}"]
    return "\n".join(
        [
            f"Written: {', '.join(written)}.",
            "",
            "Next:",
            *enter,
            f"  python -m twisted.trial test_{name}",
            "  balws serve",
            "and in another terminal, for as many people as you like:",
            f"  balws connect ws://127.0.0.1:9090/{name}/Ada",
            '  {"text": "Hello"}',
            "README.md says more.",
        ]
    )
