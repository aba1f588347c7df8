"""
Sphinx: guides and explanations. The API reference is made from docstrings by pydoctor.
"""

from pathlib import Path

_version: dict = {}
exec((Path(__file__).parent.parent / "balws" / "_version.py").read_text("utf-8"), _version)

project = "balws"
copyright = "2026, the balws developers"
release = _version["__version__"].public()
extensions = []
html_theme = "alabaster"
html_theme_options = {"description": "WebSocket services for Twisted", "fixed_sidebar": True}
exclude_patterns = ["_build"]
nitpicky = True
