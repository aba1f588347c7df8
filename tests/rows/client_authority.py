"""
Certificates in files, good and bad, and a TLS server that shows them.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import attrs

from tests import certificates
from tests.rows.client_hostile import Accepted


@attrs.frozen
class Issued:
    """
    @ivar chain: the certificate in a file.
    @ivar key: its key in another.
    """

    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """
        @return: what a server needs.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Authority:
    """
    A certificate authority with a folder.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """
        @param folder: for its files and those of what it issues.
        """
        self._folder = folder
        self._authority = certificates.Authority(name)
        self.file = Path(self._authority.write(folder, name))

    def issue(self, *hosts: str, common: str = "server", days: int = 1) -> Issued:
        """
        As L{certificates.Authority.issue}.
        """
        return self._written(self._authority.issue(*hosts, common=common, days=days))

    def own(self) -> Issued:
        """
        @return: its own certificate, as a server would show it.
        """
        return self._written(certificates.Issued(self._authority.certificate, self._authority.key))

    def _written(self, issued: certificates.Issued) -> Issued:
        chain, key = issued.write(self._folder, f"{issued.certificate.serial_number:x}")
        return Issued(Path(chain), Path(key))


def secured(accepted: Accepted, issued: Issued) -> bytes:
    """
    Make the TLS handshake, and read the first of what comes under it.

    @return: what the client said; C{b""} where it left without a word.
    """
    plain = accepted.socket
    try:
        accepted.socket = issued.context().wrap_socket(plain, server_side=True)
        return accepted.request()
    except (ssl.SSLError, ConnectionResetError):
        return b""
    finally:
        if accepted.socket is not plain and accepted.head == b"":
            try:
                accepted.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
