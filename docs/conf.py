"""
Sphinx: tutorials, guides, the reference and the reasons. The API of each module is made from docstrings by pydoctor.
"""

import sys
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, str(here / "_ext"))

_version: dict = {}
exec((here.parent / "balws" / "_version.py").read_text("utf-8"), _version)

project = "balws"
author = "the balws developers"
copyright = "2026, the balws developers"
release = _version["__version__"].public()
language = "en-GB"
extensions = ["generated", "pages"]
exclude_patterns = ["_build"]
nitpicky = True
smartquotes = False

html_theme = "furo"
html_title = "balws"
html_short_title = "balws"
html_logo = html_favicon = "../balws/demo/icon.svg"
html_static_path = ["_static"]
html_css_files = ["balws.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sphinx = False
html_permalinks_icon = "#"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0f766e",
        "color-brand-content": "#0b6b64",
        "color-brand-visited": "#0b6b64",
    },
    "dark_css_variables": {
        "color-brand-primary": "#5eead4",
        "color-brand-content": "#5eead4",
        "color-brand-visited": "#5eead4",
    },
    "navigation_with_keys": True,
}
