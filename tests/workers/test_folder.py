"""
Tests of L{balws.workers.folder}.
"""

from __future__ import annotations

import os
import socket
import stat

from twisted.trial.unittest import SynchronousTestCase

from balws.workers.folder import AdminFolder


class AdminFolderTests(SynchronousTestCase):
    """
    A folder for sockets.
    """

    def test_life(self) -> None:
        """
        Nobody else can look into it, and nothing is left of it, whatever is in it.
        """
        folder = AdminFolder()
        self.addCleanup(folder.remove)
        self.assertIsNone(folder.socket(1))
        folder.make()
        path = folder.path or ""
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o700)
        self.assertEqual(folder.socket(7), f"{path}/7")
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(f"{path}/7")
        folder.remove()
        folder.remove()
        self.assertFalse(os.path.exists(path))
        self.assertIsNone(folder.socket(7))
