"""
Tests of L{balws.logs.outlet}.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.application.app import AppLogger
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, Logger
from twisted.scripts.twistd import ServerOptions
from twisted.trial.unittest import TestCase

from balws.logs.outlet import LastingFile, install


class InstallTests(TestCase):
    """
    Where an application's log goes.
    """

    def setUp(self) -> None:
        self.application: Any = Application("test")
        before = signal.getsignal(signal.SIGUSR1)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)

    def install(self, *arguments: str, form: str = "text") -> Any:
        """
        @return: the application's observer after twistd was called so.
        """
        options: Any = ServerOptions()
        options.parseOptions([*arguments, "web"])
        install(self.application, form, options)
        return self.application.getComponent(ILogObserver, None)

    def test_foreground(self) -> None:
        """
        In the foreground it is the terminal's, with or without a dash.
        """
        for arguments in (("-n",), ("-n", "--logfile=-")):
            self.setUp()
            output = StringIO()
            self.patch(sys, "stdout", output)
            observer = self.install(*arguments, form="json")
            Logger(observer=observer).info("words")
            self.assertEqual(json.loads(output.getvalue())["message"], "words")

    def test_file(self) -> None:
        """
        A file is one to which lines are added.
        """
        file = Path(self.mktemp())
        for words in ("first", "second"):
            self.setUp()
            Logger(observer=self.install("-n", f"--logfile={file}")).info(words + "é")
        first, second = file.read_text("utf-8").splitlines()
        self.assertTrue(first.endswith("#info] firsté"), first)
        self.assertTrue(second.endswith("#info] secondé"), second)

    def test_background(self) -> None:
        """
        In the background it is twistd.log, and a dash is left to twistd, which refuses it.
        """
        folder = self.mktemp()
        os.mkdir(folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        self.assertIsNone(self.install("--logfile=-"))
        Logger(observer=self.install()).info("words")
        self.assertIn("words", Path("twistd.log").read_text("utf-8"))

    def test_rotation(self) -> Deferred[None]:
        """
        SIGUSR1 begins a new file.
        """
        file = Path(self.mktemp())
        logger = Logger(observer=self.install("-n", f"--logfile={file}"))
        logger.info("first")
        handler: Any = signal.getsignal(signal.SIGUSR1)
        handler(signal.SIGUSR1, None)
        done: Deferred[None] = Deferred()

        def look() -> None:
            logger.info("second")
            self.assertIn("first", file.with_name(f"{file.name}.1").read_text("utf-8"))
            self.assertNotIn("first", file.read_text("utf-8"))
            self.assertIn("second", file.read_text("utf-8"))

        reactor.callLater(0, lambda: done.callback(None))  # type: ignore[attr-defined]
        return done.addCallback(lambda _: look())

    def test_noNewFile(self) -> None:
        """
        Where a new file could not be begun the log is silent, and goes on when there is room.
        """
        file = Path(self.mktemp())
        log = LastingFile.fromFullPath(str(file), rotateLength=10)
        self.addCleanup(log.close)
        log.write("a long first line\n")
        real, reopen = log._openFile, [OSError(28, "no room")]

        def openFile() -> None:
            if reopen:
                raise reopen.pop()
            real()

        self.patch(log, "_openFile", openFile)
        self.assertRaises(OSError, log.write, "lost\n")
        log.write("kept\n")
        self.assertEqual(file.read_text("ascii"), "kept\n")

    def test_cut(self) -> None:
        """
        What was cut off by a full disk is not continued by the next line.
        """
        file = Path(self.mktemp())
        log = LastingFile.fromFullPath(str(file))
        self.addCleanup(log.close)
        log.write("first\n")
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, limit)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9, limit[1]))
        self.assertRaises(OSError, log.write, "second\n")
        self.assertRaises(OSError, log.write, "third\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        log.write("fourth\n")
        log.write("fifth\n")
        self.assertEqual(file.read_text("ascii"), "first\nsec\nfourth\nfifth\n")
        self.assertEqual(log.size, file.stat().st_size)

    def test_otherSignal(self) -> None:
        """
        Whoever uses the signal already keeps it.
        """
        handler = lambda number, frame: None  # noqa: E731
        signal.signal(signal.SIGUSR1, handler)
        self.install("-n", f"--logfile={self.mktemp()}")
        self.assertIs(signal.getsignal(signal.SIGUSR1), handler)

    def test_users(self) -> None:
        """
        An observer that the user or the application has chosen stays, and so does the system's
        log.
        """
        self.assertIsNone(self.install("-n", "--logger=twisted.logger.globalLogPublisher.addObserver"))
        self.assertIsNone(self.install("--syslog"))
        own = lambda event: None  # noqa: E731
        self.application.setComponent(ILogObserver, own)
        self.assertIs(self.install("-n"), own)

    def test_twistd(self) -> None:
        """
        twistd takes the observer in place of its own.
        """
        observer = self.install("-n")
        began: list[Any] = []
        self.patch(AppLogger, "_initialLog", lambda self: None)
        self.patch(sys.modules["twisted.logger"].globalLogBeginner, "beginLoggingTo", began.extend)
        AppLogger({"nodaemon": True}).start(self.application)
        self.assertEqual(began, [observer])
