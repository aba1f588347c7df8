"""
A method does not come back: row DB10 of the reliability catalogue.
"""

from __future__ import annotations

import time

from tests.rows.raw import PING, PONG, TEXT, frame
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import patiently
from tests.waiting import until


class StallTests(ServedTestCase):
    """
    The reactor stands still for two seconds.
    """

    services = {
        "/resting": "resting:RestingUpgrade",
        "/kept": "echoing:EchoUpgrade, pingInterval = 0.4, pingTimeout = 0.4",
    }

    def test_named(self) -> None:
        """
        The log names the method while it keeps everybody waiting, and afterwards for how long it did (DB10)
        """
        resting = self.open("/resting").send(frame(TEXT, b"2"))
        named = "Resting.onTextMessage (resting.py:18) > rest (resting.py:35)"
        words = f"The reactor stands still: {named} has not come back"
        until(lambda: words in self.server.output()[self._seen :], words)
        self.assertEqual(resting.receive(), (TEXT, b"awake"))
        self.assertRegex(self.logged(), r"The reactor stood still for ([1-9]|\d\d+)\.\d+ s in Resting\.onTextMessage")

    @patiently
    def test_kept(self) -> None:
        """
        Peers whose pongs came meanwhile are not taken for gone (DB10)
        """
        resting = self.open("/resting")
        kept = self.open("/kept")
        for _ in range(3):
            self.assertEqual((ping := kept.frame()).opcode, PING)
            resting.send(frame(TEXT, b"1.2"))
            time.sleep(0.1)  # its time runs, and the reactor stands still
            kept.send(frame(PONG, ping.payload))
            self.assertEqual(resting.receive(), (TEXT, b"awake"))
            kept.send(frame(TEXT, b"here"))
            self.assertEqual(kept.receive(), (TEXT, b"here"))
