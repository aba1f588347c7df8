"""
Heads of HTTP requests: upgrades that are right, nearly right, and wrong.
"""

from __future__ import annotations

from random import Random

from tests.fuzz.bench import KEY

#: The limits of the listener.
MAX_URI, MAX_HEADERS = 100, 600

TARGETS = (
    *(b"/ws", b"/ws", b"/ws", b"/ws?a=b", b"/WS", b"/ws/", b"/ws/x", b"/", b"/page", b"*", b"http://a/ws", b"/%77s"),
    *(b"/../ws", b"//ws", b"/rooms/rooms/a1", b"/rooms/rooms/a?limit=x", b"/rooms/rooms/a?limit=1&flag=true", b"/nix"),
    *(b"/rooms/rooms/%ff", b"/ws" + b"?" * (MAX_URI - 3), b"/ws" + b"?" * (MAX_URI - 2)),
)

_FIELDS: tuple[tuple[bytes, bytes], ...] = (
    (b"Host", b"a"),
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", KEY),
)

_MORE: tuple[tuple[bytes, bytes], ...] = (
    (b"Host", b"b"),
    (b"Host", b"[::1]:80"),
    (b"Upgrade", b"h2c"),
    (b"Upgrade", b"WebSocket"),
    (b"Connection", b"close"),
    (b"Connection", b"keep-alive, Upgrade"),
    (b"Sec-WebSocket-Version", b"8"),
    (b"Sec-WebSocket-Key", KEY),
    (b"Sec-WebSocket-Protocol", b"xml"),
    (b"Sec-WebSocket-Protocol", b"a, xml,,json "),
    (b"Origin", b"null"),
    (b"Sec-WebSocket-Protocol", b"a;b"),
    (b"Sec-WebSocket-Protocol", b"xml, xml"),
    (b"Origin", b"http://a"),
    (b"Sec-WebSocket-Extensions", b'permessage-deflate; client_max_window_bits=8; x="y"'),
    (b"Cookie", b"a=\xff"),
    (b"Sec-WebSocket-Extensions", b"permessage-deflate; server_max_window_bits=99"),
    (b"Sec-WebSocket-Extensions", b";"),
    (b"Content-Length", b"0"),
    (b"Content-Length", b"1"),
    (b"Content-Length", b"-1"),
    (b"Content-Length", b"9" * 30),
    (b"Transfer-Encoding", b"chunked"),
    (b"Expect", b"100-continue"),
    (b"Authorization", b"Basic eA=="),
    (b"X", b""),
    (b"Range", b"bytes=0-1"),
    (b"If-Modified-Since", b"x"),
    (b"X-Long", b"l" * 300),
    (b"X\x0b", b"y"),
    (b"", b"z"),
    (b"Content-Type", b"multipart/form-data"),
    (b"TE", b"trailers"),
    (b"X-Forwarded-For", b"\x0c1\x85"),
    (b" X", b"f"),
)


def head(random: Random, target: bytes, wrong: float) -> bytes:
    """
    @param wrong: how probable it is that something is not as it should be.
    """
    fields = list(_FIELDS)
    method, version = b"GET", b"HTTP/1.1"
    mutate = False
    if random.random() < wrong:
        for _ in range(random.choice((1, 1, 2, 3))):
            match random.randrange(8):
                case 0:
                    fields.pop(random.randrange(len(fields)))
                case 1 | 2:
                    fields.insert(random.randint(0, len(fields)), random.choice(_MORE))
                case 3:
                    at = random.randrange(len(fields))
                    fields[at] = (fields[at][0], random.choice(_MORE)[1])
                case 4:
                    at = random.randrange(len(fields))
                    fields[at] = (
                        random.choice((bytes.lower, bytes.upper, bytes.swapcase))(fields[at][0]),
                        fields[at][1],
                    )
                case 5:
                    method = random.choice((b"POST", b"HEAD", b"get", b"CONNECT", b"PUT", b"G\x00T", b""))
                case 6:
                    version = random.choice((b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.10", b"", b"http/1.1"))
                case _:
                    mutate = True
    lines = [b"%s %s %s" % (method, target, version), *(name + b": " + value for name, value in fields), b"", b""]
    head = b"\r\n".join(lines)
    if mutate:
        head = mutated(random, head)
    return head


def mutated(random: Random, head: bytes) -> bytes:
    """
    @return: the head with one thing changed.
    """
    at = random.randrange(len(head) - 4)
    match random.randrange(5):
        case 0:
            return head[:at] + random.randbytes(1) + head[at + 1 :]
        case 1:
            return (
                head[:at] + random.choice((b"\n", b"\r", b"\0", b"\r\n", b"\r\n ", b" ", b"\t", b":", b",")) + head[at:]
            )
        case 2:
            return head[:at] + head[at + random.randint(1, 5) :]
        case 3:
            return head.replace(b"\r\n", b"\n", random.choice((1, 2, 100)))
        case _:
            return head[:at]


def page(random: Random) -> bytes:
    """
    @return: an ordinary request.
    """
    if random.random() < 0.3:
        size = random.choice((0, 5, 50, 51))
        return b"POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"b" * size
    more = random.choice((b"", b"", b"Connection: close\r\n"))
    return b"GET /page HTTP/1.1\r\nHost: a\r\n%s\r\n" % more
