"""
Clients whose issuer of tokens is not there, slow, or out of its mind (rows OA09, OA10, CL07
and CL10 of the reliability catalogue).
"""

from __future__ import annotations

import time
from typing import Any

from tests.rows.backend import Question, said, silent
from tests.rows.issuing import FAST, IssuedTestCase
from tests.servers import freePort


class IssuerTests(IssuedTestCase):
    """
    Issuers that are not there, slow, or out of their mind.
    """

    def test_down(self) -> None:
        """
        Without an issuer connecting fails at once, and the server hears nothing; with retryConfig it waits (OA09)
        """
        issuer, server = self.issuer(), self.server()
        issuer.fall()
        failed = self.unavailable(self.connecting(server.url, auth=self.auth(issuer)), server)
        self.assertLess(failed["seconds"], 10)
        name = self.connecting(server.url, auth=self.auth(issuer), retryConfig=FAST)
        self.assertFalse(server.isCalled(0.7))
        self.assertTrue(self.driver.isPending(name))
        issuer.rise()
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        self.leave(name, accepted)
        issuer.fall()
        name = self.connecting(server.url, auth=self.auth(issuer), retryConfig={**FAST, "maxCount": 2})
        self.unavailable(name, server)

    def test_downMeanwhile(self) -> None:
        """
        Without an issuer at a reconnection the client goes on trying; reads and writes wait (OA09, OA10)
        """
        issuer, server = self.issuer(), self.server()
        name = self.telling(server, self.auth(issuer, clockSkew=3600))
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        issuer.fall()
        accepted.reset()
        self.driver.told(name, "reconnecting")
        writing = self.calling(name, "writeTextMessage", "still there")
        self.assertFalse(server.isCalled(0.7))
        issuer.answer = lambda _: said({"error": "temporarily_unavailable"}, 503)
        issuer.rise()
        self.assertFalse(server.isCalled(0.3))
        issuer.answer = issuer.give
        accepted = self.comes(server, "Bearer t0ken-2")
        self.driver.told(name, "reconnected")
        self.assertEqual(accepted.receive(), (1, b"still there"))
        self.succeeds(writing)
        self.leave(name, accepted)

    def test_refusing(self) -> None:
        """
        An issuer that says no is the end, at the first connection and at the next (OA10, CL10)
        """
        for answer in (
            said({"error": "invalid_grant", "error_description": "t0ken s3cret"}, 400),
            said({"error": "invalid_client"}, 401),
            said(b"<html>s3cret</html>", 403),
        ):
            server, issuer = self.server(), self.issuer()
            name = self.telling(server, self.auth(issuer, clockSkew=3600))
            accepted = self.comes(server, "Bearer t0ken-1")
            self.succeeds(name)
            issuer.answer = lambda _, answer=answer: answer
            reading = self.calling(name, "readTextMessage")
            accepted.reset()
            self.refused(reading)
            self.driver.told(name, "reconnecting")
            self.refused(self.connecting(server.url, auth=self.auth(issuer), retryConfig=FAST))
            self.assertFalse(server.isCalled(0.1))

    def refused(self, name: str) -> None:
        """
        Check that this fails because the issuer said no, which is not that he cannot be asked.
        """
        failed = self.driver.answer(name)
        self.assertIn("Failed to enrich request with OAuth2 token.", failed["text"])
        self.assertNotRegex(failed["text"], "s3cret|t0ken")
        self.assertIn("AuthError", failed["kinds"])
        self.assertNotIn("AuthUnavailableError", failed["kinds"])

    def test_addresses(self) -> None:
        """
        However many addresses there are, an issuer who cannot be asked is asked once for all of them (OA09)
        """
        server, issuer = self.server(), self.issuer()
        others = [f"ws://127.0.0.1:{freePort()}/", server.url]
        issuer.answer = lambda _: silent
        auth = self.auth(issuer, clientConfig={"reqTimeout": 1})
        failed = self.unavailable(self.connecting(server.url, auth=auth, targetUrls=others), server)
        self.assertLess(failed["seconds"], 10)
        self.assertEqual(issuer.connections, 1)

    def test_lastAttempt(self) -> None:
        """
        A close while the last attempt waits for its token is a close, and nobody has given up (CL10)
        """
        issuer, server = self.issuer(), self.server()
        name = self.telling(server, self.auth(issuer, clockSkew=3600), retryConfig={**FAST, "maxCount": 1})
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        issuer.answer = lambda _: silent
        accepted.reset()
        self.until(lambda: len(issuer.asked) == 2)
        over = self.calling(name, "whenClosed")
        self.succeeds(self.calling(name, "close"))
        self.assertIsNone(self.succeeds(over))
        self.driver.told(name, "reconnecting")

    def test_slow(self) -> None:
        """
        An issuer that does not answer, or drips, costs no more than the timeout; others connect meanwhile (OA09)
        """

        def drip(connection: Any) -> None:
            for each in range(400):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-More: "[each : each + 1] or b"x")
                time.sleep(0.05)

        server = self.server()
        for speak in (silent, drip):
            issuer = self.issuer()
            issuer.answer = lambda _, speak=speak: speak
            auth = self.auth(issuer, clientConfig={"reqTimeout": 0.6})
            name = self.connecting(server.url, auth=auth)
            self.assertAlive()
            failed = self.unavailable(name, server)
            self.assertTrue(0.5 <= failed["seconds"] <= 10, failed["seconds"])
            self.assertIn("no answer within 0.6 seconds", failed["text"])

    def test_cancelled(self) -> None:
        """
        A connect that is cancelled while its token is waited for is over at once, and so is a close (CL07)
        """
        issuer, server = self.issuer(), self.server()
        issuer.answer = lambda _: silent
        name = self.connecting(server.url, auth=self.auth(issuer))
        self.until(lambda: len(issuer.asked) == 1)
        self.driver.ask("cancel", which=name)
        self.assertLess(self.fails(name, "CancelledError")["seconds"], 10)
        issuer.answer = issuer.give
        name = self.telling(server, self.auth(issuer, clockSkew=3600))
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        issuer.answer = lambda _: silent
        accepted.reset()
        self.until(lambda: len(issuer.asked) == 3)
        reading = self.calling(name, "readTextMessage")
        closed = self.driver.ask("call", of=name, method="close", args=[])
        self.assertLess(closed["seconds"], 10)
        self.fails(reading, "ConnectionClosureError")
        self.driver.told(name, "reconnecting")
        self.assertFalse(server.isCalled(0.2))
        self.assertEqual(len(issuer.asked), 3)

    def test_rubbish(self) -> None:
        """
        Whatever else an issuer says is no token: the client fails, the server hears nothing, the user none of it (OA10)
        """
        good = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 60}
        server, issuer = self.server(), self.issuer()
        for answer in (
            None,
            b"",
            b"t0ken\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + b'{"access_token": "t0ken"}',
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\n" + b"X-More: t0ken\r\n" * 20000 + b"\r\n",
            said(b""),
            said(b"t0ken"),
            said(b"<html>t0ken</html>"),
            said(b'{"access_token": "t0ken"'),
            said(b'{"access_token": "t0ken", "access_token": "s3cret"}'),
            said(b'{"access_token": "t0ken", "expires_in": NaN}'),
            said(b'{"access_token": "t0ken\xff"}'),
            said(b"[" * 30000),
            said(["t0ken"]),
            said("t0ken"),
            said(None),
            said({}),
            said({"error": "invalid_grant"}),
            said({**good, "padding": "t0ken" * 20000}),
            said(good, 200, "Content-Encoding: gzip"),
            said(good, 300),
            said(good, 500),
            said(good, 429),
            said(b"", 204),
            *(said({**good, "access_token": each}) for each in (None, 5, True, ["t0ken"], {"t0ken": 1}, "")),
            *(
                said({**good, "access_token": f"t0ken{each}x"})
                for each in ("\r\n", "\n", " ", "\0", "\u00fc", "\ud83d")
            ),
            *(said({**good, "token_type": each}) for each in ("mac", "DPoP", "Bearer ", 5, ["Bearer"])),
        ):
            issuer.answer = lambda _, answer=answer: answer
            self.unavailable(self.connecting(server.url, auth=self.auth(issuer)), server)

    def test_lifetimes(self) -> None:
        """
        What an issuer says of a token's life decides whether it is shown again; nonsense is not believed (OA10)
        """
        for value, isKept in (
            (3600, True),
            ("3600", True),
            (3600.5, True),
            (1e300, True),
            (10**40, True),
            (None, True),
            ("soon", True),
            (True, True),
            ([], True),
            (0, False),
            (-5, False),
            ("0", False),
        ):
            issuer, server = self.issuer(expires_in=value), self.server()
            name = self.telling(server, self.auth(issuer))
            accepted = self.comes(server, "Bearer t0ken-1")
            self.succeeds(name)
            accepted.reset()
            accepted = self.back(name, server, f"Bearer t0ken-{1 if isKept else 2}")
            self.leave(name, accepted)

    def test_refreshing(self) -> None:
        """
        The newest refresh token is used next; one that is no text is not; a refused one costs the password once (OA10)
        """
        server, issuer = self.server(), self.issuer(refresh_token="r3fresh-1")
        user = {"username": "ada", "password": "s3cret", "refreshConfig": "INFER_REFRESH_CONFIG", "clockSkew": 3600}
        name = self.telling(server, self.auth(issuer, **user))
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        for number, given in ((2, "r3fresh-2"), (3, 5), (4, ""), (5, None), (6, "r3fresh-6")):
            issuer.more = {"refresh_token": given}
            accepted.reset()
            accepted = self.back(name, server, f"Bearer t0ken-{number}")

        def refuse(question: Question) -> bytes:
            refused = question.form["grant_type"] == ["refresh_token"]
            return said({"error": "invalid_grant"}, 400) if refused else issuer.give(question)

        issuer.answer = refuse
        accepted.reset()
        accepted = self.back(name, server, "Bearer t0ken-7")
        self.leave(name, accepted)
        used = [question.form.get("refresh_token", ["-"])[0] for question in issuer.asked]
        later = ["r3fresh-2"] * 4
        self.assertEqual(used, ["-", "r3fresh-1", *later, "r3fresh-6", "-"])
