# -*- test-case-name: tests.test_reference -*-
"""
The parts of the reference that are made from the code::

    .. record:: balws.config.WSServiceConfig      its keys; with :beyond: without those of a base
    .. errors::                                   the tree of errors
    .. closecodes::                               the close frames
    .. metrics::                                  what /metrics tells
    .. command:: ps                               a command, or module:Class of the options of a :program:

What stands below one adds to what the code says: C{:name: words} for a key, an error, a code or an option.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from commandtable import commandPage
from docstrings import notesOf
from docutils import nodes
from docutils.parsers.rst import directives
from errortable import closeCodeTable, errorTable
from recordtable import recordTable
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["setup"]

def _named(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


class Generated(SphinxDirective):
    """
    Puts reStructuredText that the code makes where it stands.
    """

    has_content = True

    def notes(self) -> dict[str, str]:
        """
        @return: what the page adds, by name.
        """
        return notesOf(self.content)

    def lines(self) -> list[str]:
        """
        @return: the text.
        @raise ValueError: with what the code does not say, or the page says in vain.
        """
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """
        @return: what the text means.
        """
        self.env.note_reread()  # the code may have changed where the page has not
        try:
            lines = self.lines()
        except (AttributeError, ImportError, KeyError, ValueError) as error:
            raise self.error(f"{self.name}: {error!r}") from error
        return self.parse_text_to_nodes("\n".join(lines))


class Record(Generated):
    """
    A record of the configuration. Each key can be pointed to, and found by the search.
    """

    required_arguments = 1
    option_spec: ClassVar[Any] = {"beyond": directives.unchanged}

    def lines(self) -> list[str]:
        """
        See L{Generated.lines}.
        """
        base = self.options.get("beyond")
        return recordTable(_named(self.arguments[0]), self.notes(), _named(base) if base else None)

    def run(self) -> list[nodes.Node]:
        """
        See L{Generated.run}.
        """
        found = super().run()
        record = self.arguments[0].rpartition(".")[2].lstrip("_")
        standard = self.env.domains.standard_domain
        for body in (each for node in found for each in node.findall(nodes.tbody)):
            for row in body.findall(nodes.row):
                key = f"{record}.{row[0].astext()}"
                anchor = nodes.make_id(key)
                row["ids"].append(anchor)
                standard.note_object("setting", key, anchor, location=row)
        return found


class Errors(Generated):
    """
    All errors; C{:Class: whose fault} for each.
    """

    def lines(self) -> list[str]:
        """
        See L{Generated.lines}.
        """
        return errorTable(self.notes())


class CloseCodes(Generated):
    """
    All close frames; C{:1000: when we send it} for each.
    """

    def lines(self) -> list[str]:
        """
        See L{Generated.lines}.
        """
        return closeCodeTable(self.notes())


class Metrics(Generated):
    """
    All metrics.
    """

    def lines(self) -> list[str]:
        """
        See L{Generated.lines}.
        """
        from metrictable import metricTable  # which imports what only operators need

        return metricTable()


class Command(Generated):
    """
    A command of C{balws}.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = {"program": directives.unchanged}

    def lines(self) -> list[str]:
        """
        See L{Generated.lines}.
        """
        return commandPage(self.arguments[0], self.notes(), self.options.get("program", ""))


def setup(app: Sphinx) -> dict[str, Any]:
    """
    Called by Sphinx.
    """
    app.add_object_type("setting", "setting", "single: %s")
    for name, kind in (
        ("record", Record),
        ("errors", Errors),
        ("closecodes", CloseCodes),
        ("metrics", Metrics),
        ("command", Command),
    ):
        app.add_directive(name, kind)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
