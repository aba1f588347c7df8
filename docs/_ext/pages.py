# -*- test-case-name: tests.test_site -*-
"""
What every page of the site has: a description for search engines, and nothing that another site would serve.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from webpage import describe, foreign

__all__ = ["setup"]

_log = logging.getLogger(__name__)


def _addDescription(
    app: Sphinx, name: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    if tree is None or "description" in context.get("metatags", ""):
        return
    for each in tree.findall(nodes.paragraph):
        if isinstance(each.parent, nodes.section):
            words = html.escape(describe(each.astext()), quote=True)
            context["metatags"] = f'{context.get("metatags", "")}<meta name="description" content="{words}">'
            return


def _look(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css"):
            for each in foreign(path.read_text("utf-8")):
                _log.warning("%s loads from elsewhere: %s", path.name, each)


def setup(app: Sphinx) -> dict[str, Any]:
    """
    Called by Sphinx.
    """
    app.connect("html-page-context", _addDescription)
    app.connect("build-finished", _look)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
