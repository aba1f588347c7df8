"""
Tests of L{balws.server.provenance}.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.network import LOCAL
from balws.config.server import ServerConfiguration
from balws.server.provenance import Provenance, addressOf, hostOf

PROXY = "10.1.2.3"


class Asked:
    """
    As much of a request as counts here.
    """

    def __init__(self, peer: str, isSecure: bool = False, **fields: Any) -> None:
        """
        @param peer: the transport's; L{LOCAL} is a socket that is a file.
        @param fields: header fields, an underscore for each hyphen: a text or several.
        """
        self._isSecure = isSecure
        self.fields = {
            name.replace("_", "-").lower().encode(): [
                line.encode() for line in ([values] if isinstance(values, str) else values)
            ]
            for name, values in fields.items()
        }
        if peer == LOCAL:
            self.client: Any = UNIXAddress(b"/run/socket")
        else:
            self.client = (IPv6Address if ":" in peer else IPv4Address)("TCP", peer, 40000)

    def isSecure(self) -> bool:
        return self._isSecure


def provenance(*trusted: str) -> Provenance:
    """
    @param trusted: as in a file.
    """
    return Provenance(ServerConfiguration(trustedProxies=trusted).trustedProxies)


class AddressTests(SynchronousTestCase):
    """
    Who the client is.
    """

    def assertAddress(self, expected: str, forwarded: Any, peer: str = PROXY, *trusted: str) -> None:
        """
        It is this, for a request with this C{X-Forwarded-For}.
        """
        fields = {} if forwarded is None else {"X_Forwarded_For": forwarded}
        trusts = provenance(*(trusted or ("10.0.0.0/8",)))
        self.assertEqual(trusts.address(Asked(peer, **fields)), expected, forwarded)

    def test_untrusted(self) -> None:
        """
        Who is no proxy is who he is, whatever he says.
        """
        self.assertAddress("192.0.2.1", "203.0.113.9", "192.0.2.1")
        self.assertAddress("11.0.0.1", "203.0.113.9", "11.0.0.1")
        self.assertEqual(Provenance().address(Asked(PROXY, X_Forwarded_For="203.0.113.9")), PROXY)

    def test_trusted(self) -> None:
        """
        What a proxy has seen counts; where it tells nothing, the proxy itself does.
        """
        self.assertAddress("203.0.113.9", "203.0.113.9")
        self.assertAddress(PROXY, None)

    def test_fromTheRight(self) -> None:
        """
        What a client pretends stands on the left of what the proxies saw: the first address from
        the right that is no proxy counts.
        """
        self.assertAddress("203.0.113.9", "198.51.100.1, 203.0.113.9")
        self.assertAddress("203.0.113.9", "198.51.100.1,203.0.113.9 , 10.9.9.9,10.0.0.1")
        self.assertAddress("203.0.113.9", "10.0.0.7, 203.0.113.9")

    def test_lines(self) -> None:
        """
        Several fields are one list.
        """
        self.assertAddress("203.0.113.9", ["198.51.100.1", "203.0.113.9", "10.0.0.1"])

    def test_allTrusted(self) -> None:
        """
        Where all are proxies, the one that is farthest away asks.
        """
        self.assertAddress("10.0.0.9", "10.0.0.9, 10.0.0.1")

    def test_garbage(self) -> None:
        """
        Behind what is no address nothing is believed: the last proxy counts.
        """
        for bad in ("", " ", "unknown", "203.0.113.9.9", "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:123456"):
            self.assertAddress(PROXY, bad)
            self.assertAddress("10.0.0.1", f"203.0.113.9, {bad}, 10.0.0.1")
        for bad in ("[2001:db8::1", "[2001:db8::1]x", "[2001:db8::1]80", "2001:db8::1]", "fe80::1%eth0", "\xb2.0.2.1"):
            self.assertAddress(PROXY, bad)

    def test_forms(self) -> None:
        """
        Some proxies write a port, or brackets; all forms of an address are one.
        """
        self.assertAddress("203.0.113.9", "203.0.113.9:4711")
        self.assertAddress("203.0.113.9", "::ffff:203.0.113.9")
        for form in ("2001:db8::1", "2001:DB8:0::1", "[2001:db8::1]", "[2001:db8::1]:80"):
            self.assertAddress("2001:db8::1", form)

    def test_mapped(self) -> None:
        """
        A port for both versions of IP knows a proxy of IPv4 all the same.
        """
        self.assertAddress("203.0.113.9", "203.0.113.9", "::ffff:10.0.0.1")

    def test_six(self) -> None:
        """
        Proxies may be networks of IPv6.
        """
        self.assertAddress("203.0.113.9", "203.0.113.9", "2001:db8::5", "2001:db8::/32")
        self.assertAddress("2001:db9::5", "203.0.113.9", "2001:db9::5", "2001:db8::/32")
        self.assertAddress("fe80::1%eth0", "203.0.113.9", "fe80::1%eth0", "2001:db8::/32")
        self.assertAddress("203.0.113.9", "203.0.113.9", "fe80::1%eth0", "fe80::/10")

    def test_unix(self) -> None:
        """
        A socket that is a file is trusted by its name, and by no network.
        """
        self.assertAddress("203.0.113.9", "203.0.113.9", LOCAL, "unix")
        self.assertAddress("203.0.113.9", "203.0.113.9", LOCAL, "10.0.0.0/8", "unix")
        self.assertAddress(LOCAL, "203.0.113.9", LOCAL, "0.0.0.0/0")
        self.assertAddress("10.0.0.1", "203.0.113.9", "10.0.0.1", "unix")
        self.assertAddress(PROXY, LOCAL, PROXY, "unix", "10.0.0.0/8")


class SecureTests(SynchronousTestCase):
    """
    Whether a client speaks TLS.
    """

    def assertSecure(self, expected: bool, forwarded: Any, peer: str = PROXY, isSecure: bool = False) -> None:
        """
        It does, or does not, for a request with this C{X-Forwarded-Proto}.
        """
        fields = {} if forwarded is None else {"X_Forwarded_Proto": forwarded}
        trusts = provenance("10.0.0.0/8")
        self.assertIs(trusts.isSecure(Asked(peer, isSecure, **fields)), expected, forwarded)

    def test_transport(self) -> None:
        """
        Our own TLS counts, whatever anybody says.
        """
        for peer in (PROXY, "192.0.2.1"):
            self.assertSecure(True, None, peer, True)
            self.assertSecure(True, "http", peer, True)

    def test_proxy(self) -> None:
        """
        A proxy that is trusted is believed, and nobody else is.
        """
        self.assertSecure(True, "https")
        self.assertSecure(True, "HTTPS")
        self.assertSecure(False, "http")
        self.assertSecure(False, "wss")
        self.assertSecure(False, "")
        self.assertSecure(False, None)
        self.assertSecure(False, "https", "192.0.2.1")
        self.assertSecure(False, "https", LOCAL)

    def test_hops(self) -> None:
        """
        Where several hops are named, all of them must have it.
        """
        self.assertSecure(True, "https, https")
        self.assertSecure(True, ["https", "https"])
        self.assertSecure(False, "https, http")
        self.assertSecure(False, ["http", "https"])
        self.assertSecure(False, "https,")


class TransportTests(SynchronousTestCase):
    """
    What a transport says.
    """

    def test_local(self) -> None:
        """
        A socket that is a file has no address; its peers are one.
        """
        self.assertEqual(hostOf(UNIXAddress(b"socket")), "a local socket")
        self.assertEqual(hostOf(None), "a local socket")
        self.assertEqual(hostOf(IPv4Address("TCP", "192.0.2.1", 1)), "192.0.2.1")

    def test_request(self) -> None:
        """
        What was found out about a request counts, and else its transport.
        """
        asked = SimpleNamespace(getClientAddress=lambda: IPv4Address("TCP", "192.0.2.1", 1))
        self.assertEqual(addressOf(asked), "192.0.2.1")
        asked.clientAddress = "203.0.113.9"
        self.assertEqual(addressOf(asked), "203.0.113.9")
