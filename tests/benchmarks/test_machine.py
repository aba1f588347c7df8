"""
Tests of L{benchmarks.machine}.
"""

from __future__ import annotations

from importlib.metadata import version

from machine import described
from twisted.trial.unittest import SynchronousTestCase


class MachineTests(SynchronousTestCase):
    """
    Results say where they come from.
    """

    def test_described(self) -> None:
        """
        The processor, the kernel and the versions of what was measured are named.
        """
        description = described(["twisted", "floor"])
        self.assertEqual(description["versions"], {"Twisted": version("Twisted")})
        for name in ("processor", "cores", "kernel", "python", "when"):
            self.assertTrue(description[name], name)
        self.assertNotIn("frames", description)

    def test_frames(self) -> None:
        """
        How balws reads frames is named where it is measured.
        """
        self.assertIn(described(["balws"])["frames"], ("c", "python", "autobahn"))
