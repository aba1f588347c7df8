# -*- test-case-name: tests.cli.test_hint -*-
"""
Why there is no connection, in the words of a command line, and what may mend it.
"""

from __future__ import annotations

import re

from twisted.internet.error import ConnectionRefusedError, DNSLookupError

from balws.errors import ConfigurationError, ConnectionError, Error, SslError
from balws.logs.escape import escaped

__all__ = ["EXAMPLE", "hinted", "withExample"]

#: What a URL looks like.
EXAMPLE = "such as ws://localhost:9090/chat"

#: The options that the fields of a client's configuration come from, what is in another first.
_OPTIONS = {
    "secureSocket.cert": "--ca-file",
    "secureSocket.key.keyFile": "--key",
    "secureSocket.key": "--cert",
    "secureSocket.serverName": "--server-name",
    "customHeaders": "--header",
    "subProtocols": "--sub-protocol",
    "maxFrameSize": "--max-frame",
}

#: What the client says, and what may be the matter.
_NO_ANSWER = "closed the connection before it answered"
_NO_TLS = "what came is no TLS"
_NOT_TRUSTED = ("signed by itself, and not trusted", "signed by an authority that is not trusted")


#: What begins as the URLs of the Web do, or with no word.
_ofWeb = re.compile(
    r"(?:http(?P<secure>s?)://)?(?P<rest>(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?(?:/[\w.~%/-]*)?)", re.ASCII
).fullmatch


def withExample(problem: Error, url: str) -> str:
    """
    @param problem: of a URL.
    @param url: the same.
    @return: how one begins, where it does not begin so, and what was meant; else its words, and an example.
    """
    if url.lower().startswith(("ws:", "wss:")):
        return f"{problem}; expected one {EXAMPLE}"
    meant = _ofWeb(url)
    if meant is None:
        return f"a URL begins with ws:// or wss://, {EXAMPLE}"
    return f"a URL begins with ws:// or wss://; did you mean ws{meant['secure'] or ''}://{meant['rest']}?"


def hinted(problem: Error, url: str) -> Error:
    """
    @param problem: why nobody was connected.
    @param url: where to; its query, which may hold a token, is not shown.
    @return: an error that names the option or the URL, and the mend where there is one; or the problem itself.
    """
    place = escaped(url.partition("?")[0])
    words = str(problem)
    if isinstance(problem, ConfigurationError):
        return _named(problem)
    if type(problem) is ConnectionError:
        if isinstance(problem.__cause__, ConnectionRefusedError):
            return Error(f"{place}: the connection was refused; is it running? balws serve")
        if isinstance(problem.__cause__, DNSLookupError):
            return Error(f"{place}: there is no host of this name, or nobody who knows it can be asked")
        mend = ""
        if _NO_ANSWER in words and url.lower().startswith("ws:"):
            mend = "; if it expects TLS, the URL begins with wss://"
        return Error(f"{place}: {words}{mend}")
    if isinstance(problem, SslError):
        mend = ""
        if _NO_TLS in words:
            mend = "; a service without TLS has a URL that begins with ws://"
        elif words.endswith(_NOT_TRUSTED):
            mend = "; --ca-file FILE trusts it"
        return Error(f"{place}: {words}{mend}")
    return problem


def _named(problem: ConfigurationError) -> Error:
    for path, option in _OPTIONS.items():
        if problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")):
            # Which of the headers is at fault helps; which field of a record does not.
            which = problem.path[len(path) :].strip("[].'\"") if path == "customHeaders" else ""
            return ConfigurationError(problem.problem, f"{option} {which}".rstrip())
    return problem
