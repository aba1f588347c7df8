"""
Tests of the wheel and the sdist: what is in them, and that twistd finds the plugin.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws._version import __version__

ROOT = Path(__file__).resolve().parents[2]

#: What is part of a source distribution, and of a copy of the checkout that is built.
SOURCES = (
    "balws",
    "twisted",
    "tests",
    "docs",
    "examples",
    "benchmarks",
    "setup.py",
    "pyproject.toml",
    "tox.ini",
    "MANIFEST.in",
    "README.rst",
    "NEWS.rst",
    "CONTRIBUTING.rst",
    "LICENSE",
    ".importlinter",
    ".ci",
)


def run(*command: str | Path, cwd: Path) -> str:
    """
    @return: what a command prints, with no balws but the installed one in reach.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


class WheelTests(SynchronousTestCase):
    """
    One build, looked at from all sides: a build takes seconds.
    """

    def test_installed(self) -> None:
        """
        The sdist has all that a packager needs, the wheel comes from it, and after
        installing the wheel twistd knows balws, whose own twisted is untouched.
        """
        source = Path(self.mktemp()).absolute()
        source.mkdir()
        for name in SOURCES:
            origin = ROOT / name
            if origin.is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "_trial_temp*", "dropin.cache", "_build")
                shutil.copytree(origin, source / name, ignore=ignore)
            else:
                shutil.copy(origin, source / name)
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist", cwd=source)
        version = __version__.public()
        self.checkSdist(source / "dist" / f"balws-{version}.tar.gz", version)
        wheel = source / "dist" / f"balws-{version}-py3-none-any.whl"
        self.checkWheel(wheel)
        self.checkInstalled(wheel, source)

    def checkSdist(self, archive: Path, version: str) -> None:
        """
        Look into the sdist.
        """
        with tarfile.open(archive) as files:
            names = {name.partition("/")[2] for name in files.getnames()}
        for name in SOURCES:
            self.assertTrue(name in names or any(other.startswith(f"{name}/") for other in names), name)
        self.assertIn("tests/packaging/test_wheel.py", names)
        self.assertFalse([name for name in names if name.endswith(".pyc")])

    def checkWheel(self, wheel: Path) -> None:
        """
        Look into the wheel.
        """
        with zipfile.ZipFile(wheel) as files:
            names = set(files.namelist())
        self.assertIn("twisted/plugins/balws_plugin.py", names)
        self.assertEqual([name for name in names if name.startswith("twisted/") and name.endswith("__init__.py")], [])
        self.assertEqual([name for name in names if name.startswith("tests/")], [])
        for name in ("balws/py.typed", "balws/demo/page.html", "balws/demo/page.js", "balws/demo/page.css"):
            self.assertIn(name, names)
        for path in (ROOT / "balws").rglob("*.py"):
            self.assertIn(path.relative_to(ROOT).as_posix(), names)

    def checkInstalled(self, wheel: Path, elsewhere: Path) -> None:
        """
        Install the wheel into an environment of its own, that of this test being
        behind it for the libraries.
        """
        folder = elsewhere / "venv"
        run(sys.executable, "-m", "venv", folder, cwd=elsewhere)
        python = folder / "bin" / "python"
        run(python, "-m", "pip", "install", "-q", wheel, cwd=folder)
        self.assertIn("No broken requirements", run(python, "-m", "pip", "check", cwd=folder))
        listed = run(folder / "bin" / "twistd", "--help", cwd=folder)
        self.assertIn("balws", listed)
        self.assertIn("--config", run(folder / "bin" / "twistd", "balws", "--help", cwd=folder))
        shown = run(python, "-c", "import balws, twisted; print(balws.__file__, twisted.__version__)", cwd=folder)
        self.assertIn("site-packages", shown)
        run(python, "-m", "pip", "uninstall", "-q", "-y", "balws", cwd=folder)
        run(python, "-c", "import twisted.plugins, twisted.web", cwd=folder)
