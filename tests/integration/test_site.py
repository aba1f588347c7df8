"""
Tests of the documentation as readers see it.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests import ROOT
from tests.integration.browser import BrowserCase
from tests.integration.needed import missing

#: Windows, in pixels: screens, halves of them, telephones, and where the theme moves its lists.
WIDTHS = (1600, 1366, 1313, 1311, 1280, 1136, 1100, 1073, 1071, 1024, 1009, 1007, 820, 768, 736, 600, 390)

#: The front page, one of each kind, long lines of code, and wide tables.
PAGES = (
    "index",
    "tutorial/1-echo",
    "howto/logs",
    "howto/connect",
    "reference/configuration",
    "explanation/comparison",
    "specmap",
)

#: What is out of the window, by the elements' names: neither in something that scrolls by itself, such as code, nor a
#: list that is put aside until it is asked for, nor a link that only who has no mouse sees.
_OUTSIDE = """() => {
  const found = [], { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) found.push(`scrollWidth ${scrollWidth}`);
  for (const each of document.body.querySelectorAll("*")) {
    const box = each.getBoundingClientRect();
    if (!box.width || (box.right <= innerWidth + 0.5 && box.left >= -0.5)) continue;
    let isOut = true;
    for (let above = each; above !== document.body && isOut; above = above.parentElement) {
      const style = getComputedStyle(above);
      const isAside = style.position === "fixed" && above.matches(".sidebar-drawer, .toc-drawer");
      const isScrolled = above !== each && ["auto", "scroll"].includes(style.overflowX) && !above.matches(".content");
      const isHidden = style.visibility === "hidden" || above.matches(".skip-to-content, .visually-hidden");
      if (isAside || isScrolled || isHidden) isOut = false;
    }
    if (isOut) found.push(`${each.tagName}.${each.className} ${box.left}-${box.right}`);
  }
  return found.slice(0, 5);
}"""


class WidthTests(BrowserCase):
    """
    In windows of all widths.
    """

    def test_widths(self) -> None:
        """
        Whatever the width of the window, all of a page is in it.
        """
        if find_spec("sphinx") is None or find_spec("furo") is None:
            missing("Sphinx with its theme")
        docs, site = ROOT / "docs", Path(self.mktemp()).absolute()
        made = subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", "-b", "html", docs, site, *(docs / f"{name}.rst" for name in PAGES)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        self.assertEqual(made.returncode, 0, made.stdout)
        for name in PAGES:
            page = self.visit((site / f"{name}.html").as_uri())
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                self.assertEqual(page.evaluate(_OUTSIDE), [], f"{name} at {width}")
            page.close()
