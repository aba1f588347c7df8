"""
Tests of L{balws.auth.ldap.connection}.
"""

from __future__ import annotations

import errno
import gc
import socket
import ssl
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from balws.auth.ldap import socket as ldapsocket
from balws.auth.ldap.connection import Connector, LdapConnection
from balws.auth.ldap.library import Connection
from balws.auth.ldap.socket import LdapProblem
from tests.auth import fakeldap
from tests.auth.fakeldap import SUFFIX, FakeDirectory, config, entry, result
from tests.auth.threaded import PATIENCE
from tests.certificates import Authority, Issued

ADMIN = f"cn=admin,{SUFFIX}"
USERS = f"ou=Users,{SUFFIX}"


def _say(garbage: bytes, connection: Any) -> None:
    connection.sendall(garbage)
    connection.shutdown(socket.SHUT_WR)


def _resolving(*hosts: str, port: int) -> Any:
    """
    @return: a patch that gives these addresses to the host C{directory}.
    """
    real = socket.getaddrinfo

    def resolve(host: str, *args: Any, **kwargs: Any) -> Any:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]
        return found if host == "directory" else real(host, *args, **kwargs)

    return patch.object(socket, "getaddrinfo", resolve)


class ConnectionTestCase(SynchronousTestCase):
    """
    Opens connections.
    """

    def open(self, url: str, seconds: float = PATIENCE, **others: Any) -> LdapConnection:
        connection = Connector(config(url, **others)).open(monotonic() + seconds)
        self.addCleanup(connection.drop)
        return connection

    def assertNotOpened(self, url: str, words: str, seconds: float = PATIENCE, **others: Any) -> None:
        connector = Connector(config(url, **others))
        error = self.assertRaises(LdapProblem, connector.open, monotonic() + seconds)
        self.assertIn(words, str(error))

    def assertProblem(self, words: str, function: Any, *args: object) -> None:
        error = self.assertRaises(LdapProblem, function, *args)
        self.assertIn(words, str(error))


class PlainTests(ConnectionTestCase):
    """
    Connections without TLS.
    """

    def setUp(self) -> None:
        self.directory = FakeDirectory(self)

    def test_bind(self) -> None:
        """
        The number of a bind's result tells whether the password is right.
        """
        connection = self.open(self.directory.url)
        self.assertEqual(connection.bind(ADMIN, b"no"), 49)
        self.assertEqual(connection.bind(ADMIN, b"admin-secret"), 0)
        self.assertEqual(self.directory.connections, 1)

    def test_exactly(self) -> None:
        """
        A password is sent as it is: nothing is mapped to nothing, or to something else (LD02).
        """
        connection = self.open(self.directory.url)
        passwords = [each.encode() for each in ("\u00ad", "\u2168 \u00a0", " x ", "\x01", "\ue000")]
        for password in passwords:
            connection.bind(ADMIN, password)
        self.assertEqual([password for _, password in self.directory.binds()], passwords)

    def test_empty(self) -> None:
        """
        A bind without a name or without a password is never sent: it would succeed (LD02).
        """
        connection = self.open(self.directory.url)
        self.assertProblem("is none", connection.bind, ADMIN, b"")
        self.assertProblem("is none", connection.bind, "", b"xxx")
        self.assertEqual(self.directory.asked, [])

    def test_forgets(self) -> None:
        """
        The connection does not keep the password, whether it was right, wrong, or unheard (AB13).
        """
        connection = self.open(self.directory.url)
        inner = connection._connection
        connection.bind(ADMIN, b"p4ssw0rd-canary")
        self.assertEqual((inner.password, inner.request), (None, None))
        self.directory.answers[fakeldap.BIND] = lambda asked: None
        self.assertProblem("session terminated", connection.bind, ADMIN, b"p4ssw0rd-canary")
        self.assertEqual((inner.password, inner.request), (None, None))

    def test_search(self) -> None:
        """
        A search says what it wants: aliases not followed, no more entries than asked for.
        """
        found = self.open(self.directory.url).search(USERS, "(uid=alice)", "uid", 2)
        self.assertEqual(
            ([(each.name, each.values) for each in found.entries], found.isCut),
            (
                [(f"uid=alice,{USERS}", ("alice",))],
                False,
            ),
        )
        (asked,) = self.directory.searches()
        self.assertEqual((asked.name, asked.aliases, asked.sizeLimit), (USERS, 0, 2))

    def test_values(self) -> None:
        """
        Names of attributes are the same in small letters; values that are no text are left out.
        """
        self.directory.answers[fakeldap.SEARCH] = lambda asked: [
            entry("uid=a", UID=["a", b"\xff", "b"]),
            entry("uid=b", other=["c"]),
            result(fakeldap.DONE),
        ]
        found = self.open(self.directory.url).search(USERS, "(uid=alice)", "uid", 2)
        self.assertEqual([each.values for each in found.entries], [("a", "b"), ()])

    def test_cut(self) -> None:
        """
        It is known when there is more, whether the directory says so or sends more than it was
        asked for.
        """
        some = [entry(f"uid={number}", uid=[str(number)]) for number in range(3)]
        connection = self.open(self.directory.url)
        for entries, code, isCut in ((some[:2], 0, False), (some[:2], 4, True), (some, 0, True), ([], 4, True)):
            answers = [*entries, result(fakeldap.DONE, code)]
            self.directory.answers[fakeldap.SEARCH] = lambda asked, answers=answers: answers  # type: ignore[misc]
            self.assertEqual(connection.search(USERS, "(uid=alice)", "uid", 2).isCut, isCut)

    def test_references(self) -> None:
        """
        References to other directories are not followed: what they may have is not there.
        """
        other = FakeDirectory(self)
        self.directory.answers[fakeldap.SEARCH] = lambda asked: [
            fakeldap.ber(fakeldap.REFERENCE, fakeldap.text(other.url)),
            result(fakeldap.DONE),
        ]
        found = self.open(self.directory.url).search(USERS, "(uid=alice)", "uid", 2)
        self.assertEqual((found.entries, found.isCut, other.connections), ((), False, 0))

    def test_referral(self) -> None:
        """
        A directory that knows another one to ask has not answered, and the other is not asked.
        """
        other = FakeDirectory(self)
        where = fakeldap.ber(0xA3, fakeldap.text(other.url))
        self.directory.answers[fakeldap.SEARCH] = lambda asked: [result(fakeldap.DONE, 10, where)]
        self.directory.answers[fakeldap.BIND] = lambda asked: [result(fakeldap.BOUND, 10, where)]
        connection = self.open(self.directory.url)
        self.assertProblem("ended with referral", connection.search, USERS, "(uid=alice)", "uid", 2)
        self.assertProblem("", connection.bind, ADMIN, b"admin-secret")
        self.assertEqual(other.connections, 0)

    def test_failedSearch(self) -> None:
        """
        A search that ends with an error has found nothing out.
        """
        self.directory.answers[fakeldap.SEARCH] = lambda asked: [result(fakeldap.DONE, 32)]
        connection = self.open(self.directory.url)
        self.assertProblem(
            f"the search below '{USERS}' ended with noSuchObject", connection.search, USERS, "(uid=alice)", "uid", 2
        )

    def test_otherAnswer(self) -> None:
        """
        An answer to another request is none, however successful.
        """
        self.directory.answers[fakeldap.BIND] = lambda asked: [result(fakeldap.DONE)]
        connection = self.open(self.directory.url)
        self.assertProblem("an answer to something else", connection.bind, ADMIN, b"admin-secret")

    def test_garbage(self) -> None:
        """
        Whatever comes in place of an answer, it is a problem and nothing else (G17).
        """
        for garbage in (
            b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20,
            b"\x00" * 200,
            b"\xff" * 200,
            b"\x30\x00",
            b"\x30\x80" + b"\x00" * 100,
            fakeldap.ber(0x30, fakeldap.text("x")),
            fakeldap.ber(0x30, b"\x02\x01\x00", result(fakeldap.EXTENDED_DONE)),
            fakeldap.ber(0x30, b"\x02\x01\x00", result(fakeldap.BOUND)),
            fakeldap.ber(0x30, b"\x02\x02\x7f\xff", result(fakeldap.BOUND)),
        ):
            self.directory.answers[fakeldap.BIND] = lambda asked, garbage=garbage: partial(_say, garbage)  # type: ignore[misc]
            connection = self.open(self.directory.url)
            self.assertRaises(LdapProblem, connection.bind, ADMIN, b"admin-secret")
            self.assertProblem("", connection.search, USERS, "(uid=alice)", "uid", 2)

    def test_endless(self) -> None:
        """
        An answer that has no end is not read to its end.
        """
        self.patch(ldapsocket, "MAX_ANSWER", 100_000)
        self.directory.answers[fakeldap.SEARCH] = lambda asked: (
            lambda connection: connection.sendall(b"\x30\x84\x7f\xff\xff\xff" + b"x" * 1_000_000)
        )
        connection = self.open(self.directory.url)
        self.assertProblem("an answer of over 100000 bytes", connection.search, USERS, "(uid=alice)", "uid", 2)

    def test_silence(self) -> None:
        """
        An answer is waited for until C{readTimeout}, and until the login must be over.
        """
        self.directory.answers[fakeldap.SEARCH] = lambda asked: self.directory.hang
        connection = self.open(self.directory.url, readTimeout=0.05)
        self.assertProblem("no answer in time", connection.search, USERS, "(uid=alice)", "uid", 2)
        connection = self.open(self.directory.url)
        connection.deadline = monotonic() + 0.05
        self.assertProblem("no answer in time", connection.search, USERS, "(uid=alice)", "uid", 2)

    def test_drops(self) -> None:
        """
        A few bytes now and then do not make an answer last longer (G17).
        """

        def drip(connection: Any) -> None:
            for byte in result(fakeldap.BOUND) * 9:
                connection.sendall(bytes([byte]))
                if self.directory._stopped.wait(0.02):
                    return

        self.directory.answers[fakeldap.BIND] = lambda asked: drip
        connection = self.open(self.directory.url, readTimeout=0.1)
        began = monotonic()
        self.assertRaises(LdapProblem, connection.bind, ADMIN, b"admin-secret")
        self.assertLess(monotonic() - began, 2)

    def test_close(self) -> None:
        """
        Who goes says so, once; who finds nobody there any more goes as well.
        """
        connection = self.open(self.directory.url)
        connection.bind(ADMIN, b"admin-secret")
        connection.close()
        connection.close()
        self.directory.hangUp()
        self.assertEqual(self.directory.kinds(), [fakeldap.BIND, fakeldap.UNBIND])
        connection = self.open(self.directory.url)
        connection._connection.socket.close()
        connection.close()
        self.assertTrue(connection._connection.closed)

    def test_refused(self) -> None:
        """
        Where nobody listens, that is said.
        """
        self.directory.stop()
        self.assertNotOpened(self.directory.url, "no connection: socket connection error while opening: [Errno 111]")

    def test_unknownHost(self) -> None:
        """
        A host without an address is named.
        """
        with patch.object(socket, "getaddrinfo", side_effect=socket.gaierror(-2, "Name or service not known")):
            self.assertNotOpened("ldap://directory", "the host directory is not found (Name or service not known)")

    def test_addresses(self) -> None:
        """
        A host may have several addresses, of which one that answers is enough; no socket of the
        others stays open.
        """
        with _resolving("127.9.9.9", "127.0.0.1", port=self.directory.number):
            connection = self.open(f"ldap://directory:{self.directory.number}")
        gc.collect()
        self.assertEqual(self.flushWarnings(), [])
        self.assertEqual(connection.bind(ADMIN, b"admin-secret"), 0)

    def test_late(self) -> None:
        """
        When the login must be over, no connection is begun.
        """
        self.assertNotOpened(self.directory.url, "no connection: the time is over", 0)
        self.assertEqual(self.directory.connections, 0)

    def test_noDescriptors(self) -> None:
        """
        Where the system has no more sockets, that is said (G17).
        """
        problem = OSError(errno.EMFILE, "Too many open files")
        with patch.object(socket, "socket", side_effect=problem):
            self.assertNotOpened(self.directory.url, "Too many open files")


class TlsTestCase(ConnectionTestCase):
    """
    A directory with a certificate.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.authority = Authority()
        self.trust = {"cert": self.authority.write(self.folder)}

    def server(self, issued: Issued, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*issued.write(self.folder))
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context


class SecureTests(TlsTestCase):
    """
    C{ldaps}, and StartTLS with the same certificates.
    """

    def assertVerified(self, issued: Issued, words: str, **others: Any) -> None:
        """
        Neither goes on with this certificate, and no password was sent.
        """
        for isLdaps in (True, False):
            directory = FakeDirectory(self, self.server(issued), isLdaps)
            secureSocket = {**self.trust, "startTls": not isLdaps, **others}
            self.assertNotOpened(directory.url, words, secureSocket=secureSocket)
            directory.hangUp()
            self.assertNotIn(fakeldap.BIND, directory.kinds())

    def test_bind(self) -> None:
        """
        Whom the given authority knows as this host hears the password, by TLS alone.
        """
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for isLdaps in (True, False):
                server = self.server(self.authority.issue("127.0.0.1"), version)
                directory = FakeDirectory(self, server, isLdaps)
                connection = self.open(directory.url, secureSocket={**self.trust, "startTls": not isLdaps})
                self.assertEqual(connection.bind(ADMIN, b"admin-secret"), 0)
                heard = [(each.kind, each.isSecure) for each in directory.asked]
                before = [] if isLdaps else [(fakeldap.EXTENDED, False)]
                self.assertEqual(heard, [*before, (fakeldap.BIND, True)])

    def test_share(self) -> None:
        """
        An address that does not answer leaves the next one some time, and each has to have the
        certificate of the host.
        """
        directory = FakeDirectory(self, self.server(self.authority.issue("directory")), isLdaps=True)
        deaf = socket.create_server(("127.9.9.9", directory.number))
        self.addCleanup(deaf.close)
        with _resolving("127.9.9.9", "127.0.0.1", port=directory.number):
            url = f"ldaps://directory:{directory.number}"
            connection = self.open(url, secureSocket=self.trust, connectionTimeout=1)
        self.assertEqual(connection.bind(ADMIN, b"admin-secret"), 0)

    def test_unknownAuthority(self) -> None:
        """
        A certificate of another authority is not accepted (LD06).
        """
        self.assertVerified(Authority("Other").issue("127.0.0.1"), "TLS: the certificate is not accepted: ")

    def test_otherHost(self) -> None:
        """
        Nor is one for another host, or for no host but in its subject (LD06).
        """
        self.assertVerified(self.authority.issue("127.0.0.2"), "IP address mismatch")
        self.assertVerified(self.authority.issue(common="127.0.0.1"), "IP address mismatch")

    def test_expired(self) -> None:
        """
        Nor is one that has expired (LD06).
        """
        self.assertVerified(self.authority.issue("127.0.0.1", days=-1), "certificate has expired")

    def test_default(self) -> None:
        """
        Without C{cert} those are trusted whom the system trusts, not everybody (LD06).
        """
        self.assertVerified(self.authority.issue("127.0.0.1"), "TLS: the certificate is not accepted: ", cert=None)
        directory = FakeDirectory(self, self.server(self.authority.issue("127.0.0.1")), isLdaps=True)
        self.assertNotOpened(directory.url, "TLS: the certificate is not accepted: ")

    def test_old(self) -> None:
        """
        TLS 1.1 is not spoken.
        """
        server = self.server(self.authority.issue("127.0.0.1"), ssl.TLSVersion.TLSv1_1)
        directory = FakeDirectory(self, server, isLdaps=True)
        self.assertNotOpened(directory.url, "TLS: ", secureSocket=self.trust)
        self.assertEqual({each["category"] for each in self.flushWarnings()}, {DeprecationWarning})  # ssl's, of TLS 1.1

    def test_noTls(self) -> None:
        """
        What answers in plain text where TLS should be, or not at all, is no directory (G17).
        """
        directory = FakeDirectory(self)
        directory.onConnect = lambda connection: connection.sendall(b"220 welcome\r\n" * 9)
        url = directory.url.replace("ldap:", "ldaps:")
        self.assertNotOpened(url, "TLS: ", secureSocket=self.trust)
        directory.onConnect = directory.hang
        self.assertNotOpened(url, "TLS: no handshake in time", secureSocket=self.trust, connectionTimeout=0.05)


class StartTlsTests(TlsTestCase):
    """
    Directories that do not go over to TLS.
    """

    def assertNothingSaid(self, directory: FakeDirectory, words: str) -> None:
        secureSocket = {**self.trust, "startTls": True}
        self.assertNotOpened(directory.url, words, secureSocket=secureSocket, connectionTimeout=0.5)
        directory.stop()
        self.assertNotIn(fakeldap.BIND, directory.kinds())
        self.assertNotIn(fakeldap.SEARCH, directory.kinds())

    def test_refused(self) -> None:
        """
        One that refuses hears nothing more (LD06).
        """
        self.assertNothingSaid(FakeDirectory(self), "startTLS failed - protocolError")

    def test_nonsense(self) -> None:
        """
        Nor does one that answers nonsense, hangs, or hangs up (LD06).
        """
        for answer in (b"\x00" * 99, b"\x30\x05", None, [result(fakeldap.BOUND, 1)]):
            directory = FakeDirectory(self)
            directory.answers[fakeldap.EXTENDED] = lambda asked, answer=answer: answer  # type: ignore[misc]
            self.assertNothingSaid(directory, "no connection: ")
        directory = FakeDirectory(self)
        directory.answers[fakeldap.EXTENDED] = lambda asked: directory.hang
        self.assertNothingSaid(directory, "no answer in time")

    def test_agreesOnly(self) -> None:
        """
        Nor does one that agrees and goes on in plain text (LD06).
        """
        directory = FakeDirectory(self)
        directory.answers[fakeldap.EXTENDED] = lambda asked: [result(fakeldap.EXTENDED_DONE)]
        self.assertNothingSaid(directory, "TLS: ")

    def test_undecided(self) -> None:
        """
        Nor does one with which it is not known whether there is TLS.
        """
        with patch.object(Connection, "start_tls", return_value=False):
            self.assertNothingSaid(FakeDirectory(self), "no connection: the directory does not go over to TLS")

    def test_injected(self) -> None:
        """
        An answer that came in plain text before TLS is no answer to what is asked by TLS.
        """
        server = self.server(self.authority.issue("127.0.0.1"))
        directory = FakeDirectory(self, server)

        def answer(asked: Any) -> Any:
            return [result(fakeldap.EXTENDED_DONE), result(fakeldap.BOUND)]

        directory.answers[fakeldap.EXTENDED] = answer
        directory.answers[fakeldap.BIND] = lambda asked: [result(fakeldap.BOUND, 49)]
        try:
            connection = self.open(directory.url, secureSocket={**self.trust, "startTls": True})
        except LdapProblem:
            return
        self.assertEqual(connection.bind(ADMIN, b"no"), 49)
