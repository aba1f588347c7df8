"""
A back end that speaks HTTP on loopback, and does as a test says: sockets and threads alone.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import attrs

from tests.certificates import Issued
from tests.servers import freePort

#: Seconds after which whoever hangs gives up by itself.
PATIENCE = 30


@attrs.frozen
class Question:
    """
    What the back end was asked.

    @ivar head: request line and fields.
    """

    head: str
    body: str

    @property
    def form(self) -> dict[str, list[str]]:
        """
        The body, decoded.
        """
        return parse_qs(self.body, keep_blank_values=True)


def said(body: object = b"", status: int = 200, *fields: str) -> bytes:
    """
    @param body: bytes, or what is written as JSON.
    @return: an answer.
    """
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = (f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(data)}", *fields)
    return "".join(f"{line}\r\n" for line in (*lines, "Connection: close", "")).encode() + data


def serving(issued: Issued, folder: Path, name: str) -> ssl.SSLContext:
    """
    @return: what a server needs to show this certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issued.write(folder, name))
    return context


class BackEndHost:
    """
    @ivar port: where it listens on 127.0.0.1.
    @ivar asked: the questions.
    @ivar connections: how many there were.
    @ivar answer: makes the answer to a question: bytes; L{None} hangs up; anything else that
        can be called is called with the connection.
    """

    def __init__(self, answer: Callable[[Question], Any], tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.asked: list[Question] = []
        self.connections = 0
        self.port = freePort()
        self.rise()

    @property
    def url(self) -> str:
        """
        Where it is.
        """
        return f"http{'' if self.tls is None else 's'}://localhost:{self.port}"

    def rise(self) -> None:
        """
        Listen, at the same port as before.
        """
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def fall(self) -> None:
        """
        Refuse connections.
        """
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def stop(self) -> None:
        """
        End it.
        """
        try:
            self.fall()
        except OSError:
            pass  # it had fallen

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(PATIENCE)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            question = _read(connection)
            if question is None:
                return
            self.asked.append(question)
            answer = self.answer(question)
            if callable(answer):
                answer(connection)
            elif answer is not None:
                connection.sendall(answer)
        except OSError:
            pass  # the peer has gone, or did not like the certificate
        finally:
            connection.close()


def silent(connection: socket.socket) -> None:
    """
    Hear what comes, and say nothing.
    """
    while connection.recv(65536):
        pass


def _read(connection: socket.socket) -> Question | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return Question(head.decode("latin-1"), body.decode("latin-1"))
