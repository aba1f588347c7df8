# -*- test-case-name: tests.cli.test_body -*-
"""
What a server says in the body of an answer, as lines for a terminal.
"""

from __future__ import annotations

from html.parser import HTMLParser

from balws.logs.escape import escaped

__all__ = ["MAX_BODY", "MAX_LINES", "MAX_PAGE", "linesOf"]

#: What is looked at of a body (bytes), how many lines of it are shown, and what is shown of a page (bytes).
MAX_BODY = 4096
MAX_LINES = 20
MAX_PAGE = 250

#: Where pages say what is the matter, and what nobody sees.
_SAID = frozenset(("h1", "p"))
_UNSEEN = frozenset(("script", "style", "template", "noscript"))


class _Page(HTMLParser):
    """
    @ivar said: what stands in headings and paragraphs.
    @ivar title: what stands in the title.
    @ivar other: what else can be seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.title = ""
        self.other = ""
        self._within = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "br" or not self._within:
            self.handle_data(" ")
        if tag in _SAID:
            self.said.append("")
        if tag in _SAID or tag in _UNSEEN or tag == "title":
            self._within = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in _SAID:
            self.said[-1] += data
        elif self._within == "title":
            self.title += data
        elif not self._within:
            self.other += data


def linesOf(body: bytes) -> list[str]:
    """
    @param body: a text, or a page that is meant for browsers, of which the words are wanted and never the markup.
    @return: a text's first lines, or one line of a page's words; none where there is nothing to say.
    """
    text = body[:MAX_BODY].decode("utf-8", "replace").strip("\ufeff \t\r\n")
    if not text.startswith("<"):
        return [escaped(line) for line in text.split("\n")[:MAX_LINES]] if text else []
    page = _Page()
    try:
        # The text at the end is given out when a tag begins; one that was cut never is.
        page.feed(text + "<")
    except AssertionError:
        pass  # of a declaration that there is not; what stands before it has been read
    for words in (" - ".join(filter(None, map(_plain, page.said))), _plain(page.title), _plain(page.other)):
        if words:
            return [escaped(words, MAX_PAGE)]
    return []


def _plain(text: str) -> str:
    return " ".join(text.split())
