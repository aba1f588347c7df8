"""
Tests of the figures that pages show: they are those of the run that the project keeps.
"""

from __future__ import annotations

import json
import re
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT

PEERS = ("autobahn", "websockets", "aiohttp", "picows")

RUN = json.loads((ROOT / "benchmarks" / "results" / "epyc.json").read_text("utf-8"))


def page(name: str) -> str:
    """
    @return: a page of the explanations.
    """
    return (ROOT / "docs" / "explanation" / f"{name}.rst").read_text("utf-8")


def rows(name: str, title: str) -> list[list[str]]:
    """
    @return: the cells of a page's table, its head first.
    """
    _, found, after = page(name).partition(f".. list-table:: {title}\n")
    assert found, title
    body = re.split(r"\n(?=\S)", after)[0]
    return [
        [cell.strip() for cell in re.split(r"^     - ?|^   \* - ?", row, flags=re.MULTILINE)[1:]]
        for row in re.split(r"^(?=   \* -)", body, flags=re.MULTILINE)[1:]
    ]


def median(case: str, server: str) -> str:
    """
    @return: what one server needed, as a page writes it; empty where it was not measured.
    """
    measured: dict[str, Any] = RUN["cases"][case]["servers"].get(server, {})
    return f"{measured['median']:.2f}" if measured else ""


class ComparisonTests(SynchronousTestCase):
    """
    The page that compares.
    """

    def test_figures(self) -> None:
        """
        Each figure stands in the results.
        """
        head, *body = rows("comparison", "Figures of benchmarks/results/epyc.json")
        self.assertGreater(len(body), 10)
        for case, *figures in body:
            self.assertEqual(figures, [median(case.strip("`"), server) for server in head[1:]], case)

    def test_behind(self) -> None:
        """
        Of the cases that are shown, those in which somebody else needs less are named, with all who do.
        """
        _, *body = rows("comparison", "Figures of benchmarks/results/epyc.json")
        behind = []
        for case, *_ in body:
            servers = RUN["cases"][case.strip("`")]["servers"]
            ours = servers["balws"]["median"]
            better = [name for name in PEERS if name in servers and servers[name]["median"] < ours]
            if better:
                behind.append(f"{case} ({', '.join(better)})")
        self.assertIn(f"default reactor: {', '.join(behind)}.", " ".join(page("comparison").split()))

    def test_notChosen(self) -> None:
        """
        Every case in which another one was measured and was better is shown.
        """
        shown = {row[0].strip("`") for row in rows("comparison", "Figures of benchmarks/results/epyc.json")[1:]}
        for case, measured in RUN["cases"].items():
            servers = measured["servers"]
            peers = [servers[name]["median"] for name in PEERS if name in servers]
            if peers and min(peers) < servers["balws"]["median"]:
                self.assertIn(case, shown)

    def test_waits(self) -> None:
        """
        So do the times beside a client that floods.
        """
        _, *body = rows("comparison", "Waiting beside a client that floods")
        measured = RUN["latency"]["flood"]["servers"]
        told = [[name, f"{times['p50'] / 1000:.2f}", f"{times['p99'] / 1000:.2f}"] for name, times in measured.items()]
        self.assertEqual(body, told)

    def test_versions(self) -> None:
        """
        The sources that are named are of the versions that were measured.
        """
        text = page("comparison")
        for name, words in (("autobahn", "source of {}"), ("picows", "``ws_create_server`` in {}")):
            self.assertIn(words.format(RUN["machine"]["versions"][name]), " ".join(text.split()))


class MessageTests(SynchronousTestCase):
    """
    The page on a message's life.
    """

    def test_figures(self) -> None:
        """
        What each kind of message costs stands in the results.
        """
        head, *body = rows("message", "Figures of benchmarks/results/epyc.json")
        self.assertEqual(head[2:], ["balws", "balws-reactor"])
        self.assertGreater(len(body), 10)
        for case, _, *figures in body:
            name = case.strip("`")
            if name == "floor":
                self.assertEqual(figures, [median("echo-64", "floor"), ""])
            else:
                self.assertEqual(figures, [median(name, server) for server in head[2:]], case)
