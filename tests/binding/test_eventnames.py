"""
Tests of L{balws.binding.eventnames}.
"""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.binding import eventnames
from balws.binding.eventnames import MAX_VALUE, RESERVED, isTarget, methodName
from tests.binding.samples import steady

_asciiWords = st.lists(st.text(string.ascii_letters + string.digits, min_size=1, max_size=8), min_size=1, max_size=5)


class EventNameTests(SynchronousTestCase):
    """
    From the type of a message to the name of a method.
    """

    def test_names(self) -> None:
        """
        Every run of characters that are no letters or digits separates words, each of which is capitalised.
        """
        for value, expected in (
            ("heartbeat", "onHeartbeat"),
            ("un subscribe", "onUnSubscribe"),
            ("subscribeNow", "onSubscribenow"),
            ("SUBSCRIBE", "onSubscribe"),
            ("_ping", "onPing"),
            ("this_ping message", "onThisPingMessage"),
            ("a--b.c/d\n\te", "onABCDE"),
            ("__init__", "onInit"),
            ("close", "onClose"),
            ("2nd try", "on2ndTry"),
            ("\u00e9tat z\u00e9ro", "on\u00c9tatZ\u00e9ro"),
            ("x", "onX"),
        ):
            self.assertEqual(methodName(value), expected)

    def test_nothingLeft(self) -> None:
        """
        A type without letters and digits names no method.
        """
        for value in ("", " ", "_", "-_-", "\x00", "\U0001f600"):
            self.assertIsNone(methodName(value))

    def test_length(self) -> None:
        """
        Types of 127 and 128 characters name methods, longer ones do not and are not remembered.
        """
        self.assertEqual(MAX_VALUE, 128)
        for size in (127, 128):
            self.assertEqual(methodName("a" * size), "onA" + "a" * (size - 1))
        before = eventnames._derive.cache_info().misses
        self.assertIsNone(methodName("a" * 129))
        self.assertIsNone(methodName("a" * 1_000_000))
        self.assertEqual(eventnames._derive.cache_info().misses, before)

    def test_memory(self) -> None:
        """
        However many types a peer invents, no more than 1024 are remembered.
        """
        for number in range(1100):
            methodName(f"invented {number}")
        info = eventnames._derive.cache_info()
        self.assertEqual((info.maxsize, info.currsize), (1024, 1024))

    def test_reserved(self) -> None:
        """
        The fixed remote methods are no targets, every other name is.
        """
        fixed = "onOpen onTextMessage onBinaryMessage onMessage onPing onPong onIdleTimeout onClose onError"
        self.assertEqual(frozenset(fixed.split()), RESERVED)
        for name in RESERVED:
            self.assertFalse(isTarget(name))
        for name in ("onHeartbeat", "onclose", "onTextmessage", "onHeartbeatError"):
            self.assertTrue(isTarget(name))

    @steady
    @given(_asciiWords, st.text(" _-./\n", min_size=1, max_size=3))
    def test_separators(self, words: list[str], separator: str) -> None:
        """
        It does not matter what separates words, nor what stands around them.
        """
        self.assertEqual(methodName(separator.join(words)), methodName(f"_{' '.join(words)} "))

    @steady
    @given(_asciiWords)
    def test_letterCase(self, words: list[str]) -> None:
        """
        It does not matter how a sender writes upper and lower case.
        """
        value = " ".join(words)
        self.assertEqual({methodName(value), methodName(value.upper())}, {methodName(value.lower())})

    @steady
    @given(st.text(string.ascii_letters + string.digits + " _-", max_size=40))
    def test_idempotent(self, value: str) -> None:
        """
        The one word that a name consists of names itself.
        """
        name = methodName(value)
        if name is not None:
            once = methodName(name[2:])
            assert once is not None
            self.assertEqual(methodName(once[2:]), once)
            self.assertEqual(once.lower(), name.lower())

    @steady
    @given(st.text(max_size=200))
    def test_anyText(self, value: str) -> None:
        """
        Whatever a peer sends, the answer is nothing or a name that begins with "on" and is one word.
        """
        name = methodName(value)
        if name is not None:
            self.assertRegex(name, r"\Aon.+\Z")
            self.assertNotIn("_", name)
