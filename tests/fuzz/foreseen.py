"""
What must come of a conversation where nothing takes time.
"""

from __future__ import annotations

from typing import Any

from balws.errors import CorruptedFrameError, PayloadTooLargeError
from tests.fuzz.oracle import Verdict
from tests.fuzz.story import Story
from tests.fuzz.watch import Found

#: What balws says in a close frame when the peer, or a method of ours, has failed.
FIXED = {
    1002: "Connection closed due to protocol error",
    1007: "Payload does not match the expected format or encoding",
    1009: "The received message exceeds the allowed size limit",
    1011: "Unexpected condition",
}


class Foreseen:
    """
    What must happen on a connection where nothing takes time.

    @ivar seen: by the service.
    @ivar said: by balws.
    @ivar codes: one of these in its close frame; L{None} where there must be no close frame.
    @ivar words: in its close frame; L{None} where they are balws's own.
    """

    def __init__(self, heard: Verdict, story: Story) -> None:
        self.seen: list[tuple[Any, ...]] = [("open",)]
        self.said: list[tuple[Any, ...]] = []
        self.codes: frozenset[int | None] | None = None
        self.words: str | None = None
        self._story = story
        self._done = iter(story.done)
        self._closing: tuple[int, str] | None = None
        self._over = False
        self._do()
        for event in heard.events:
            if self._over:
                return
            self._hear(event)
        if not self._over:
            self._end(heard.end)

    def _hear(self, event: tuple[str, Any]) -> None:
        kind, payload = event
        if self._closing:
            return
        if kind in ("text", "binary"):
            self.seen.append(event)
            self._do()
        elif kind == "ping":
            self.said.append(("pong", payload))
            if self._story.full:
                self.seen.append(event)
        elif self._story.full:
            self.seen.append(event)

    def _do(self) -> None:
        kind, payload = next(self._done, ("none", ""))
        said = ("text" if isinstance(payload, str) else "binary", payload)
        match kind:
            case "echo" | "write" | "broadcast":
                self.said.append(said)
            case "twice":
                self.said += [said, said]
            case "json":
                self.said.append(("text", f'{{"size":{len(payload)}}}'))
            case "long":
                self.said.append((said[0], payload * (1 + self._story.longest // max(1, len(payload)))))
            case "ping":
                self.said.append(("ping", b"service"))
            case "raise":
                self._fail(frozenset((1011,)))
            case "frame":
                self._close(1000 if len(payload) % 2 else 4321)
            case "close":
                self._close(3001)
            case "bad":
                self._finish(("close", 1006, ""))

    def _close(self, code: int) -> None:
        self._closing = (code, "bye")
        self.codes, self.words = frozenset((code,)), "bye"

    def _fail(self, codes: frozenset[int]) -> None:
        if not self._closing:
            self.codes = codes
        self._finish(("error",))

    def _finish(self, last: tuple[Any, ...]) -> None:
        self.seen.append(last)
        self._over = True

    def _end(self, end: tuple[Any, ...] | None) -> None:
        if end is not None and end[0] == "fail":
            self._fail(end[1])
        elif self._closing:
            self._finish(("close", *self._closing))
        elif end is None:
            self._finish(("close", 1006, ""))
        else:
            _, code, reason = end
            self.codes, self.words = frozenset((code,)), ""
            self._finish(("close", 1005 if code is None else code, reason))

    def compare(self, story: Story, heard: Verdict, said: Verdict, aborted: bool) -> Any:
        """
        @param said: by balws.
        @param aborted: whether balws ended TCP at once.
        @return: what must not depend on how the bytes arrive.
        @raise Found: where it is not as foreseen.
        """
        seen = [event[:1] if event[0] == "error" else event for event in story.seen]
        if seen != self.seen:
            raise Found(f"the service saw {seen}, not {self.seen}; the peer sent {heard}")
        # What was not flushed when the connection was aborted has never left.
        if said.events != (self.said[: len(said.events)] if aborted else self.said):
            raise Found(f"balws said {said.events}, not {self.said}; the peer sent {heard}")
        code, words = said.end[1:] if said.end else (None, None)
        if (
            (said.end is not None) != (self.codes is not None)
            or (self.codes and code not in self.codes)
            or words != (FIXED.get(code) if self.words is None else self.words)
        ):
            raise Found(f"balws closed with {said.end}, not {self.codes}; the peer sent {heard}")
        if story.seen[-1][0] == "error" and not story.raised:
            checkError(story.seen[-1][1], heard)
        return seen, self.said, code if self.codes is None or len(self.codes) == 1 else None


def checkError(error: Any, heard: Verdict) -> None:
    """
    @raise Found: where this is not the error for what the peer sent.
    """
    codes = heard.end[1] if heard.end and heard.end[0] == "fail" else ()
    expected = [PayloadTooLargeError if code == 1009 else CorruptedFrameError for code in codes]
    if not isinstance(error, tuple(expected)):
        raise Found(f"{error!r} was told; the peer sent {heard}")
