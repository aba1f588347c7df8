"""
Tests of the walk through pages itself: a page that is wrong must not pass.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand
from tests.documents import walk
from tests.documents.blocks import Block, blocksOf
from tests.documents.walk import Walk
from tests.servers import Server

_PAGE = """\
Title
=====

.. code-block:: python

    # folder/it.py
    x = 1

    y = 2

Words.

* A list

  .. code-block:: toml

      [[listeners]]
      port = {port}
"""


#: A server, and the head of what is said to it.
_SERVED = """\
.. code-block:: python

    # it.py
    from http.server import *
    HTTPServer(("127.0.0.1", 9090), BaseHTTPRequestHandler).serve_forever()

.. code-block:: sh

    python it.py

.. code-block:: text

"""


#: Two servers, and what is said to them.
_TWO = """\
.. code-block:: python

    # it.py
    from balws import Service, UpgradeService

    class Echo(Service):
        def onTextMessage(self, text):
            return text

    class EchoUpgrade(UpgradeService):
        def get(self):
            return Echo()

.. code-block:: toml

    # balws.toml
    [[listeners]]
    port = 9090
    host = "127.0.0.1"

    [[listeners.services]]
    path = "/"
    service = "it:EchoUpgrade"

.. code-block:: sh

    sed s/9090/9092/ balws.toml > second.toml
    python -m http.server --bind 127.0.0.1 9090
    balws serve
    balws serve second.toml

.. code-block:: text

    one: ws://127.0.0.1:9090/
    two: balws connect ws://127.0.0.1:9092/
    one > 1
    two > 2
    $ balws connect --send 3 ws://127.0.0.1:9090/
    3
    one < 1
    two < 2
    ^C
    two < closed 1001
    one > 4
    one < 4
"""


class BlockTests(SynchronousTestCase):
    """
    Finding the blocks of a page.
    """

    def page(self, text: str) -> Path:
        """
        A page with this text.
        """
        path = Path(self.mktemp())
        path.write_text(text, "utf-8")
        return path

    def test_allBlocks(self) -> None:
        """
        Every code block is found, with its language, its text and its line.
        """
        self.assertEqual(
            list(blocksOf(self.page(_PAGE))),
            [
                Block("python", "# folder/it.py\nx = 1\n\ny = 2\n", 4),
                Block("toml", "[[listeners]]\nport = {port}\n", 15),
            ],
        )

    def test_fileNames(self) -> None:
        """
        A first line that is a comment with a file's name makes a block that file.
        """
        names = [
            Block("any", f"{first}\nrest\n", 1).file
            for first in ("# a/it.py", "<!-- it.html -->", "// it.js", "# just words", "x = 1")
        ]
        self.assertEqual(names, ["a/it.py", "it.html", "it.js", None, None])

    def test_wrongCode(self) -> None:
        """
        Code that does not run, and a file that cannot be loaded, are failures that say
        where they stand.
        """
        for text, words in (
            (".. code-block:: python\n\n    1 / 0\n", "ZeroDivisionError"),
            (".. code-block:: toml\n\n    port = 1\n", "unknown key"),
            (".. code-block:: text\n\n    ws://127.0.0.1:9090/\n", "nothing was started"),
            (
                ".. code-block:: python\n\n    # it.py\n    from http.server import *\n"
                "    HTTPServer(('127.0.0.1', 9090), BaseHTTPRequestHandler).serve_forever()\n"
                "\n.. code-block:: sh\n\n    python it.py\n"
                "\n.. code-block:: text\n\n    $ python -V\n    Another\n",
                "in place of 'Another",
            ),
            (_SERVED + "    balws connect ws://127.0.0.1:9090/\n    < Hello\n", "refused 501"),
            (_SERVED + "    $ balws --version\n    balws 0...1.2.3\n", "in place of 'balws 0"),
            (".. code-block:: cobol\n\n    MOVE\n", "_do_cobol"),
            (".. code-block:: sh\n\n    rm -rf it\n", "no page should"),
        ):
            page = self.page(text)
            error = self.assertRaises(AssertionError, Walk(self, page).go)
            self.assertRegex(str(error), rf"^{re.escape(page.name)}:\d+: ")
            self.assertIn(words, str(error))

    def test_goesOn(self) -> None:
        """
        A page that goes on where another one ends has the files of all that are before it.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        made = "\n.. code-block:: sh\n\n    sed s/1/2/ a.py > b.py\n"
        for name, text in (
            ("1", ".. code-block:: python\n\n    # a.py\n    x = 1\n" + made),
            ("2", ".. after: 1\n\n.. code-block:: python\n\n    # a.py\n    x = 3\n"),
            ("3", ".. after: 2\n"),
        ):
            (folder / f"{name}.rst").write_text(text, "utf-8")
        last = Walk(self, folder / "3.rst")
        last.go()
        self.assertEqual((last.folder / "a.py").read_text("utf-8"), "# a.py\nx = 3\n")
        self.assertEqual((last.folder / "b.py").read_text("utf-8"), "# a.py\nx = 2\n")

    def test_skip(self) -> None:
        """
        Who skips a page has its files and its server all the same, and what the page says is not tried.
        """
        skipped = Walk(self, self.page(_SERVED + "    ws://127.0.0.1:9090/\n    < Hello\n"))
        skipped.skip()
        port = skipped.serve()
        self.assertEqual([server.process.poll() for server in skipped.servers], [None])
        self.assertIn(str(port), (skipped.folder / "it.py").read_text("utf-8"))

    def test_restart(self) -> None:
        """
        What runs is started again when a file has changed that it may have read, and not when there is one more.
        """
        started: list[Server] = []

        def start(*arguments: Any) -> Server:
            started.append(Server(*arguments))
            return started[-1]

        self.patch(walk, "Server", start)
        asked = "    $ python -c 'print(1)'\n    1\n"
        text = _SERVED + asked
        for count in (1, 2):
            text += f"\n.. code-block:: python\n\n    # more.py\n    x = 1\n\n.. code-block:: text\n\n{asked}"
            del started[:]
            Walk(self, self.page(text)).go()
            self.assertEqual(len(started), count)

    def test_notNow(self) -> None:
        """
        Who is told 503 comes again, and what the server says then counts, though that be the same.
        """
        for codes, told in (("503, 403", 403), ("503, 503, 503, 403", 503)):
            code = f"""
    codes = iter(({codes}))
    BaseHTTPRequestHandler.protocol_version = "HTTP/1.1"
    BaseHTTPRequestHandler.do_GET = lambda self: self.send_error(next(codes))
    HTTPServer("""
            text = _SERVED.replace("\n    HTTPServer(", code)
            Walk(self, self.page(f"{text}    ws://127.0.0.1:9090/\n    < refused {told}\n")).go()

    def test_beside(self) -> None:
        """
        What serves another port runs beside what there is; what serves the same one takes its place; and
        Ctrl-C reaches what was started last.
        """
        Walk(self, self.page(_TWO)).go()

    def test_commands(self) -> None:
        """
        The programs of a page are those of the Python that runs the tests.
        """
        command = asCommand("twistd -n balws --config balws.toml")
        self.assertEqual(command[-4:], ["-n", "balws", "--config", "balws.toml"])
        self.assertEqual(command[0], asCommand("python it.py")[0])
