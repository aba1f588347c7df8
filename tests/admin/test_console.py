"""
Tests of L{balws.admin.console}.
"""

from __future__ import annotations

import re
from importlib.resources import files

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, getChildForRequest
from twisted.web.test.requesthelper import DummyRequest
from zope.interface.verify import verifyObject

from balws.admin.console import consoleResource

MODULES = {"board.js", "chart.js", "history.js", "line.js", "orders.js", "page.js", "rows.js", "words.js"}

_MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|srcdoc|eval\(|Function\(")


class ConsoleTests(SynchronousTestCase):
    """
    What a browser gets.
    """

    def setUp(self) -> None:
        self.root = consoleResource()
        verifyObject(IResource, self.root)

    def fetch(self, name: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
        """
        @param name: below the page's own path; empty is the page.
        @return: status, headers by lower-case name, body.
        """
        request = DummyRequest([name.encode()])
        request.method = method.encode()
        body = getChildForRequest(self.root, request).render(request)
        headers = {
            key.decode().lower(): values[0].decode() for key, values in request.responseHeaders.getAllRawHeaders()
        }
        return request.responseCode or 200, headers, body.decode() if isinstance(body, bytes) else ""

    def test_page(self) -> None:
        """
        The page is HTML, and whatever it or its scripts name is served from beside it.
        """
        status, headers, page = self.fetch("")
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(set(re.findall(r'(?:src|href)="([^"#]+)"', page)), {"page.css", "page.js", "icon.svg"})
        imported = {"page.js"}
        for name in MODULES:
            status, headers, script = self.fetch(name)
            self.assertEqual((status, headers["content-type"]), (200, "text/javascript; charset=utf-8"))
            imported |= set(re.findall(r'from "\./([^"]+)"', script))
        self.assertEqual(imported, MODULES)
        self.assertEqual(self.fetch("page.css")[1]["content-type"], "text/css; charset=utf-8")
        self.assertEqual(self.fetch("icon.svg")[1]["content-type"], "image/svg+xml")

    def test_policy(self) -> None:
        """
        The page and each of its files may load from and talk to the endpoint alone, may not be framed,
        and are not kept.
        """
        for name in ("", "page.css", "icon.svg", *MODULES):
            _, headers, _ = self.fetch(name)
            self.assertEqual(
                headers["content-security-policy"].split("; "),
                [
                    "default-src 'none'",
                    "script-src 'self'",
                    "style-src 'self'",
                    "img-src 'self'",
                    "connect-src 'self'",
                    "base-uri 'none'",
                    "form-action 'none'",
                    "frame-ancestors 'none'",
                    "require-trusted-types-for 'script'",
                    "trusted-types 'none'",
                ],
            )
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertEqual(headers["referrer-policy"], "no-referrer")
            self.assertEqual(headers["cross-origin-opener-policy"], "same-origin")
            self.assertEqual(headers["cross-origin-resource-policy"], "same-origin")
            self.assertEqual(headers["cache-control"], "no-store")

    def test_nothingForeign(self) -> None:
        """
        No file names another host, and none has script or style within a tag.
        """
        for name in ("", "page.css", "icon.svg", *MODULES):
            _, _, body = self.fetch(name)
            hosts = set(re.findall(r"(?:https?:)?//[a-z0-9][a-z0-9.-]*", body))
            self.assertEqual(hosts - {"http://www.w3.org"}, set(), name)
        _, _, page = self.fetch("")
        self.assertEqual(re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)|javascript:", page), [])

    def test_noMarkup(self) -> None:
        """
        No script makes markup, or code, of a text: what peers call themselves is only ever text.
        """
        for name in MODULES:
            _, _, script = self.fetch(name)
            self.assertEqual(_MARKUP.findall(script), [], name)

    def test_elsewhere(self) -> None:
        """
        There is nothing else: neither the source files nor a listing.
        """
        there = {file.name for file in files("balws.admin.console").iterdir() if file.is_file()}
        for name in ("__init__.py", "page.html", "console", "..", "page.js.map"):
            self.assertEqual(self.fetch(name)[0], 404, name)
        self.assertEqual(there - {"__init__.py", "page.html"}, {"page.css", "icon.svg", *MODULES})

    def test_method(self) -> None:
        """
        HEAD is answered, and nothing is taken.
        """
        self.assertEqual(self.fetch("", "HEAD")[1]["content-type"], "text/html; charset=utf-8")
