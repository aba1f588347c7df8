# -*- test-case-name: tests.workers.test_folder -*-
"""
Where the workers are asked by their supervisor.
"""

from __future__ import annotations

import os
import shutil
import tempfile

__all__ = ["AdminFolder"]


class AdminFolder:
    """
    A folder for the sockets of the workers' admin endpoints, which nobody else may look into.

    @ivar path: where it is; L{None} while there is none.
    """

    def __init__(self) -> None:
        self.path: str | None = None

    def make(self) -> None:
        """
        Make it: as the user that the workers run as, so not before privileges are shed.

        @raise OSError: when there is no room for it.
        """
        self.path = tempfile.mkdtemp(prefix="balws-")

    def remove(self) -> None:
        """
        Remove it, with what killed workers have left in it.
        """
        if self.path is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path = None

    def socket(self, number: int) -> str | None:
        """
        @return: the path of a worker's socket; L{None} while there is no folder.
        """
        return None if self.path is None else os.path.join(self.path, str(number))
