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


#: What a user needs, by the ends of files' names: code, types, pages and templates.
WORKING = (".py", ".pyi", ".typed", ".html", ".js", ".css", ".svg", ".in")

#: Of the environment: what would lead to another balws, or change what is built or used.
CHANGING = ("PYTHONPATH", "BALWS_FRAMES", "BALWS_PURE")

#: What takes frames, and where it was installed.
WAY = "import balws.wire.speed as speed; print(speed.WAY, speed.__file__)"


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    """
    @param more: of the environment.
    @return: what a command prints, with no balws but the installed one in reach.
    """
    environment = {name: value for name, value in os.environ.items() if name not in CHANGING} | more
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def build(source: Path, folder: str, *options: str, **more: str) -> Path:
    """
    @param options: of C{python -m build}.
    @param more: of the environment.
    @return: the only wheel that was built.
    """
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, *options, cwd=source, **more)
    [wheel] = (source / folder).glob(f"balws-{__version__.public()}-*.whl")
    return wheel


class WheelTests(SynchronousTestCase):
    """
    One build, looked at from all sides, and one in Python alone: a build takes seconds.
    """

    def test_installed(self) -> None:
        """
        The sdist has all that a packager needs, the wheel comes from it, and after
        installing the wheel twistd knows balws, whose own twisted is untouched.
        """
        source = self.copied()
        wheel = build(source, "dist")
        self.checkSdist(source / "dist" / f"balws-{__version__.public()}.tar.gz")
        built = self.checkWheel(wheel)
        python = self.checkInstalled(wheel, source)
        self.assertEqual(self.way(python), "c" if built else "python")
        self.checkRemoved(python)

    def test_pure(self) -> None:
        """
        With BALWS_PURE=1 the wheel has no extension, fits every system, and works.
        """
        source = self.copied()
        wheel = build(source, "pure", "--wheel", BALWS_PURE="1")
        self.assertEqual(wheel.name, f"balws-{__version__.public()}-py3-none-any.whl")
        with zipfile.ZipFile(wheel) as files:
            names = files.namelist()
            files.extractall(unpacked := source / "unpacked")
        self.assertEqual([name for name in names if "/_speed." in name and not name.endswith(".pyi")], [])
        shown = run(sys.executable, "-c", WAY, cwd=unpacked)
        self.assertEqual(shown, f"python {unpacked / 'balws' / 'wire' / 'speed.py'}\n")

    def copied(self) -> Path:
        """
        @return: a copy of the checkout, as a clone has it.
        """
        source = Path(self.mktemp()).absolute()
        source.mkdir()
        ignore = shutil.ignore_patterns("__pycache__", "_trial_temp*", "dropin.cache", "_build", "build", "*.so")
        for name in SOURCES:
            origin = ROOT / name
            if origin.is_dir():
                shutil.copytree(origin, source / name, ignore=ignore)
            else:
                shutil.copy(origin, source / name)
        return source

    def checkSdist(self, archive: Path) -> None:
        """
        Look into the sdist.
        """
        with tarfile.open(archive) as files:
            names = {name.partition("/")[2] for name in files.getnames()}
        for name in SOURCES:
            self.assertTrue(name in names or any(other.startswith(f"{name}/") for other in names), name)
        for name in ("tests/packaging/test_wheel.py", "balws/wire/_speed.c", "balws/wire/_speed.pyi"):
            self.assertIn(name, names)
        self.assertEqual([name for name in names if name.endswith((".pyc", ".so"))], [])

    def checkWheel(self, wheel: Path) -> bool:
        """
        Look into the wheel.

        @return: whether the extension is in it: without a compiler it is not.
        """
        with zipfile.ZipFile(wheel) as files:
            names = set(files.namelist())
        self.assertIn("twisted/plugins/balws_plugin.py", names)
        self.assertEqual([name for name in names if name.startswith("twisted/") and name.endswith("__init__.py")], [])
        self.assertEqual([name for name in names if name.startswith("tests/")], [])
        self.assertNotIn("balws/wire/_speed.c", names)
        for path in (ROOT / "balws").rglob("*.*"):
            if path.suffix in WORKING:
                self.assertIn(path.relative_to(ROOT).as_posix(), names)
        built = any(name.startswith("balws/wire/_speed.") and name.endswith(".so") for name in names)
        if os.environ.get("BALWS_REQUIRE_ALL"):
            self.assertTrue(built, names)
        return built

    def checkInstalled(self, wheel: Path, elsewhere: Path) -> Path:
        """
        Install the wheel into an environment of its own.

        @return: its Python.
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
        return python

    def way(self, python: Path) -> str:
        """
        @return: what takes frames there.
        """
        return run(python, "-c", WAY, cwd=python.parent).split()[0]

    def checkRemoved(self, python: Path) -> None:
        """
        Without balws Twisted is as it was.
        """
        run(python, "-m", "pip", "uninstall", "-q", "-y", "balws", cwd=python.parent)
        run(python, "-c", "import twisted.plugins, twisted.web", cwd=python.parent)
