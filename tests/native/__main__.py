"""
Call both twins, and say where they differ.
"""

from __future__ import annotations

import sys

from tests.native.rounds import main

if __name__ == "__main__":
    sys.exit(main())
