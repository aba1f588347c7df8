"""
How balws compares what is secret.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import balws

_SECRET = re.compile(r"password|secret|digest|token|signature|credential", re.IGNORECASE)

#: Kinds and places of secrets, which are none themselves.
_PLAIN = re.compile(r"kind|type|file|name|url|config|len", re.IGNORECASE)


def compared(tree: ast.AST) -> Iterator[str]:
    """
    @return: what is compared by C{==} and C{!=} with something else than a literal.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(each, (ast.Eq, ast.NotEq)) for each in node.ops):
            sides = [node.left, *node.comparators]
            if not any(isinstance(side, ast.Constant) for side in sides):
                yield from (ast.unparse(side) for side in sides if isinstance(side, (ast.Name, ast.Attribute)))


class ComparisonTests(SynchronousTestCase):
    """
    The time of a comparison tells nothing.
    """

    def test_constantTime(self) -> None:
        """
        Nothing that is called a password, a secret, a digest or a token is compared byte by byte until the first
        difference (AB05).
        """
        found: list[str] = []
        seen = 0
        folder = Path(balws.__file__).parent / "auth"
        for path in sorted(folder.rglob("*.py")):
            source = path.read_text("utf-8")
            seen += source.count("compare_digest(")
            for what in compared(ast.parse(source)):
                name = what.rpartition(".")[2]
                if _SECRET.search(name) and not _PLAIN.search(name):
                    found.append(f"{path.relative_to(folder)}: {what}")
        # Records keep them as Secret, which compares itself in constant time.
        self.assertEqual(found, ["jwt/keys.py: config.keyPassword", "jwt/keys.py: config.keyStore.password"])
        self.assertGreater(seen, 2)
