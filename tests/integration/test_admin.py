"""
Tests of the admin endpoint's metrics with Prometheus' own tool.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests import ROOT
from tests.admin.observed import Ask, ObservedTestCase
from tests.documents.blocks import blocksOf
from tests.integration.needed import missing

PAGE = ROOT / "docs" / "howto" / "monitor.rst"


class PromtoolTests(ObservedTestCase):
    """
    What C{promtool} says.
    """

    def setUp(self) -> None:
        super().setUp()
        if shutil.which("promtool") is None:
            missing("promtool")

    def promtool(self, *arguments: str, given: bytes = b"") -> None:
        """
        Have it check something: it says nothing bad.
        """
        done = subprocess.run(["promtool", *arguments], input=given, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr.strip()), (0, b""), done.stdout.decode())

    def block(self, name: str) -> str:
        """
        @return: the file of this name on the page, written down.
        """
        (text,) = [each.text for each in blocksOf(PAGE) if each.text.startswith(f"# {name}\n")]
        path = Path(self.mktemp())
        path.write_text(text, "utf-8")
        return str(path)

    def test_metrics(self) -> None:
        """
        Names, units, types and help are as Prometheus wants them.
        """
        self.client("/echo", "one", "name ada", "group red")
        self.successResultOf(self.client().close(4000))
        found, _, said = Ask(self.process)("GET /metrics")
        self.assertEqual(found, 200)
        self.promtool("check", "metrics", given=said)

    def test_page(self) -> None:
        """
        The configuration and the alerts of the page are ones.
        """
        self.promtool("check", "config", "--syntax-only", self.block("prometheus.yml"))
        self.promtool("check", "rules", self.block("balws.rules.yml"))
