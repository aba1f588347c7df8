"""
Tests of the walk through pages itself: a page that is wrong must not pass.
"""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.documents import Block, Walk, asCommand, blocksOf

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
            (".. code-block:: cobol\n\n    MOVE\n", "_do_cobol"),
            (".. code-block:: sh\n\n    rm -rf it\n", "no page should"),
        ):
            page = self.page(text)
            error = self.assertRaises(AssertionError, Walk(self, page).go)
            self.assertRegex(str(error), rf"^{re.escape(page.name)}:\d+: ")
            self.assertIn(words, str(error))

    def test_commands(self) -> None:
        """
        The programs of a page are those of the Python that runs the tests.
        """
        command = asCommand("twistd -n balws --config balws.toml")
        self.assertEqual(command[-4:], ["-n", "balws", "--config", "balws.toml"])
        self.assertEqual(command[0], asCommand("python it.py")[0])
