"""
The lowest version of each library that setup.py declares, one requirement a line:
python .ci/lowest.py FILE
"""

import re
import sys
from importlib.metadata import requires
from pathlib import Path

lowest = []
for requirement in requires("balws") or ():
    if "extra ==" not in requirement:
        name, version = re.match(r"([\w.-]+)[^>]*>=([\w.]+)", requirement).groups()
        lowest.append(f"{name}=={version}\n")
Path(sys.argv[1]).write_text("".join(lowest), "utf-8")
