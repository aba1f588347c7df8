"""
Commands as readers run them, with the programs of the Python that runs the tests.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import balws
from tests.waiting import PATIENCE


def environment(**more: str) -> dict[str, str]:
    """
    @param more: variables.
    @return: that of a child which imports the balws under test.
    """
    paths = [str(Path(balws.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def asCommand(line: str) -> list[str]:
    """
    @return: a command of a page, with the programs of the Python that runs this test.
    @raise ValueError: where it is of no program that pages may have run.
    """
    program, *arguments = shlex.split(line)
    if program == "twistd":
        run = "import sys; from twisted.scripts.twistd import run; sys.exit(run())"
        # No pid file: a test may run two of them.
        return [sys.executable, "-c", run, "--pidfile=", *arguments]
    if program == "python":
        return [sys.executable, *arguments]
    if program == "balws":
        return [sys.executable, "-m", "balws", *arguments]
    if program in ("chmod", "openssl", "sed"):
        return [program, *arguments]
    raise ValueError(f"no page should make its reader run {line!r}")


def ran(
    line: str, folder: Path, typed: str = "", isOneStream: bool = False
) -> subprocess.CompletedProcess[str]:
    """
    Run a command of a page that ends by itself.

    @param folder: where.
    @param typed: what the reader types into it.
    @param isOneStream: whether its errors stand between the lines of its output, as in a terminal.
    """
    return subprocess.run(
        asCommand(line),
        cwd=folder,
        env=environment(),
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if isOneStream else subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
    )
