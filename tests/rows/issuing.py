"""
An issuer of tokens on loopback, and clients that get theirs from it.
"""

from __future__ import annotations

import re
import ssl
import time
from base64 import b64encode
from itertools import count
from typing import Any

from tests.rows.backend import BackEndHost, Question, said
from tests.rows.client_driving import ClientTestCase, Line
from tests.rows.client_hostile import Accepted, Hostile, closing
from tests.waiting import PATIENCE

FAST = {"interval": 0.05, "maxWaitInterval": 0.05}

#: The values of a head's Authorization fields.
SHOWN = re.compile(rb"^authorization:[ \t]*(.*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def basic(name: str, secret: str) -> str:
    """
    @return: the value of a field that shows this pair.
    """
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode()


def no(status: int, *lines: str) -> bytes:
    """
    @return: a refusal of an upgrade.
    """
    return "\r\n".join([f"HTTP/1.1 {status} No", "Content-Length: 0", *lines, "", ""]).encode()


class Issuer(BackEndHost):
    """
    Gives tokens, numbered from 1, as long as nobody says otherwise.

    @ivar more: further members of each answer.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, **more: Any) -> None:
        self._numbers = count(1)
        self.more = more
        super().__init__(self.give, tls)

    def give(self, question: Question) -> bytes:
        """
        Answer a question.
        """
        token = f"t0ken-{next(self._numbers)}"
        return said({"access_token": token, "token_type": "Bearer", "expires_in": 3600, **self.more})

    @property
    def url(self) -> str:
        """
        The token endpoint.
        """
        return super().url + "/token"


class IssuedTestCase(ClientTestCase):
    """
    Has issuers; no error shows a token or a secret.
    """

    def issuer(self, tls: ssl.SSLContext | None = None, **more: Any) -> Issuer:
        """
        @return: an issuer that is gone after the test.
        """
        issuer = Issuer(tls, **more)
        self.addCleanup(issuer.stop)
        return issuer

    def auth(self, issuer: Issuer, **fields: Any) -> dict[str, Any]:
        """
        @return: the credentials of one whose tokens this issuer gives.
        """
        return {"tokenUrl": issuer.url, "clientId": "app", "clientSecret": "app-s3cret", **fields}

    def shown(self, accepted: Accepted) -> list[str]:
        """
        @return: the values of all C{Authorization} fields of an upgrade request.
        """
        return [each.decode() for each in SHOWN.findall(accepted.request())]

    def comes(self, server: Hostile, token: str, answer: bytes | None = None) -> Accepted:
        """
        Check what the next connection shows, once, and answer it.

        @param answer: L{None} accepts.
        """
        accepted = server.accept()
        self.assertEqual(self.shown(accepted), [token])
        accepted.send(accepted.answer() if answer is None else answer)
        if answer is not None:
            accepted.close()
        return accepted

    def telling(self, server: Hostile, auth: Any, **fields: Any) -> str:
        """
        @return: the name of a client that comes back, and says so.
        """
        own = {"auth": auth, "retryConfig": FAST, **fields}
        return self.driver.tell("connect", url=server.url, fields=own, telling=True)

    def back(self, name: str, server: Hostile, token: str) -> Accepted:
        """
        @return: the server's end of the next connection of one that was lost, which shows this.
        """
        self.driver.told(name, "reconnecting")
        accepted = self.comes(server, token)
        self.driver.told(name, "reconnected")
        return accepted

    def leave(self, name: str, accepted: Accepted) -> None:
        """
        Close from the client's side.
        """
        closed = self.calling(name, "close")
        self.assertEqual(accepted.closed(), 1000)
        accepted.send(closing(1000)).close()
        self.succeeds(closed)

    def fails(self, name: str, error: str, words: str = "", seconds: float = PATIENCE) -> Line:
        """
        See L{ClientTestCase.fails}.
        """
        failed = super().fails(name, error, words, seconds)
        self.assertNotRegex(failed["text"], "s3cret|t0ken")
        return failed

    def unavailable(self, name: str, server: Hostile) -> Line:
        """
        Check that this fails for want of a token, and that the server hears nothing of it.
        """
        failed = self.fails(name, "AuthUnavailableError", "Failed to enrich request with OAuth2 token.")
        self.assertIn("AuthError", failed["kinds"])
        self.assertFalse(server.isCalled(0.05))
        return failed

    def until(self, true: Any, seconds: float = PATIENCE) -> None:
        """
        Wait for this.
        """
        deadline = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
