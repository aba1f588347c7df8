"""
Tests of L{benchmarks.cases}.
"""

from __future__ import annotations

from cases import CASES
from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks.test_frames import read


class CasesTests(SynchronousTestCase):
    """
    What is measured.
    """

    def test_echoes(self) -> None:
        """
        Of an echo what is sent is the right answer, and anything else is not.
        """
        for case in CASES.values():
            if case.service not in ("dict", "struct", "dispatch"):
                sent = read(case.volleys[0].data)
                count = next(index for index, (first, _) in enumerate(sent, 1) if first & 0x80)
                answer = b"".join(payload for _, payload in sent[:count])
                self.assertTrue(case.isAnswer(answer), case.name)
                if not case.deflate:
                    self.assertFalse(case.isAnswer(answer + b"!"), case.name)

    def test_messages(self) -> None:
        """
        A volley has as many messages as it says: that many frames end one.
        """
        for case in CASES.values():
            for volley in case.volleys:
                self.assertEqual(sum(first >> 7 for first, _ in read(volley.data)), volley.messages, case.name)

    def test_sizes(self) -> None:
        """
        Messages are as long as their titles say.
        """
        for name, size in (("echo-64", 64), ("echo-1k", 1024), ("echo-64k", 65536), ("echo-1m", 1 << 20), ("tls", 64)):
            ((_, payload),) = read(CASES[name].volleys[0].data)
            self.assertEqual(len(payload), size)
        ((_, payload),) = read(CASES["multibyte"].volleys[0].data)
        self.assertEqual(len(payload), 1024)
        self.assertLess(len(payload.decode()), 800)

    def test_contenders(self) -> None:
        """
        What is no server is asked only for what needs none, and nobody for what he does not know.
        """
        self.assertLess({"balws", "picows", "twisted", "floor"}, set(CASES["echo-64"].contenders()))
        self.assertFalse({"twisted", "floor"} & set(CASES["fragmented"].contenders()))
        self.assertNotIn("picows", CASES["deflate"].contenders())
        self.assertNotIn("floor", CASES["tls"].contenders())
        self.assertEqual(CASES["crowd"].contenders(), ["balws", "balws-reactor", "balws-python"])
