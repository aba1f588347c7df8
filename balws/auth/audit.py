# -*- test-case-name: tests.auth.test_audit -*-
"""
One line in the log for each attempt to get in: who, from where, by which kind, and what
came of it.  Credentials are not among that.  Where attempts are many, L{balws.logs.repeats} and, for the admin
endpoint, L{balws.admin.refusals} count those that no throttle bounds.
"""

from __future__ import annotations

import json

from twisted.logger import Logger

__all__ = ["accepted", "asked", "refused", "shown"]

#: A name is cut behind so many characters, and a reason.
LONGEST = 64
LONGEST_REASON = 200

#: What is longer when written is cut like a name, whose characters become twelve each at most.
MAX_FIELD = 1000

_log = Logger(namespace="balws.audit")


def shown(text: str, longest: int = LONGEST) -> str:
    """
    @return: what a peer may have written, so that it stays on one line of any terminal.
    """
    cut = text if len(text) <= longest else text[:longest] + "..."
    written = json.dumps(cut)
    return written if len(written) <= MAX_FIELD else json.dumps(cut[:LONGEST] + "...")


def accepted(kind: str, username: str, address: str, path: str) -> None:
    """
    @param kind: what told who it is, such as C{file} or C{jwt}.
    """
    _log.info(
        "accepted: {username} from {address} by {kind} at {path}",
        result="accepted",
        username=shown(username),
        address=address,
        kind=kind,
        path=path,
    )


def asked(address: str, path: str) -> None:
    """
    Somebody showed nothing, as browsers do at first.  No attempt: anybody could fill a disk
    with lines of these.
    """
    _log.debug("no credentials from {address} at {path}", result="unauthenticated", address=address, path=path)


def refused(result: str, why: str, username: str, address: str, path: str, **mark: object) -> None:
    """
    @param result: what the peer was told: C{unauthenticated}, C{forbidden},
        C{unavailable} or C{throttled}; C{given up} when it had left by then.
    @param why: in our own words.
    @param username: as it came, or empty where only a token did.
    @param mark: what else the event is to have.
    """
    _log.warn(
        "{result}: {username} from {address} at {path}: {why}",
        result=result,
        username=shown(username),
        address=address,
        path=path,
        why=shown(why, LONGEST_REASON),
        **mark,
    )
