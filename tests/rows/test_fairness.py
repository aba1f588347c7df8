"""
Nobody waits for what somebody else sends: rows FR15 and FR16 of the reliability catalogue,
figure G15.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from functools import partial

from tests.rows.raw import BINARY, CONTINUATION, TEXT, frame
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import best
from tests.waiting import PATIENCE


class FairnessTests(ServedTestCase):
    """
    One peer sends all that it can.
    """

    def test_order(self) -> None:
        """
        Ten thousand frames in chunks of 64 KiB are answered in order (FR15)
        """
        peer = self.open()
        frames = b"".join(frame(TEXT, b"%d" % number) for number in range(10000))
        for start in range(0, len(frames), 65536):
            peer.send(frames[start : start + 65536])
        for number in range(10000):
            self.assertEqual(peer.receive(), (TEXT, b"%d" % number))

    def test_turns(self) -> None:
        """
        Chunks of ten thousand frames each, of messages or of fragments, keep the reactor for
        less than 100 ms at a time (FR15)
        """
        message = frame(BINARY, fin=False) + frame(CONTINUATION, fin=False) * 998 + frame(CONTINUATION, b"x")
        for data, answers in ((frame(TEXT) * 50_000, b"\x81\x00" * 50_000), (message * 50, b"\x82\x01x" * 50)):
            longest = best(partial(self._turn, data, answers), 0.1)
            self.assertTrue(0 < longest < 0.1, longest)

    def _turn(self, data: bytes, answers: bytes) -> float:
        peer = self.open()
        self.records("turns=begin")
        sender = threading.Thread(target=peer.send, args=(data,))
        sender.start()
        self.assertEqual(peer.exactly(len(answers)), answers)
        sender.join()
        longest: float = self.records("turns=end")["longest"]
        return longest

    def test_long(self) -> None:
        """
        Large messages in small pieces: each byte is looked at once (FR15)
        """
        payload = os.urandom(65000)
        middle = frame(CONTINUATION, payload, fin=False) * 14
        data = frame(BINARY, payload, fin=False) + middle + frame(CONTINUATION, payload)
        cpu = self.cpu()
        peer = self.open()
        for start in range(0, len(data), 500):
            peer.send(data[start : start + 500])
        opcode, got = peer.message()
        self.assertEqual((opcode, got == payload * 16), (BINARY, True))
        self.assertLess(self.cpu() - cpu, 2)

    def test_echoes(self) -> None:
        """
        While one peer sends and reads at full rate, in frames small or large, 99 of 100
        echoes of another one come within 100 ms (FR16)
        """
        for data in (frame(TEXT, b"x" * 10) * 6000, frame(BINARY, os.urandom(60000)) * 10):
            self.assertLess(best(partial(self._slowest, data), 0.1), 0.1)

    def _slowest(self, data: bytes) -> float:
        """
        @return: what the slowest of 150 echoes took but for the very slowest, in seconds.
        """
        flood, other = self.open(), self.open()
        over = threading.Event()
        answered = 0

        def send() -> None:
            while not over.is_set() and not flood.ended:
                flood.send(data)

        def read() -> None:
            nonlocal answered
            try:
                while got := flood.socket.recv(1 << 20):
                    answered += len(got)
            except ConnectionResetError:
                pass

        threads = [threading.Thread(target=work, daemon=True) for work in (send, read)]
        for thread in threads:
            thread.start()
        times = []
        while answered < 5 * len(data):
            time.sleep(0.01)
        before = answered
        for number in range(150):
            began = time.monotonic()
            self.assertEqual(other.send(frame(TEXT, b"%d" % number)).receive(), (TEXT, b"%d" % number))
            times.append(time.monotonic() - began)
        self.assertGreater(answered, before)
        over.set()
        flood.socket.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(PATIENCE)
        return sorted(times)[-2]
