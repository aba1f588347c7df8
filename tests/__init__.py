"""
The tests of balws, in the order of its parts.
"""

from pathlib import Path

#: The folder that holds README.rst, docs, and examples.
ROOT = Path(__file__).resolve().parent.parent
