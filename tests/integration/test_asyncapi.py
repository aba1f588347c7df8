"""
Tests of documents and clients: AsyncAPI's parser judges the document of every example, a client made of
one talks to its service, and a browser shows the page.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.document import asYaml
from balws.asyncapi.module import makeModule
from balws.asyncapi.reading import Source
from tests import ROOT
from tests.commands import asCommand, environment
from tests.integration.browser import BrowserCase
from tests.integration.needed import missing
from tests.integration.test_console_access import axe
from tests.integration.test_examples import EXAMPLES, startExample
from tests.waiting import PATIENCE

#: Prints whatever the parser has against a document, but for the advice to write a newer version: what
#: reads 3.1 reads 3.0.
JUDGE = """\
import fs from 'node:fs';
import parser from '@asyncapi/parser';
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await new parser.Parser().parse(fs.readFileSync(file, 'utf8'));
  if (!document) console.log(`${file}: is no document`);
  for (const { code, message, path } of diagnostics)
    if (code !== 'asyncapi-latest-version') console.log(`${file}: ${code}: ${message} (${path.join('.')})`);
}
"""


def made(line: str, folder: Path) -> str:
    """
    Run a command as a person would.

    @return: what it printed.
    """
    done = subprocess.run(
        asCommand(line), cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        raise AssertionError(f"{line}: {done.stdout}{done.stderr}")
    return done.stdout


class Case(SynchronousTestCase):
    """
    Has a copy of the examples.
    """

    def folder(self) -> Path:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        return folder

    def example(self, name: str) -> Path:
        """
        @return: an example in a folder of its own.
        """
        folder = self.folder() / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
        return folder


class ParserTests(Case):
    """
    The parser's verdict.
    """

    def judge(self, documents: list[Path]) -> str:
        """
        @return: what the parser has against them.
        """
        modules = [each for each in os.environ.get("NODE_PATH", "").split(os.pathsep) if each]
        found = [each for each in modules if (Path(each) / "@asyncapi" / "parser").is_dir()]
        if shutil.which("node") is None or not found:
            missing("npm's @asyncapi/parser")
        folder = self.folder()
        (folder / "judge.mjs").write_text(JUDGE, "utf-8")
        # Modules of this kind are looked for beside the file, and not along NODE_PATH.
        (folder / "node_modules").symlink_to(found[0])
        done = subprocess.run(
            ["node", str(folder / "judge.mjs"), *map(str, documents)],
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_examples(self) -> None:
        """
        The document of every example is valid, without a warning, as JSON and as YAML, and both are the same
        for whoever makes a client.
        """
        documents = []
        for folder in sorted(EXAMPLES.glob("*/balws.toml")):
            example = self.example(folder.parent.name)
            if example.name == "directory":
                (example / "password.txt").write_text("secret\n", "utf-8")  # its reader's own
            made("balws asyncapi balws.toml --output asyncapi.json", example)
            read, written = example / "asyncapi.json", example / "asyncapi.yaml"
            json = Source.parse(read.read_bytes(), "asyncapi.json")
            written.write_text(asYaml(dict(json.root)), "utf-8")
            yaml = Source.parse(written.read_bytes(), "asyncapi.yaml")
            self.assertEqual(repr(yaml.root), repr(json.root), example.name)
            self.assertEqual(makeModule(yaml), makeModule(json), example.name)
            documents += [read, written]
        self.assertGreater(len(documents), 30)
        self.assertEqual(self.judge(documents), "")

    def test_judge(self) -> None:
        """
        The parser does find what is wrong.
        """
        folder = self.folder()
        json, yaml = folder / "wrong.json", folder / "wrong.yaml"
        json.write_text('{"asyncapi":"3.0.0","info":{"title":"a","version":"1"},"channels":{"a":7}}', "utf-8")
        yaml.write_text("asyncapi: 3.0.0\ninfo:\n  title: a\n  version: 1\n", "utf-8")
        found = self.judge([json, yaml])
        for file in (json, yaml):
            self.assertIn(f"{file}: is no document", found)


class ClientTests(Case):
    """
    From a service to a document to a client to the service.
    """

    def test_written(self) -> None:
        """
        What stands in the example is what the commands write.
        """
        folder = self.example("contract")
        for line in (EXAMPLES / "contract" / "auction.py").read_text("utf-8").splitlines():
            if line.startswith("    balws "):
                made(line.strip(), folder)
        for name in ("auction.json", "auctionclient.py"):
            self.assertEqual((folder / name).read_bytes(), (EXAMPLES / "contract" / name).read_bytes(), name)

    def test_typed(self) -> None:
        """
        The clients of all examples, and who uses one, pass mypy's strict mode.
        """
        folder = self.example("contract")
        files = ["auctionclient.py", "bidder.py", "auction.py"]
        for name in ("binding", "dispatch", "upgrade", "embedding", "echo"):
            example = self.example(name)
            made(f"balws asyncapi balws.toml --output {folder}/{name}.json", example)
            made(f"balws client {name}.json --output {name}client.py", folder)
            files.append(f"{name}client.py")
        clients = [name for name in files if name.endswith("client.py")]
        made(f"python -m mypy --strict --cache-dir .cache {' '.join(files)}", folder)
        made(f"python -m ruff check --no-cache --config {ROOT}/pyproject.toml {' '.join(clients)}", folder)

    def test_conversation(self) -> None:
        """
        The bidder bids, is told that it is the highest bid, and what everybody is told.
        """
        server, port = startExample(self, "contract")
        bidder = server.folder / "bidder.py"
        bidder.write_text(bidder.read_text("utf-8").replace("9090", str(port)), "utf-8")
        for before in (0, 10):
            self.assertEqual(
                made("python bidder.py", server.folder),
                f"clock: {before} EUR so far\nThe bid is the highest.\nAll have heard of {before + 10} EUR.\n",
            )


class PageTests(BrowserCase):
    """
    The page in a browser.
    """

    def test_look(self) -> None:
        """
        It is shown in light and dark, on wide screens and small, with its own style, without scripts and
        without asking anybody, and nothing stands in anybody's way.
        """
        folder = Path(self.mktemp()).absolute()
        shutil.copytree(EXAMPLES / "contract", folder)
        made("balws asyncapi balws.toml --html page.html", folder)
        source = axe()
        backs = set()
        for scheme in ("light", "dark"):
            page = self.visit(f"file://{folder}/page.html", scheme)  # type: ignore[arg-type]
            backs.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            for width in (360, 1200):
                page.set_viewport_size({"width": width, "height": 900})
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
            page.evaluate(source)
            found = page.evaluate("async () => await axe.run()")
            self.assertIn("color-contrast", {each["id"] for each in found["passes"]})
            self.assertEqual([each["id"] for each in found["violations"]], [])
        self.assertEqual(len(backs), 2)
        self.assertEqual(self.errors, [])
        self.assertEqual({address.partition(":")[0] for address in self.asked}, {"file"})
