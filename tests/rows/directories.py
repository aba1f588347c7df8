"""
Directories for services: the entry of C{auth} that asks one, and the real one of all tests.
"""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.auth.fakeldap import fields
from tests.integration.slapd import Slapd


class Forever:
    """
    In the place of a test, for what several tests use.
    """

    def addCleanup(self, stop: Callable[[], Any]) -> None:
        """
        Do it when the process ends.
        """
        atexit.register(stop)


@cache
def slapd() -> Slapd:
    """
    @return: OpenLDAP, started once; skips the test where it is not there.
    """
    folder = tempfile.TemporaryDirectory()
    server = Slapd(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    return server


def directory(url: str, scopes: list[str] | None = None, **others: Any) -> dict[str, Any]:
    """
    @param others: fields that are not as the directories of the tests have them.
    @return: an entry of C{auth}.
    """
    config = {**fields(url), **others}
    return {"ldapUserStoreConfig": config, **({} if scopes is None else {"scopes": scopes})}
