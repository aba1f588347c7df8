"""
Tests of the house's plan that C{lint-imports} cannot make: what is imported when a module
is, and which part a foreign library belongs to.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent

#: What keeps a library that others must not see: a package or a module below balws.
FENCES = {"autobahn": "wire", "txaio": "wire", "ldap3": "auth/ldap", "jwt": "auth/jwt", "txredisapi": "hub/redis"}


def importsOf(node: ast.AST, *, later: bool = False) -> Iterator[str]:
    """
    The full names that a module imports; of C{from a import b} it is C{a.b}.

    @param later: also those inside of functions, which are imported when these run.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{'.' * child.level}{child.module or ''}.{alias.name}" for alias in child.names)
        elif later or not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from importsOf(child, later=later)


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """
    @return: path and syntax tree of every Python file below these folders.
    """
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


class ImportsOfTests(SynchronousTestCase):
    """
    The reader of imports itself.
    """

    def test_whenImported(self) -> None:
        """
        What stands in a class, a condition or a C{try} is imported with its module, what
        stands in a function is not.
        """
        tree = ast.parse(
            "import a.b, c as d\n"
            "from e.f import g\n"
            "from . import h\n"
            "class K:\n import i\n def m(self):\n  import hidden\n"
            "try:\n import j\nexcept ImportError:\n import k\n"
            "async def f():\n from hidden import reactor\n"
        )
        self.assertEqual(list(importsOf(tree)), ["a.b", "c", "e.f.g", "..h", "i", "j", "k"])
        hidden = [name for name in importsOf(tree, later=True) if name.startswith("hidden")]
        self.assertEqual(hidden, ["hidden", "hidden.reactor"])


class ReactorTests(SynchronousTestCase):
    """
    Whoever imports balws may still choose a reactor.
    """

    def test_neverAtImport(self) -> None:
        """
        Neither a module of balws nor its plugin imports the reactor when it is imported.
        """
        seen = list(modules("balws", "twisted/plugins"))
        self.assertIn("balws/__init__.py", dict(seen))
        self.assertIn("twisted/plugins/balws_plugin.py", dict(seen))
        guilty = [path for path, tree in seen if "twisted.internet.reactor" in importsOf(tree)]
        self.assertEqual(guilty, [])


class FenceTests(SynchronousTestCase):
    """
    Libraries that one part alone may know, inside of functions too.
    """

    def test_fences(self) -> None:
        """
        Autobahn is imported by the wire only, and the libraries of the authentication
        only where they are used.
        """
        used, guilty = set(), []
        for path, tree in modules("balws"):
            for name in importsOf(tree, later=True):
                library = name.partition(".")[0]
                if library not in FENCES:
                    continue
                used.add(library)
                home = f"balws/{FENCES[library]}"
                if path != home and not path.startswith(f"{home}/"):
                    guilty.append(f"{path}: {name}")
        self.assertIn("autobahn", used)
        self.assertEqual(guilty, [])
