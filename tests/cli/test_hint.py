"""
Tests of L{balws.cli.hint}.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionRefusedError, DNSLookupError
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.hint import hinted, withExample
from balws.errors import ConfigurationError, ConnectionClosureError, ConnectionError, Error, HandshakeTimedOut, SslError

URL = "ws://127.0.0.1:9090/chat"
WSS = "wss://127.0.0.1:9090/chat"


class HintedTests(SynchronousTestCase):
    """
    Why there is no connection.
    """

    def words(self, problem: Error, url: str = URL, cause: Exception | None = None) -> str:
        problem.__cause__ = cause
        return str(hinted(problem, url))

    def test_refused(self) -> None:
        """
        Where nobody listens, the URL is named without its query, and what to do.
        """
        words = self.words(ConnectionError("IO Error: no"), f"{URL}?token=secret\x1b", ConnectionRefusedError())
        self.assertEqual(words, f"{URL}: the connection was refused; is it running? balws serve")

    def test_others(self) -> None:
        """
        Whatever else kept it from connecting is told with the URL.
        """
        self.assertEqual(self.words(ConnectionError("IO Error: x"), cause=OSError()), f"{URL}: IO Error: x")

    def test_noHost(self) -> None:
        """
        A name that nobody knows is told as one.
        """
        words = self.words(ConnectionError("IO Error: x"), cause=DNSLookupError())
        self.assertEqual(words, f"{URL}: there is no host of this name, or nobody who knows it can be asked")

    def test_example(self) -> None:
        """
        How a URL begins is told without the words of a parser, and what was meant by one of the Web or one without a
        scheme; of others what is wrong, and an example.
        """
        problem, begins = Error("WebSocket client supports only WS(S) scheme: it"), "a URL begins with ws:// or wss://"
        for url, meant in (
            ("http://localhost:9090/chat", "ws://localhost:9090/chat"),
            ("https://example.org", "wss://example.org"),
            ("localhost:9090/a", "ws://localhost:9090/a"),
            ("127.0.0.1:9090/chat", "ws://127.0.0.1:9090/chat"),
            ("localhost", "ws://localhost"),
            ("[::1]:9090", "ws://[::1]:9090"),
        ):
            self.assertEqual(withExample(problem, url), f"{begins}; did you mean {meant}?")
        example = "such as ws://localhost:9090/chat"
        for url in ("ftp://a/", "http://a/?token=canary", "http://a:b@c/", "http://a/\x1b", ""):
            self.assertEqual(withExample(problem, url), f"{begins}, {example}")
        for url in ("ws://localhost:x", "WSS:localhost"):
            self.assertEqual(withExample(Error("Malformed URL"), url), f"Malformed URL; expected one {example}")

    def test_noAnswer(self) -> None:
        """
        A server that hangs up may expect TLS; not one that was spoken to in TLS.
        """
        problem = "IO Error: the server closed the connection before it answered"
        self.assertEqual(
            self.words(ConnectionError(problem)), f"{URL}: {problem}; if it expects TLS, the URL begins with wss://"
        )
        self.assertEqual(self.words(ConnectionError(problem), WSS), f"{WSS}: {problem}")

    def test_tls(self) -> None:
        """
        A certificate that nobody vouches for can be trusted, and a service may have no TLS; else there is no hint.
        """
        for words, mend in (
            ("the certificate is signed by itself, and not trusted", "; --ca-file FILE trusts it"),
            ("the certificate is signed by an authority that is not trusted", "; --ca-file FILE trusts it"),
            ("our certificate is signed by an authority that is not trusted there", ""),
            ("what came is no TLS", "; a service without TLS has a URL that begins with ws://"),
            ("the certificate is for another host", ""),
        ):
            self.assertEqual(self.words(SslError(words), WSS), f"{WSS}: {words}{mend}")

    def test_options(self) -> None:
        """
        What is wrong in the configuration is told by the option that it came from.
        """
        for path, option in (
            ("secureSocket.cert", "--ca-file"),
            ("secureSocket.key.certFile", "--cert"),
            ("secureSocket.key.keyFile", "--key"),
            ("secureSocket.key", "--cert"),
            ("secureSocket.serverName", "--server-name"),
            ("subProtocols[1]", "--sub-protocol"),
            ("customHeaders", "--header"),
            ("customHeaders.X-A", "--header X-A"),
            ("maxFrameSize", "--max-frame"),
            ("subProtocolsOfMine", "subProtocolsOfMine"),
        ):
            self.assertEqual(self.words(ConfigurationError("is wrong", path)), f"{option}: is wrong")

    def test_same(self) -> None:
        """
        Other errors stay what they are.
        """
        for problem in (ConnectionClosureError("closed"), HandshakeTimedOut("late"), Error("else")):
            self.assertIs(hinted(problem, URL), problem)
