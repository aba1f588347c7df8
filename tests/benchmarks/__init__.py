"""
Tests of what C{benchmarks/} measures with.
"""

import sys
from pathlib import Path

# Its modules import each other as the scripts of a folder do; no name of theirs goes before another.
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
