"""
Whatever a peer sends, in whatever portions: with the short way of L{balws.server.shortcut} and
without it the same is answered, called, counted and logged.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.binding.samples import steady
from tests.server.peers import UPGRADE, frame, upgrade
from tests.server.twins import BROWSER, FRAMES, PATHS, TwinsTestCase


class MutationTests(TwinsTestCase):
    """
    Heads with a fault.
    """

    def test_octets(self) -> None:
        """
        Each octet, at places of each kind.
        """
        plain = upgrade("/keep?a=b", X_A="b")
        places = [
            plain.index(found) + behind
            for found, behind in (
                (b"GET", 0),
                (b"GET", 3),
                (b"/keep", 0),
                (b"/keep", 3),
                (b"?a", 1),
                (b" HTTP", 0),
                (b"HTTP", 4),
                (b"\r\nHost", 0),
                (b"\r\nHost", 1),
                (b"Host", 0),
                (b"Host", 2),
                (b"Host", 4),
                (b"Host", 5),
                (b"example", 3),
                (b"X-A", 1),
                (b": b\r\n", 3),
                (b"\r\n\r\n", 2),
                (b"\r\n\r\n", 3),
            )
        ]
        # Those that mean something at every place; all of them at some place.
        for octet in range(256):
            chosen = places if octet in b"\0\t\n\r :/?;,A\x7f\x80\xff" else places[octet % 6 :: 6]
            for place in chosen:
                self.assertSame(plain[:place] + bytes([octet]) + plain[place:])

    def test_missing(self) -> None:
        """
        Each octet is left out, and each is doubled.
        """
        for place in range(len(BROWSER)):
            self.assertSame(BROWSER[:place] + BROWSER[place + 1 :])
            self.assertSame(BROWSER[: place + 1] + BROWSER[place:])

    def test_lines(self) -> None:
        """
        Each line is left out, doubled, folded, and exchanged with each other.
        """
        lines = BROWSER.split(b"\r\n")[:-2]
        for first in range(len(lines)):
            for second in range(first):
                changed = list(lines)
                changed[first], changed[second] = changed[second], changed[first]
                self.assertSame(b"\r\n".join([*changed, b"", b""]))
            for changed in (
                lines[:first] + lines[first + 1 :],
                lines[: first + 1] + lines[first:],
                [*lines[:first], b" " + lines[first], *lines[first + 1 :]],
                [*lines[:first], lines[first].replace(b":", b" :", 1), *lines[first + 1 :]],
                [*lines[:first], lines[first].swapcase(), *lines[first + 1 :]],
            ):
                self.assertSame(b"\r\n".join([*changed, b"", b""]))


_PATHS = st.sampled_from(
    (*PATHS, "/rooms/a/7", "/rooms/%C3%A4/-1", "/rooms/%FF/1", "/page", "/keep/", "//", "/%6Beep", "/x")
)
_QUERIES = st.sampled_from(
    ("", "?", "?page=2", "?page=x", "?tag=a&tag=b;tag=c", "?on=true&page=1&page=2", "?tag=%FF", "?a=b?c#d", "?=&;+=+")
)
_FIELDS = st.sampled_from(
    (
        ("Host", "a:80"),
        ("host", "a b"),
        ("Upgrade", "h2c, WebSocket"),
        ("UPGRADE", "h2c"),
        ("Connection", "keep-alive, upgrade"),
        ("connection", "close"),
        ("Sec-WebSocket-Key", "x"),
        ("sec-websocket-key", UPGRADE["Sec-WebSocket-Key"]),
        ("Sec-WebSocket-Version", "8"),
        ("sec-websocket-version", "13"),
        ("Sec-WebSocket-Protocol", "chat"),
        ("Sec-WebSocket-Protocol", "a, mqtt ,,b"),
        ("Sec-WebSocket-Protocol", "balws.bearer, token"),
        ("Sec-WebSocket-Protocol", "a b"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Sec-WebSocket-Extensions", "x; y=z, permessage-deflate; client_max_window_bits=10"),
        ("Origin", "https://example.com"),
        ("Origin", "null"),
        ("Origin", "https://elsewhere.example"),
        ("Authorization", "Basic YTpi"),
        ("Content-Length", "0"),
        ("Content-Length", "4"),
        ("Transfer-Encoding", "chunked"),
        ("Expect", "100-continue"),
        ("Range", "bytes=0-"),
        ("Cookie", "a=b"),
        ("User-Agent", " \tm\xe4\xff\t "),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Proto", "https"),
        ("X Y", "z"),
        ("X", ""),
        ("X", "\x00"),
        ("X", "a\r b"),
        ("X", "a\n b"),
        ("", "x"),
    )
)
_FAULT = st.one_of(
    st.none(), st.none(), st.tuples(st.integers(0, 9), st.sampled_from(("\n", "\r", "\r\n ", "\r\n\r\n")))
)
_BEHIND = st.sampled_from((b"", FRAMES, frame(b"early"), b"\x81", b"\xff\xff", upgrade(), b"\r\n\r\n", b"x" * 20_000))


class DifferentialTests(TwinsTestCase):
    """
    Requests made by chance.
    """

    @steady
    @given(
        st.sampled_from(("GET",) * 12 + ("HEAD", "POST", "get")),
        _PATHS,
        _QUERIES,
        st.sampled_from(("HTTP/1.1",) * 12 + ("HTTP/1.0", "HTTP/2", "http/1.1")),
        st.one_of(st.just([]), st.lists(_FIELDS, max_size=3)),
        st.one_of(st.just([]), st.just([]), st.lists(st.sampled_from(tuple(UPGRADE)), max_size=1)),
        st.randoms(use_true_random=False),
        _FAULT,
        _BEHIND,
        st.one_of(st.just([]), st.just([]), st.lists(st.integers(0, 400), max_size=2)),
    )
    def test_same(
        self,
        method: str,
        path: str,
        query: str,
        version: str,
        more: list[tuple[str, str]],
        without: list[str],
        chance: Any,
        fault: tuple[int, str] | None,
        behind: bytes,
        cuts: list[int],
    ) -> None:
        """
        The same is answered, called, counted and logged, whatever was cut where.
        """
        fields = [(name, value) for name, value in UPGRADE.items() if name not in without] + more
        chance.shuffle(fields)
        lines = [f"{method} {path}{query} {version}", *(f"{name}: {value}" for name, value in fields)]
        ends = ["\r\n"] * len(lines)
        if fault is not None:
            ends[min(fault[0], len(lines) - 1)] = fault[1]
        text = "".join(map("".join, zip(lines, ends, strict=True))) + "\r\n"
        data = text.encode("latin-1") + behind
        places = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
        portions = [data[start:end] for start, end in zip(places, places[1:], strict=False) if end > start]
        self.assertSame(*portions)
