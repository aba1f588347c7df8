"""
Tests of the specification map: what it names is there.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent


def rows() -> Iterator[list[str]]:
    """
    The rows of every table of the map: id, statement, place, test.
    """
    inTable = False
    for line in (ROOT / "docs" / "specmap.rst").read_text("utf-8").splitlines():
        if line.startswith(".. csv-table::"):
            inTable = True
        elif line and not line.startswith(" "):
            inTable = False
        elif inTable and line.lstrip().startswith('"'):
            yield next(csv.reader([line.strip()], skipinitialspace=True))


@cache
def testsOf(file: Path) -> frozenset[str]:
    """
    @return: C{Class.method} of all test methods in a file, those of base classes in it
        among them.
    """
    classes = {node.name: node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.ClassDef)}
    found = set()
    for name, node in classes.items():
        pending = [node]
        while pending:
            current = pending.pop()
            found |= {
                f"{name}.{member.name}"
                for member in current.body
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name.startswith("test_")
            }
            pending += [classes[base.id] for base in current.bases if isinstance(base, ast.Name) and base.id in classes]
    return frozenset(found)


class SpecificationMapTests(SynchronousTestCase):
    """
    C{docs/specmap.rst} and the code.
    """

    def test_complete(self) -> None:
        """
        Every row has four fields, and no id stands twice.
        """
        found = list(rows())
        self.assertGreater(len(found), 100)
        self.assertEqual([row for row in found if len(row) != 4 or not all(row)], [])
        ids = [row[0] for row in found]
        self.assertEqual(len(ids), len(set(ids)))

    def test_places(self) -> None:
        """
        Every row is done somewhere: in a module or package of balws, or an example.
        """
        for identifier, _, place, _ in rows():
            path = ROOT.joinpath(*place.strip("`").split("."))
            self.assertTrue(path.is_dir() or path.with_suffix(".py").is_file(), f"{identifier}: {place}")

    def test_tests(self) -> None:
        """
        It has a test, which is there.
        """
        for identifier, _, _, test in rows():
            module, _, method = test.strip("`").rpartition(".")
            module, _, case = module.rpartition(".")
            file = ROOT.joinpath(*module.split(".")).with_suffix(".py")
            self.assertTrue(file.is_file(), f"{identifier}: there is no {file.name}")
            self.assertIn(f"{case}.{method}", testsOf(file), f"{identifier}: {test}")
