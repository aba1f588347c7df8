"""
Tests of L{balws.cli.connect.dialogue}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import dialogue as module
from balws.cli.connect.commands import HELP
from balws.cli.connect.dialogue import Dialogue, greeting
from balws.cli.connect.outcome import Outcome
from balws.cli.connect.shown import Shown
from balws.cli.connect.words import Words
from balws.config.client import WebSocketRetryConfig
from balws.config.service import WSServiceConfig
from balws.testing import MemoryListener
from tests.cli.connecting import EchoUpgrade, Place


class FakeScreen:
    """
    Takes down what is told.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.talk: Any = None
        self.isStarted = False

    def start(self, talk: Any) -> None:
        self.talk, self.isStarted = talk, True

    def stop(self) -> None:
        self.isStarted = False

    def tell(self, *lines: str) -> None:
        self.lines += lines

    def latest(self) -> list[str]:
        """
        @return: what was told since the last time.
        """
        lines, self.lines = self.lines, []
        return lines


class DialogueTests(SynchronousTestCase):
    """
    Lines, and what they do.
    """

    def setUp(self) -> None:
        self.place = Place()
        self.clock = self.place.clock
        self.screen = FakeScreen()
        self.words = Words(())
        self.addCleanup(lambda: self.clock.advance(100))

    def begin(self, **fields: Any) -> Deferred[Outcome]:
        """
        @return: fires when the conversation has ended.
        """
        self.dialogue = Dialogue(self.screen, Shown(), self.words, self.clock)
        self.client = self.successResultOf(
            self.place.connect("ws://localhost/echo", **self.dialogue.fields(), **fields)
        )
        self.done: Deferred[Outcome] = Deferred.fromCoroutine(
            self.dialogue.hold(self.client, "ws://localhost/echo?token=canary")
        )
        self.screen.latest()
        return self.done

    def says(self, *lines: str) -> list[str]:
        """
        @return: what is told after these were entered.
        """
        for line in lines:
            self.dialogue.entered(line)
            self.clock.advance(0)
        return self.screen.latest()

    def ended(self) -> Outcome:
        """
        @return: how it has ended; the prompt is gone.
        """
        self.clock.advance(1)
        self.assertFalse(self.screen.isStarted)
        return self.successResultOf(self.done)

    def test_messages(self) -> None:
        """
        Text goes out and comes in, and its words are remembered; so do binary messages.
        """
        self.begin()
        self.assertTrue(self.screen.isStarted)
        self.assertEqual(
            self.says("hello", "//there", "/binary 00ff", ""), ["< hello", "< /there", "< binary, 2 bytes: 00 ff"]
        )
        self.assertEqual(self.words.complete("hel"), ("lo", []))

    def test_ping(self) -> None:
        """
        A pong tells how long it took, and what came with it.
        """
        self.begin()
        self.assertEqual(self.says("/ping", "/ping hi \x1b"), ["pong after 0.0 ms", "pong after 0.0 ms: hi \\x1b"])
        self.dialogue.ponged(b"nobody asked")
        self.assertEqual(self.screen.latest(), ["pong: nobody asked"])
        self.assertEqual(self.says("/pong"), [])
        self.assertEqual(len(self.says("/ping " + "x" * 126)), 1)

    def test_manyPings(self) -> None:
        """
        Pings that are never answered are forgotten.
        """
        self.patch(module, "MAX_PINGS", 2)
        self.begin()
        self.place.listener.network.hold()
        self.says("/ping a", "/ping b", "/ping c")
        self.clock.advance(0.25)
        for data in (b"a", b"b"):
            self.dialogue.ponged(data)
        self.assertEqual(self.screen.latest(), ["pong: a", "pong after 250.0 ms: b"])
        self.place.listener.network.release()

    def test_times(self) -> None:
        """
        With times, each message tells when it came, and how long after the last was sent.
        """
        self.begin()
        self.clock.advance(1)
        (line,) = self.says("/times on", "hello")
        self.assertRegex(line, r"^\d\d:\d\d:\d\d\.\d{3} \+0\.0 ms < hello$")
        self.place.listener.callers[0].writeTextMessage("unasked")
        self.clock.advance(0)
        self.assertRegex(self.screen.latest()[0], r"^\d\d:\d\d:\d\d\.\d{3} < unasked$")
        self.assertEqual(self.says("/times off", "hello"), ["< hello"])

    def test_json(self) -> None:
        """
        JSON is spread until that is switched off.
        """
        self.begin()
        self.assertEqual(self.says("[1]"), ["< [", "    1", "  ]"])
        self.assertEqual(self.says("/json off", "[1]"), ["< [1]"])

    def test_mistakes(self) -> None:
        """
        A command that cannot be done is told, and the conversation goes on.
        """
        self.begin()
        self.assertEqual(self.says("/json maybe"), ["/json takes on or off"])
        self.assertIn("there is no command /x", self.says("/x")[0])
        self.assertIn("/close takes a code", self.says("/close 7")[0])
        self.assertIn("hexadecimal", self.says("/binary xyz")[0])
        self.assertEqual(self.says("/help"), list(HELP))
        self.assertEqual(self.says("still here"), ["< still here"])

    def test_leave(self) -> None:
        """
        C{/quit}, and the terminal's own ways, close with 1000.
        """
        self.begin()
        self.says("/quit")
        self.assertEqual(self.ended(), Outcome(0, ("closed: 1000, normal closure",)))
        self.begin()
        self.dialogue.left()
        self.assertEqual(self.ended(), Outcome(0, ("closed: 1000, normal closure",)))

    def test_close(self) -> None:
        """
        C{/close} closes with any code that may be sent.
        """
        self.begin()
        self.says("/close 4001 that is it")
        self.assertEqual(self.ended(), Outcome(0, ("closed: 4001, a code of the application",)))

    def test_noAnswer(self) -> None:
        """
        Who leaves waits a while for a server that does not answer, and not when that is
        wanted twice.
        """
        for isTwice, words in (
            (False, "Could not receive"),
            (True, "Connection is closed by remote endpoint without echoing a close frame"),
        ):
            self.begin()
            self.place.listener.network.hold()
            self.dialogue.left()
            if isTwice:
                self.dialogue.left()
            else:
                self.clock.advance(module.PATIENCE - 0.1)
                self.assertNoResult(self.done)
                self.clock.advance(1)
            outcome = self.successResultOf(self.done)
            self.assertEqual(outcome.status, 0)
            self.assertIn(words, outcome.lines[0])
            self.place.listener.network.release()

    def test_serverCloses(self) -> None:
        """
        The server's close ends it, with its status.
        """
        self.begin()
        self.says("close 4001 go \x1baway")
        self.assertEqual(
            self.ended(), Outcome(4, ("the server closed: 4001, a code of the application: go \\x1baway",))
        )

    def test_reconnect(self) -> None:
        """
        A client that connects again tells so, and sends then what was typed in between.
        """
        self.begin(retryConfig=WebSocketRetryConfig(interval=1))
        self.place.listener.stop()
        self.clock.advance(0)
        self.assertEqual(
            self.screen.latest(), ["lost: 1006, the connection was lost", "connecting again; what is typed waits"]
        )
        self.assertEqual(self.says("later"), [])
        (line,) = self.says("/ping")
        self.assertTrue(line.startswith("not sent: "), line)
        self.place.listener.start()
        self.clock.advance(2)
        self.assertEqual(self.screen.latest(), ["connected again", "< later"])
        self.dialogue.left()
        self.assertEqual(self.ended().status, 0)

    def test_greeting(self) -> None:
        """
        A new connection tells where to, without what may be a token, its sub-protocol, and on
        demand the headers of the answer.
        """
        self.begin()
        url = "ws://localhost/echo?token=canary"
        self.assertEqual(greeting(self.client, url, False), ["connected to ws://localhost/echo"])
        lines = greeting(self.client, url, True)
        self.assertEqual(lines[1], "HTTP/1.1 101 Switching Protocols")
        self.assertIn("upgrade: websocket", [line.lower() for line in lines])

    def test_negotiated(self) -> None:
        """
        So it does of what was agreed on.
        """
        listener = MemoryListener()
        listener.attach(EchoUpgrade(), "/echo", config=WSServiceConfig(subProtocols=["v1"]))
        client = self.successResultOf(listener.connect("/echo", subProtocols=["v2", "v1"]))
        self.assertEqual(greeting(client, "ws://a/b", False), ["connected to ws://a/b, sub-protocol v1, compressed"])
        client.close(timeout=0)
        listener.clock.advance(1)
