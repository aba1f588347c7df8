"""
The C compiler that some of these tests need.
"""

from __future__ import annotations

import os
import shlex
import shutil

from tests.integration.needed import missing


def needsCompiler() -> None:
    """
    Skip the test, or fail where everything has to be there.
    """
    if shutil.which(shlex.split(os.environ.get("CC", "cc"))[0]) is None:
        missing("a C compiler")
