"""
Tests of L{benchmarks.measure}.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from itertools import cycle, islice
from typing import Any

import attrs
import measure
from cases import CASES
from measure import Effort, measured
from server import CONTENDERS, Server
from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks.compiler import needsCompiler
from tests.integration.needed import missing

TINY = Effort(rounds=1, seconds=0.002, share=0.001, ping=0.2)


class EveryCaseTests(SynchronousTestCase):
    """
    All cases, with tiny numbers.
    """

    def setUp(self) -> None:
        needsCompiler()
        if shutil.which("openssl") is None:
            missing("openssl")
        exits = ExitStack()
        self.addCleanup(exits.close)
        running: dict[Any, Server] = {}

        class Shared:
            """
            Serves many cases, for it takes a while to start.
            """

            def __init__(self, name: str, core: int, *, maxSize: int, **fields: Any) -> None:
                key = (name, *fields.values())
                if key not in running:
                    running[key] = exits.enter_context(Server(name, core, maxSize=1 << 20, **fields))
                self.server = running[key]

            def __enter__(self) -> Server:
                return self.server

            def __exit__(self, *exception: Any) -> None:
                pass

        self.patch(measure, "Server", Shared)

    def test_everyCase(self) -> None:
        """
        Each is measured with balws and with one of the others, which are asked in turn: every server
        gives the right answers, and none loses a connection.
        """
        peers = cycle([name for name, each in CONTENDERS.items() if each.package != "balws" and not each.missing])
        for case in CASES.values():
            able = case.contenders()
            peer = next((name for name in islice(peers, len(CONTENDERS)) if name in able), "balws")
            for name, figures in measured(case, sorted({"balws", peer}), TINY).items():
                self.assertNotIn("error", figures, f"{case.name}, {name}")
                self.assertEqual(len(figures["rounds"]), 1)
                if case.way != "memory":  # a server that served others before has room
                    self.assertGreater(figures["median"], 0, f"{case.name}, {name}")


class MeasureTests(SynchronousTestCase):
    """
    One case.
    """

    def setUp(self) -> None:
        needsCompiler()

    def test_rounds(self) -> None:
        """
        The warm-up does not count, and the median does.
        """
        figures = measured(CASES["echo-64"], ["floor"], attrs.evolve(TINY, rounds=3))["floor"]
        self.assertEqual(len(figures["rounds"]), 3)
        self.assertEqual(figures["median"], sorted(figures["rounds"])[1])

    def test_memory(self) -> None:
        """
        Connections of a new process cost memory.
        """
        figures = measured(CASES["memory"], ["floor"], attrs.evolve(TINY, share=0.1))["floor"]
        self.assertGreater(figures["median"], 0)

    def test_wrongAnswer(self) -> None:
        """
        A server that answers wrongly is not measured, and the others are.
        """
        case = CASES["echo-64"]

        class Wrong(Server):
            def ask(self, data: bytes, request: bytes) -> tuple[int, bytes]:
                first, payload = super().ask(data, request)
                return first, payload if self.name == "floor" else b"something else"

        self.patch(measure, "Server", Wrong)
        figures = measured(case, ["twisted", "floor"], TINY)
        self.assertIn("answers wrongly", figures["twisted"]["error"])
        self.assertIn("median", figures["floor"])

    def test_cores(self) -> None:
        """
        Server and load generator have a core each, where there are two.
        """
        where = measure.cores()
        self.assertEqual(where.server != where.loader, len(os.sched_getaffinity(0)) > 1)
