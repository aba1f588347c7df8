"""
Tests of L{balws.asyncapi.signature}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.contract import contractsOf
from balws.asyncapi.names import Names
from balws.asyncapi.shapes import Shapes
from balws.asyncapi.signature import Signature, connecting
from tests.asyncapi.documents import channelDocument, source


class SignatureTests(SynchronousTestCase):
    """
    What C{connect} takes.
    """

    def of(self, query: dict[str, Any], required: list[str], **channel: Any) -> Signature:
        binding = {"ws": {"query": {"properties": query, "required": required}}}
        given = source(channelDocument({"go": {}}, bindings=binding, **channel))
        shapes = Shapes(given, Names())
        return connecting(contractsOf(given, shapes)[0], shapes)

    def test_none(self) -> None:
        """
        Without parameters there are the server's URL and the fields of the client.
        """
        made = self.of({}, [])
        self.assertEqual((made.arguments, made.given), (["url: str", "**fields: Any"], ["{}", "{}", "{}"]))

    def test_typed(self) -> None:
        """
        Parameters are typed and given by name; what need not be given has a default.
        """
        query = {
            "n": {"type": "integer"},
            "tag": {"type": "array", "items": {"type": "string"}},
            "loud": {"type": "boolean", "default": True},
            "side": {"enum": ["a", "b"]},
            "odd": {"type": "object", "properties": {"x": {}}},
            "url": {"type": "string", "description": "Where."},
        }
        made = self.of(query, ["n", "loud"])
        self.assertEqual(
            made.arguments,
            [
                "url: str",
                "*",
                "n: int",
                "tag: list[str] | None = None",
                "loud: bool = True",
                'side: Literal["a", "b"] | None = None',
                "odd: str | None = None",
                "url_: str | None = None",
                "**fields: Any",
            ],
        )
        self.assertEqual(
            made.given[1], '{"n": n, "tag": tag, "loud": loud, "side": side, "odd": odd, "url": url_}'
        )
        self.assertEqual((made.said["url_"], made.said["n"]), ("Where.", "in the query."))
