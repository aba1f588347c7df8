"""
Tests of L{balws.cli.client}.
"""

from __future__ import annotations

import ast
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import msgspec

from balws.asyncapi import reading
from balws.asyncapi.document import asYaml
from balws.cli import client
from balws.cli.command import main
from tests.asyncapi.documents import channelDocument
from tests.cli.test_command import CommandTestCase


class ClientModuleTests(CommandTestCase):
    """
    The command.
    """

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "chat.json"
        document = channelDocument({"go": {"type": "string"}})
        document["channels"]["other"] = {"address": "/other"}
        self.file.write_bytes(msgspec.json.encode(document))

    def classes(self, code: str) -> list[str]:
        return [node.name for node in ast.parse(code).body if isinstance(node, ast.ClassDef)]

    def test_printed(self) -> None:
        """
        The module goes to the standard output, with a class for each channel.
        """
        self.assertEqual(main(["client", str(self.file)]), 0)
        self.assertEqual(self.classes(self.out.getvalue()), ["ChatClient", "OtherClient"])

    def test_written(self) -> None:
        """
        One channel may be wanted, and a file.
        """
        file = self.folder / "chatclient.py"
        self.assertEqual(main(["client", str(self.file), "--channel", "other", "--output", str(file)]), 0)
        self.assertEqual(self.classes(file.read_text("utf-8")), ["OtherClient"])
        self.assertEqual(self.out.getvalue(), "")

    def test_failures(self) -> None:
        """
        What cannot be read, used or written is said in one line, with the file's name.
        """
        self.assertIn("absent.json: cannot be read: No such file", self.refusal("client", "absent.json", status=1))
        self.assertIn("there is no channel", self.refusal("client", str(self.file), "--channel", "x", status=1))
        self.assertIn("cannot be written", self.refusal("client", str(self.file), "-o", "absent/a.py", status=1))
        self.file.write_text("{asyncapi: 3.0.0}\n", "utf-8")
        self.assertIn(f"{self.file}: is no JSON", self.refusal("client", str(self.file), status=1))
        self.file.write_text("asyncapi: 3.0.0\ninfo: {}\ninfo: {}\n", "utf-8")
        line = self.refusal("client", str(self.file), status=1)
        self.assertEqual(line, f"{self.file}:3:1: the key 'info' is there already, in line 2")

    def test_input(self) -> None:
        """
        A minus is the standard input, for JSON and YAML; an error says so.
        """
        self.assertEqual(main(["client", str(self.file)]), 0)
        code = self.out.getvalue()
        data = self.file.read_bytes()
        for given in (data, asYaml(msgspec.json.decode(data)).encode()):
            self.out.truncate(0)
            self.out.seek(0)
            self.patch(sys, "stdin", TextIOWrapper(BytesIO(given)))
            self.assertEqual(main(["client", "-"]), 0)
            self.assertEqual(self.out.getvalue(), code)
        self.out.truncate(0)
        self.out.seek(0)
        self.patch(sys, "stdin", TextIOWrapper(BytesIO(b"a: @")))
        self.assertIn("standard input:1:4: is no YAML", self.refusal("client", "-", status=1))

    def test_size(self) -> None:
        """
        Of a file over the limit no more than the limit is read.
        """
        size = len(self.file.read_bytes())
        for limit, status in ((size, 0), (size - 1, 1)):
            self.patch(client, "MAX_DOCUMENT", limit)
            self.patch(reading, "MAX_DOCUMENT", limit)
            self.assertEqual(main(["client", str(self.file)]), status)

    def test_usage(self) -> None:
        """
        One document.
        """
        self.assertIn("takes one", self.refusal("client"))
        self.assertIn("takes one", self.refusal("client", "a", "b"))

    def test_help(self) -> None:
        """
        The help has an example.
        """
        self.assertIn("Example: balws client chat.yaml", " ".join(self.exits("client", "--help").split()))
