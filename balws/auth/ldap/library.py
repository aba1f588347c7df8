"""
What is used of ldap3, imported without its warnings.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Two names of pyasn1 that go by others now; they are used nowhere else.
    for _old in ("tagMap", "typeMap"):
        warnings.filterwarnings("ignore", f"{_old} is deprecated", DeprecationWarning)
    from ldap3 import DEREF_NEVER, NONE, SIMPLE, SUBTREE, SYNC, Connection, Server, Tls  # type: ignore[import-untyped]
    from ldap3.core.exceptions import LDAPCommunicationError  # type: ignore[import-untyped]
    from ldap3.operation.search import search_operation  # type: ignore[import-untyped]

__all__ = [
    "DEREF_NEVER",
    "NONE",
    "SIMPLE",
    "SUBTREE",
    "SYNC",
    "Connection",
    "LDAPCommunicationError",
    "Server",
    "Tls",
    "search_operation",
]
