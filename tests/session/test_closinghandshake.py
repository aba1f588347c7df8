"""
Tests of L{balws.session.closinghandshake}, through C{caller.close}.
"""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal
from enum import IntEnum
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks

from balws.errors import ConnectionClosureError, Error
from balws.interfaces import Service
from balws.session.closinghandshake import LONGEST
from tests.session.doubles import ConversationTestCase, Peer, Recorder, closeFrame, frame, talk

UNECHOED = "Connection is closed by remote endpoint without echoing a close frame"


class Code(IntEnum):
    """
    Codes with names.
    """

    MINE = 4001


class SlowTalk(Recorder):
    """
    A service whose messages wait.
    """

    def onTextMessage(self, text: str) -> Deferred[None]:
        """
        Never done.
        """
        self.calls.append(("text", text))
        return Deferred()


class ArgumentTests(ConversationTestCase):
    """
    What C{close} takes (tables A5.18 and B9).
    """

    def setUp(self) -> None:
        """
        Connect.
        """
        super().setUp()
        self.peer = talk(Service())

    def refused(self, *arguments: Any, **more: Any) -> Exception:
        """
        @return: why this cannot be sent; nothing was, and the connection is open.
        """
        failure = self.failureResultOf(self.peer.caller.close(*arguments, **more))
        self.assertEqual(self.peer.heard(), [])
        self.assertTrue(self.peer.caller.isOpen())
        self.assertEqual(self.peer.clock.getDelayedCalls(), [])
        value = failure.value
        assert isinstance(value, Exception)
        return value

    def test_defaults(self) -> None:
        """
        Without arguments: 1000 and no words.
        """
        self.peer.caller.close()
        self.assertEqual(self.peer.heard(), [("close", 1000, "")])
        self.assertFalse(self.peer.caller.isOpen())

    def test_none(self) -> None:
        """
        L{None} stands for each default.
        """
        self.peer.caller.close(None, None, None)
        self.assertEqual(self.peer.heard(), [("close", 1000, "")])

    def test_codes(self) -> None:
        """
        The codes that an application may send: 1000 to 1003, 1007 to 1011, 3000 to 4999.
        """
        for code in (1000, 1003, 1007, 1011, 3000, 3999, 4000, 4999, Code.MINE):
            peer = talk(Service())
            peer.caller.close(code, "why")
            self.assertEqual(peer.heard(), [("close", int(code), "why")])

    def test_illegalCodes(self) -> None:
        """
        Every other code is refused before a byte is sent (FR10).
        """
        codes = (-1, 0, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 1016, 2999, 5000, 65536, 70000, 10**30)
        for code in codes:
            error = self.refused(code)
            self.assertIs(type(error), Error)
            self.assertEqual(str(error), f"Failed to execute close. Invalid status code: {code}")

    def test_wrongCodes(self) -> None:
        """
        So is what is no code at all.
        """
        for code in ("1000", 1000.0, True, b"x", [1000], Decimal(1000)):
            self.assertIs(type(self.refused(code)), Error)

    def test_reasons(self) -> None:
        """
        A reason of 123 bytes is sent whole; a longer one is cut at the edge of a character.
        """
        reasons = {
            "": "",
            "x" * 122: "x" * 122,
            "x" * 123: "x" * 123,
            "x" * 124: "x" * 123,
            "x" * 122 + "ü": "x" * 122,
            "x" * 121 + "ü": "x" * 121 + "ü",
            "\U0001f600" * 31: "\U0001f600" * 30,
            "x" * 120 + "\U0001f600": "x" * 120,
            "a\ud800b": "a?b",
            "x" * 100000: "x" * 123,
        }
        for reason, sent in reasons.items():
            peer = talk(Service())
            peer.caller.close(4000, reason)
            self.assertEqual(peer.heard(), [("close", 4000, sent)])

    def test_wrongReasons(self) -> None:
        """
        A reason that is no text is refused.
        """
        for reason in (b"bytes", 5, ["x"], False):
            error = self.refused(1000, reason)
            self.assertIs(type(error), TypeError)
            self.assertEqual(str(error), f"a close reason is a str, not {type(reason).__name__}")

    def test_wrongTimeouts(self) -> None:
        """
        A timeout that is no number is refused.
        """
        for timeout in ("5", True, False, b"5", [5], Decimal(5)):
            error = self.refused(timeout=timeout)
            self.assertIs(type(error), TypeError)
            self.assertEqual(str(error), f"a close timeout is a number, not {type(timeout).__name__}")

    def test_absurdTimeouts(self) -> None:
        """
        So is one of more than 68 years, or none at all (B9).
        """
        for timeout in (LONGEST + 1, 200000000000000000, 10**400, float("inf"), float("nan"), 1e300):
            error = self.refused(timeout=timeout)
            self.assertIs(type(error), Error)
            self.assertEqual(str(error), f"Invalid timeout value: {timeout}")

    def test_longestTimeout(self) -> None:
        """
        68 years may be waited.
        """
        self.peer.caller.close(timeout=LONGEST)
        self.assertEqual(self.peer.clock.getDelayedCalls()[0].getTime(), LONGEST)

    def test_configuredTimeout(self) -> None:
        """
        The service's C{connectionClosureTimeout} may be anything that the configuration
        takes: more than 68 years are 68 years.
        """
        peer = talk(Service(), connectionClosureTimeout=1e300)
        peer.caller.close()
        self.assertEqual(peer.heard(), [("close", 1000, "")])
        self.assertEqual(peer.clock.getDelayedCalls()[0].getTime(), LONGEST)

    def test_thenQuiet(self) -> None:
        """
        A mistake of the application is no reason to lose the connection; the next try works.
        """
        self.refused(1006)
        self.peer.caller.close(1000)
        self.peer.close(1000)
        self.assertEqual(self.peer.heard(), [("close", 1000, "")])


class AnswerTests(ConversationTestCase):
    """
    What becomes of a C{close}.
    """

    def begin(self, *arguments: Any, **fields: Any) -> tuple[Peer, Deferred[None]]:
        """
        @return: the peer of a connection that is being closed, and what C{close} gave.
        """
        peer = talk(Recorder(), **fields)
        done = peer.caller.close(*arguments)
        peer.heard()
        return peer, done

    def test_echo(self) -> None:
        """
        The peer's close frame with the same code is success, at once; then TCP is dropped.
        """
        peer, done = self.begin(4000, "why", 5)
        self.assertNoResult(done)
        peer.close(4000, "because")
        self.assertIsNone(self.successResultOf(done))
        self.assertTrue(peer.isDropped)
        peer.leave()
        self.assertEqual(peer.service.calls, [("close", 4000, "why")])  # type: ignore[attr-defined]
        self.assertEqual(peer.clock.getDelayedCalls(), [])
        self.quiet()

    def test_mismatch(self) -> None:
        """
        Another code is a failure that has it.
        """
        peer, done = self.begin(1000)
        peer.close(1001, "leaving")
        error = self.failureResultOf(done, ConnectionClosureError).value
        self.assertEqual(
            str(error), "Expected status code 1000 but found 1001 in echoed close frame from remote endpoint"
        )
        self.assertEqual(error.statusCode, 1001)

    def test_emptyEcho(self) -> None:
        """
        A close frame without a code is none with ours.
        """
        peer, done = self.begin(1000)
        peer.close(None)
        error = self.failureResultOf(done, ConnectionClosureError).value
        self.assertEqual(error.statusCode, 1005)

    def test_noEcho(self) -> None:
        """
        TCP that ends without a close frame is a failure; C{onClose} gets our code all the same.
        """
        peer, done = self.begin(1001)
        peer.leave()
        self.assertEqual(str(self.failureResultOf(done, ConnectionClosureError).value), UNECHOED)
        self.assertEqual(peer.service.calls, [("close", 1001, "")])  # type: ignore[attr-defined]
        self.assertEqual(peer.clock.getDelayedCalls(), [])

    def test_timeout(self) -> None:
        """
        A peer that does not answer in time is dropped (FR11).
        """
        peer, done = self.begin(1000, "", 2.5)
        peer.clock.advance(2.4)
        self.assertNoResult(done)
        self.assertFalse(peer.isAborted)
        peer.clock.advance(0.1)
        self.assertEqual(
            str(self.failureResultOf(done, ConnectionClosureError).value),
            "Could not receive a WebSocket close frame from remote endpoint within 2.5 seconds",
        )
        self.assertTrue(peer.isAborted)
        peer.leave()
        self.assertEqual(peer.service.calls, [("close", 1000, "")])  # type: ignore[attr-defined]
        self.assertEqual(peer.clock.getDelayedCalls(), [])

    def test_configured(self) -> None:
        """
        Without a timeout the service's C{connectionClosureTimeout} counts, by default 60.
        """
        for fields, seconds in (({}, 60), ({"connectionClosureTimeout": 7}, 7)):
            peer, done = self.begin(**fields)
            peer.clock.advance(seconds - 0.1)
            self.assertNoResult(done)
            peer.clock.advance(0.1)
            self.failureResultOf(done, ConnectionClosureError)
            self.assertTrue(peer.isAborted)

    def test_zero(self) -> None:
        """
        0 sends the close frame, drops TCP and succeeds (ruling 8).
        """
        for peer, done in (self.begin(1000, "bye", 0), self.begin(1000, "bye", 0.0), self.begin(1000, "bye", -0.0)):
            self.assertIsNone(self.successResultOf(done))
            self.assertTrue(peer.isDropped)
            self.assertFalse(peer.isAborted)
            peer.leave()
            self.assertEqual(peer.service.calls, [("close", 1000, "bye")])  # type: ignore[attr-defined]
            self.assertEqual(peer.clock.getDelayedCalls(), [])
        peer = talk(Service(), connectionClosureTimeout=0)
        self.successResultOf(peer.caller.close())
        self.assertEqual(peer.heard(), [("close", 1000, "")])

    def test_negative(self) -> None:
        """
        Any negative timeout waits without limit, until the peer answers or TCP ends
        (decision 1).
        """
        for timeout in (-1, -0.001, -(10**400), float("-inf")):
            for answer in (True, False):
                peer, done = self.begin(1000, "", timeout)
                peer.clock.advance(10**9)
                self.assertNoResult(done)
                if answer:
                    peer.close(1000)
                    self.successResultOf(done)
                else:
                    peer.leave()
                    self.failureResultOf(done, ConnectionClosureError)
        peer, done = self.begin(connectionClosureTimeout=-5)
        peer.clock.advance(10**9)
        self.assertNoResult(done)

    def test_again(self) -> None:
        """
        A second C{close} fails and sends nothing, whoever closed first; the first goes on.
        """
        peer, done = self.begin()
        again = peer.caller.close(4000)
        self.assertEqual(
            str(self.failureResultOf(again, ConnectionClosureError).value),
            "Close frame already sent. Cannot close again!",
        )
        self.assertEqual(peer.heard(), [])
        peer.close()
        self.successResultOf(done)
        peer.leave()
        self.failureResultOf(peer.caller.close(), ConnectionClosureError)
        other = talk(Service())
        other.close()
        self.failureResultOf(other.caller.close(), ConnectionClosureError)

    def test_againWithMistake(self) -> None:
        """
        A mistake is told also after closure.
        """
        peer, _ = self.begin()
        self.assertIs(type(self.failureResultOf(peer.caller.close(1006)).value), Error)

    def test_ignored(self) -> None:
        """
        Where nobody looks at the result, nothing is said of a failure.
        """
        for end in ("close", "leave", "timeout"):
            peer = talk(Service())
            peer.caller.close(1000, timeout=1)
            if end == "close":
                peer.close(1001)
            elif end == "leave":
                peer.leave()
            else:
                peer.clock.advance(1)
        self.quiet()

    def test_cancelled(self) -> None:
        """
        Who cancels the waiting hears no more of it; the closing goes on by itself.
        """
        peer, done = self.begin(1000, "", 5)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        peer.clock.advance(5)
        self.assertTrue(peer.isAborted)
        peer.leave()
        answered, done = self.begin(1000, "", 5)
        done.addErrback(lambda failure: None)
        done.cancel()
        answered.close(1000)
        answered.leave()
        self.assertEqual(answered.clock.getDelayedCalls(), [])
        self.quiet()

    def test_secondCloseFrame(self) -> None:
        """
        Whatever the peer sends after its close frame changes nothing (FR09).
        """
        peer, done = self.begin(1000)
        peer.send(closeFrame(1000), closeFrame(1001), frame(1, b"x"))
        peer.send(closeFrame(1002))
        self.successResultOf(done)
        peer.leave()
        self.assertEqual(peer.service.calls, [("close", 1000, "")])  # type: ignore[attr-defined]

    def test_protocolError(self) -> None:
        """
        A peer that breaks the protocol while we wait did not answer.
        """
        peer, done = self.begin(1000)
        peer.send(b"\xff\xff")
        self.assertNoResult(done)
        peer.leave()
        self.assertEqual(str(self.failureResultOf(done, ConnectionClosureError).value), UNECHOED)
        self.assertEqual(peer.service.ends, ["error"])  # type: ignore[attr-defined]

    def test_alreadyRead(self) -> None:
        """
        The peer's close frame counts also where it was read before ours was sent, behind
        messages that wait for a busy method.
        """
        service = SlowTalk()
        peer = talk(service, maxPendingMessages=1)
        peer.say("a", "b")
        self.assertTrue(peer.isPaused)
        peer.send(frame(1, b"c"), closeFrame(1000))
        done = peer.caller.close(1000)
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(peer.heard(), [("close", 1000, "")])
        self.assertTrue(peer.isDropped)
        self.assertEqual(service.calls, [("text", "a")])
        self.assertEqual([call.getTime() for call in peer.clock.getDelayedCalls()], [5.0])

    def test_alreadyReadZero(self) -> None:
        """
        With a timeout of 0 another code that was read before is no failure.
        """
        peer = talk(SlowTalk(), maxPendingMessages=1)
        peer.say("a", "b")
        peer.send(closeFrame(1001))
        self.assertIsNone(self.successResultOf(peer.caller.close(1000, timeout=0)))

    def test_awaited(self) -> None:
        """
        A method may wait for its own C{close}: the connection reads on, and what the peer
        sends meanwhile is dropped.
        """
        seen: list[Any] = []

        class Talk(Recorder):
            @inlineCallbacks
            def onTextMessage(self, caller: Any, text: str) -> Generator[Deferred[Any], Any, None]:
                seen.append(text)
                yield caller.close(1000, "enough", 5)
                seen.append("closed")

        service = Talk()
        peer = talk(service, maxPendingMessages=1)
        peer.say("a", "b", "c")
        self.assertFalse(peer.isPaused)
        peer.say("d")
        peer.close(1000)
        self.assertEqual(seen, ["a", "closed"])
        peer.leave()
        self.assertEqual(service.calls, [("close", 1000, "enough")])
        self.quiet()
