"""
Tests of the documentation as a site: links, contents, language, and what its pages load.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT

DOCS = ROOT / "docs"

# The extension of Sphinx, of which this part does without Sphinx.
sys.path.insert(0, str(DOCS / "_ext"))

from webpage import describe, foreign  # noqa: E402

#: Where links may lead that leave the pages: addresses that stay, one site a line.
HOSTS = frozenset(
    (
        "www.rfc-editor.org",
    )
)

#: Hosts that nobody has, and this machine: examples, not links.
_EXAMPLE = re.compile(
    r"(?:[\w-]+\.)*(?:example|example\.(?:org|com|net)|localhost|invalid|test)|127\.\d+\.\d+\.\d+|::1"
)

#: American spellings, of words that technical names do not have.
_AMERICAN = re.compile(
    r"\b(?:behavior|center(?:ed)?|favor(?:s|ed|ite)?|honor(?:s|ed)?|labor|neighbor\w*|analyz\w+|customiz\w+"
    r"|initializ\w+|organiz\w+|recogniz\w+|serializ\w+|summariz\w+|synchroniz\w+|utiliz\w+|canceled|labeled"
    r"|modeled|traveled|catalog|dialog|gray|license[sd]? under)\b",
    re.IGNORECASE,
)


def pages() -> Iterator[tuple[str, str]]:
    """
    Every page: its name as links say it, and its text.
    """
    for path in sorted(DOCS.rglob("*.rst")):
        name = path.relative_to(DOCS).with_suffix("").as_posix()
        if not name.startswith("_"):
            yield name, path.read_text("utf-8")


def prose(text: str) -> str:
    """
    A page without its code: what its readers read as sentences.
    """
    kept, depth = [], None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if depth is not None and (not line.strip() or indent > depth):
            continue
        depth = indent if re.match(r"\s*\.\. (?:code-block|image|literalinclude)::", line) else None
        if depth is None:
            kept.append(line)
    return re.sub(r"``[^`]*``|`[^`]*<[^`]*>`", "", "\n".join(kept))


class LinkTests(SynchronousTestCase):
    """
    Links lead somewhere, and the pages are written in one language.
    """

    def test_pages(self) -> None:
        """
        Every page that another points to is there.
        """
        names = {name for name, _ in pages()}
        self.assertGreater(len(names), 40)
        for name, text in pages():
            for target in re.findall(r":doc:`(?:[^`<]*<)?([^`>]+)>?`", text):
                path = target[1:] if target[0] == "/" else str((DOCS / name).parent.joinpath(target).resolve())
                path = path.removeprefix(f"{DOCS.resolve()}/")
                self.assertIn(path, names, f"{name} points to {target}")

    def test_contents(self) -> None:
        """
        Every page is in just one list of contents, so that somebody who only turns the pages finds it.
        """
        listed: Counter[str] = Counter()
        for name, text in pages():
            folder = Path(name).parent
            for toctree in re.findall(r"^\.\. toctree::\n((?:   .*\n|\n)*)", text, re.MULTILINE):
                for entry in re.findall(r"^   (?!:)(\S+)$", toctree, re.MULTILINE):
                    found = sorted(
                        path.relative_to(DOCS).with_suffix("").as_posix()
                        for path in DOCS.glob(f"{(folder / entry).as_posix()}.rst")
                    )
                    self.assertNotEqual(found, [], f"{name} lists {entry}")
                    listed.update(found)
        self.assertEqual({name: count for name, count in listed.items() if count > 1}, {})
        self.assertEqual({name for name, _ in pages()} - set(listed), {"index"})

    def test_elsewhere(self) -> None:
        """
        Links that leave the pages are by https, to addresses that stay.
        """
        readme = ("README", (ROOT / "README.rst").read_text("utf-8"))
        for name, text in (*pages(), readme):
            for address in re.findall(r"\bhttps?://[^\s`<>\")\]]+", prose(text)):
                parts = urlsplit(address.rstrip(".,;:"))
                if not _EXAMPLE.fullmatch(parts.hostname or ""):
                    self.assertEqual((parts.scheme, parts.query), ("https", ""), f"{name}: {address}")
                    self.assertIn(parts.hostname, HOSTS, f"{name}: {address}")

    def test_spelling(self) -> None:
        """
        Words are spelled in the British way.
        """
        found = [(name, word) for name, text in pages() for word in _AMERICAN.findall(prose(text))]
        self.assertEqual(found, [])

    def test_titles(self) -> None:
        """
        No two pages have the same title, and every title fits a line of the list of contents.
        """
        titles: Counter[str] = Counter()
        for name, text in pages():
            match = re.search(r"^(\S.*)\n=+$", text, re.MULTILINE)
            self.assertIsNotNone(match, name)
            self.assertLess(len(match[1]), 50, name)
            titles[match[1]] += 1
        self.assertEqual({title: count for title, count in titles.items() if count > 1}, {})


class SiteTests(SynchronousTestCase):
    """
    The site asks nobody else for anything, and its pages say what they are about.
    """

    def test_loaded(self) -> None:
        """
        What a page would load from elsewhere is found when the site is made; where a link leads does not matter.
        """
        for text in (
            '<script async src="https://cdn.example/x.js">',
            "<link rel=stylesheet href=//fonts.example/a.css>",
            "@import url('https://style.example/z')",
            "src: url(http://fonts.example/c.woff)",
            '<img alt="" src="HTTP://count.example/1.gif">',
        ):
            self.assertEqual(len(foreign(text)), 1, text)
        for text in (
            '<a href="https://example.org/">',
            '<img src="a.png">',
            '<script src="/_static/x.js">',
            "url(a.woff)",
            '<link rel="canonical" href="https://example.org/">',
        ):
            self.assertEqual(foreign(text), [], text)

    def test_description(self) -> None:
        """
        A page is described by its first paragraph, cut at a word where it is longer than 160 characters.
        """
        self.assertEqual(describe("One\n  two"), "One two")
        for length in (159, 160):
            self.assertEqual(describe("x" * (length - 2) + " y"), "x" * (length - 2) + " y")
        self.assertEqual(describe("ab " * 53 + "cd"), "ab " * 51 + "ab...")

    def test_foreign(self) -> None:
        """
        Style sheets, scripts and settings of ours load nothing from elsewhere.
        """
        files = [*(DOCS / "_static").iterdir(), DOCS / "conf.py"]
        self.assertGreater(len(files), 2)
        for file in files:
            self.assertEqual(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", file.read_text("utf-8")), [], file.name)
