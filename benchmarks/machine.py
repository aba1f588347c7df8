# -*- test-case-name: tests.benchmarks.test_machine -*-
"""
Where and with what it was measured.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from server import CONTENDERS, environment


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _way() -> str:
    """
    @return: how balws reads frames: C{"c"} or C{"python"}.
    """
    script = "import balws.wire.speed; print(balws.wire.speed.WAY)"
    run = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    return run.stdout.strip()


def described(servers: Iterable[str]) -> dict[str, object]:
    """
    @param servers: those that are measured.
    @return: the processor and how many cores there are, the kernel, the versions, when it was, and how balws reads
        frames where it is among them.
    """
    present = list(servers)
    description: dict[str, object] = {
        "processor": _model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {each.package: each.version for name in present if (each := CONTENDERS[name]).package},
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    if "balws" in present:
        description["frames"] = _way()
    return description
