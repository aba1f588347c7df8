"""
Lets coverage see processes that kill themselves, as twistd does once it was told to stop:
python .ci/signalled.py installs the hook into the environment of this Python.
"""

import sysconfig
from pathlib import Path

HOOK = """
import os
import sys

kill = os.kill


def saving(pid, signal):
    coverage = sys.modules.get("coverage")
    if pid == os.getpid() and coverage is not None and (current := coverage.Coverage.current()) is not None:
        current.save()
    kill(pid, signal)


os.kill = saving
"""

site = Path(sysconfig.get_path("purelib"))
(site / "signalled.py").write_text(HOOK, "utf-8")
(site / "signalled.pth").write_text("import signalled\n", "utf-8")
