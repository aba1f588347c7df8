"""
Tests of the figures that pages show: they are those of the run that the project keeps; and of what is said about
others, as far as they are installed, or other pages say something of them.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT

PEERS = ("autobahn", "twisted-web", "websockets", "aiohttp", "picows")

RESULTS = {path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "benchmarks" / "results").glob("*.json")}

RUN = RESULTS["epyc.json"]


def page(name: str) -> str:
    """
    @return: a page of the explanations.
    """
    return (ROOT / "docs" / "explanation" / f"{name}.rst").read_text("utf-8")


def rows(name: str, title: str) -> list[list[str]]:
    """
    @param title: the table's, or that of the section in which it is the first.
    @return: the cells of a page's table, its head first.
    """
    _, found, after = page(name).partition(f".. list-table:: {title}\n")
    if not found:
        _, _, section = page(name).partition(f"\n{title}\n{'-' * len(title)}\n")
        _, found, after = section.partition(".. list-table::\n")
    assert found, title
    body = re.split(r"\n(?=\S)", after)[0]
    return [
        [" ".join(cell.split()) for cell in re.split(r"^     - ?|^   \* - ?", row, flags=re.MULTILINE)[1:]]
        for row in re.split(r"^(?=   \* -)", body, flags=re.MULTILINE)[1:]
    ]


def median(run: str, case: str, server: str) -> str:
    """
    @param run: the file of the results.
    @return: what one server needed, as a page writes it; empty where it was not measured.
    """
    measured: dict[str, Any] = RESULTS[run]["cases"][case]["servers"].get(server, {})
    return f"{measured['median']:.2f}" if measured else ""


class ComparisonTests(SynchronousTestCase):
    """
    The page that compares.
    """

    def test_figures(self) -> None:
        """
        Each figure stands in the results, and all results are shown.
        """
        for run in RESULTS:
            head, *body = rows("comparison", f"Figures of benchmarks/results/{run}")
            self.assertGreater(len(body), 10)
            for case, *figures in body:
                self.assertEqual(figures, [median(run, case.strip("`"), server) for server in head[1:]], case)

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
        for name, words in (
            ("autobahn", '"Features", and the source of {}'),
            ("picows", "``ws_create_server`` in {}"),
            ("Twisted", "docstrings, and the source of {}"),
        ):
            self.assertIn(words.format(RUN["machine"]["versions"][name]), " ".join(text.split()))

    def test_twisted(self) -> None:
        """
        Of Twisted's own WebSocket every case is shown that was measured.
        """
        _, *body = rows("comparison", "Figures of benchmarks/results/epyc-twisted.json")
        cases = RESULTS["epyc-twisted.json"]["cases"]
        self.assertEqual([row[0].strip("`") for row in body], list(cases))
        for case, measured in cases.items():
            self.assertIn("twisted-web", measured["servers"], case)


#: What of the feature is an option of a server, by how such options are called.
OPTIONS = {
    "whole messages, with a limit on their size": r"^max_?(size|msg_size|message\w*)$",
    "permessage-deflate": r"compress",
    "a check of the origin": r"^(allowed)?_?origins$",
    "keep-alive by pings": r"ping_?interval$|^heartbeat$|auto_ping$",
}

#: What another page has of others: the page, its words, the feature, and whose it is.
TOLD = (
    ("autobahn", "``ReconnectingClientFactory``", "a client that connects again", "Autobahn"),
    ("ballerina", "retryConfig", "a client that connects again", "Ballerina"),
    ("socketio", "``socketio.AsyncClient``", "a client that connects again", "python-socketio"),
    ("autobahn", "``WebSocketResource(factory)``", "HTTP on the same port", "Autobahn"),
    ("autobahn", "``allowedOrigins``: all", "a check of the origin", "Autobahn"),
    ("channels", "``AllowedHostsOriginValidator``", "a check of the origin", "Channels"),
    ("socketio", "``cors_allowed_origins``", "a check of the origin", "python-socketio"),
    ("socketio", "``ping_interval``", "keep-alive by pings", "python-socketio"),
    ("autobahn", "``perMessageCompressionAccept``", "permessage-deflate", "Autobahn"),
    ("channels", "group_add", "groups, rooms, topics", "Channels"),
    ("socketio", "``enter_room(sid", "groups, rooms, topics", "python-socketio"),
    ("channels", "``channels_redis``", "several nodes", "Channels"),
    ("socketio", "``RedisManager``", "several nodes", "python-socketio"),
    ("ballerina", "dispatcherValue", "dispatch by the type of a message", "Ballerina"),
    ("ballerina", "a record as the parameter of ``onMessage``", "messages bound to types", "Ballerina"),
    ("ballerina", "fileUserStoreConfig", "users and passwords", "Ballerina"),
    ("ballerina", "metrics of the runtime", "metrics for Prometheus", "Ballerina"),
    ("socketio", "an acknowledgement", "acknowledgements", "python-socketio"),
)


def _autobahn() -> Mapping[str, object]:
    from autobahn.twisted.websocket import WebSocketServerFactory

    given = inspect.signature(WebSocketServerFactory.setProtocolOptions).parameters
    default = WebSocketServerFactory()
    return {name: getattr(default, name, None) for name in given}


def _twisted() -> Mapping[str, object]:
    from twisted.web.websocket import WebSocketResource

    return _defaults(WebSocketResource)


def _websockets() -> Mapping[str, object]:
    from websockets.asyncio.server import serve

    return _defaults(serve)


def _aiohttp() -> Mapping[str, object]:
    from aiohttp.web import WebSocketResponse

    return _defaults(WebSocketResponse)


def _picows() -> Mapping[str, object]:
    from picows import ws_create_server

    return _defaults(ws_create_server)


def _defaults(made: Callable[..., object]) -> Mapping[str, object]:
    return {name: each.default for name, each in inspect.signature(made).parameters.items()}


#: By the name on the page: the package that it needs, and its server's options with their defaults.
SERVERS = {
    "Autobahn": ("autobahn", _autobahn),
    "twisted.web.websocket": ("wsproto", _twisted),
    "websockets": ("websockets", _websockets),
    "aiohttp": ("aiohttp", _aiohttp),
    "picows": ("picows", _picows),
}


class FeatureTests(SynchronousTestCase):
    """
    Who has what.
    """

    def setUp(self) -> None:
        """
        The table, and those whose options can be looked at.
        """
        self.features = {feature: whose for feature, _, whose in rows("comparison", "What there is")[1:]}
        self.options = {name: read() for name, (needed, read) in SERVERS.items() if find_spec(needed) is not None}

    def test_names(self) -> None:
        """
        Whoever has a feature is among those who are compared, and each of those has one.
        """
        known = [row[0] for row in rows("comparison", "Who is best at what")[1:]]
        short = {name: re.sub(r"\|Python$|^Django | Channels$", "", name) for name in known if name != "balws"}
        said = " ".join(self.features.values())
        self.assertEqual([name for name in short.values() if name not in said], [])
        named = set(re.findall(r"\b[A-Z][a-z]+\b|\b(?:websockets|aiohttp|picows|python-socketio)\b", said))
        # What is beneath them, or what they speak.
        others = {"Redis", "Django", "Basic", "Twisted", "Web", "Socket", "With"}
        self.assertEqual(named - set(short.values()) - others, set())

    def test_options(self) -> None:
        """
        A server that has an option for a feature is named with it, and one that has none is not.
        """
        self.assertLessEqual({"Autobahn"}, set(self.options))
        for feature, pattern in OPTIONS.items():
            having = self.features[feature].partition(". ")[0]
            for name, options in self.options.items():
                found = [option for option in options if re.search(pattern, option, re.IGNORECASE)]
                named = re.search(rf"(?<![\w.]){re.escape(name)}(?! limits)\b", having) is not None
                self.assertEqual(named, bool(found), f"{feature}: {name}, {found}")

    def test_defaults(self) -> None:
        """
        What is said to be on by default is, and what has to be switched on is not.
        """
        looked = 0
        for feature, pattern in OPTIONS.items():
            for clause in re.split(r"[;.] ", self.features[feature]):
                for name, options in self.options.items():
                    defaults = [value for key, value in options.items() if re.search(pattern, key, re.IGNORECASE)]
                    if defaults and name in clause and re.search("by default|where it is", clause):
                        looked += 1
                        self.assertEqual(bool(defaults[0]), "by default" in clause, f"{feature}: {name}")
        self.assertGreater(looked, 1)

    def test_pages(self) -> None:
        """
        What pages for those who come from elsewhere say of others, stands in the table, too.
        """
        for name, words, feature, whose in TOLD:
            migration = ROOT / "docs" / "migration" / f"{name}.rst"
            self.assertIn(words, " ".join(migration.read_text("utf-8").split()))
            self.assertIn(whose, self.features[feature], feature)


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
                self.assertEqual(figures, [median("epyc.json", "echo-64", "floor"), ""])
            else:
                self.assertEqual(figures, [median("epyc.json", name, server) for server in head[2:]], case)
