"""
Tests of the reference: what stands there is what the code has.
"""

from __future__ import annotations

import enum
import json
import re
import sys
from collections.abc import Iterator, Mapping

import attrs
from twisted.trial.unittest import SynchronousTestCase

import balws
import balws.config
from balws import closing, errors
from balws.admin.metrics import METRICS
from balws.cli.command import COMMANDS
from balws.config.admin import AdminConfiguration
from balws.config.values import checked, flag, integer, optional, seconds, text
from balws.config.values import items as listed
from tests import ROOT

REFERENCE = ROOT / "docs" / "reference"

# The extension of Sphinx that makes tables, of which all but its directives do without Sphinx.
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

from commandtable import commandPage, optionsOfCommand  # noqa: E402
from docstrings import RECORDS, notesOf  # noqa: E402
from errortable import closeCodeTable, errorTable  # noqa: E402
from metrictable import metricTable  # noqa: E402
from recordtable import recordTable, settings  # noqa: E402

_MADE = re.compile(
    r"^\.\. (?P<what>record|errors|closecodes|metrics|command)::(?P<argument>[^\n]*)\n"
    r"(?P<options>(?:   :\w+: [^\n]*\n)*)(?P<content>(?:\n|   [^\n]*\n)*)",
    re.MULTILINE,
)


@attrs.frozen
class Made:
    """
    What a page has made.

    @ivar page: its name.
    @ivar what: the directive.
    @ivar argument: what it is about.
    @ivar options: of the directive.
    @ivar notes: what the page adds.
    """

    page: str
    what: str
    argument: str
    options: Mapping[str, str]
    notes: Mapping[str, str]

    @property
    def kind(self) -> type:
        """
        The record.
        """
        return named(self.argument)

    def lines(self) -> list[str]:
        """
        What comes of it.
        """
        match self.what:
            case "record":
                base = self.options.get("beyond")
                return recordTable(self.kind, self.notes, named(base) if base else None)
            case "errors":
                return errorTable(self.notes)
            case "closecodes":
                return closeCodeTable(self.notes)
            case "metrics":
                return metricTable()
        return commandPage(self.argument, self.notes, self.options.get("program", ""))


def named(path: str) -> type:
    """
    A class by its module and name.
    """
    module, _, name = path.rpartition(".")
    __import__(module)
    found: type = getattr(sys.modules[module], name)
    return found


def made(what: str) -> Iterator[Made]:
    """
    Every use of a directive, in all pages.
    """
    for page in sorted(REFERENCE.glob("*.rst")):
        # A directive ends where the next line without indentation is; the last one needs an end, too.
        for match in _MADE.finditer(page.read_text("utf-8") + "\n"):
            if match["what"] == what:
                options = dict(re.findall(r"^   :(\w+): (.*)$", match["options"], re.MULTILINE))
                notes = notesOf(line.strip() for line in match["content"].splitlines())
                yield Made(page.stem, what, match["argument"].strip(), options, notes)


def rowsOf(lines: list[str]) -> list[list[str]]:
    """
    The cells of a table, without its head.
    """
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("   * - "):
            rows.append([line[7:]])
        elif line.startswith("     - ") or line == "     -":
            rows[-1].append(line[7:])
        elif line.startswith("       ") and rows:
            rows[-1][-1] += "\n" + line[7:]
        elif line == "" and rows:
            rows[-1][-1] += "\n"
    return [[cell.strip("\n") for cell in row] for row in rows[1:]]


def asInFile(value: object) -> str:
    """
    A default as a file would have it, told in another way than by the extension.
    """
    match value:
        case attrs.NOTHING:
            return "required"
        case None:
            return "none"
        case enum.Enum():
            return f'``"{value.name}"``'
        case bool() | str() | int() | float():
            return f"``{json.dumps(value)}``"
        case tuple():
            return f"``{json.dumps(list(value))}``"
    assert isinstance(value, Mapping) or attrs.has(type(value)), value
    return "``{}``"


class RecordTests(SynchronousTestCase):
    """
    The tables of settings.
    """

    def test_complete(self) -> None:
        """
        Every key of every record is on a page, with its default as a file would have it.
        """
        shown: dict[type, dict[str, str]] = {}
        for each in made("record"):
            rows = rowsOf(each.lines())
            self.assertNotEqual(rows, [], each.argument)
            shown[each.kind] = {row[0].strip("`"): row[1] for row in rows}
        records = {getattr(balws.config, name) for name in balws.config.__all__} & set(RECORDS.values())
        self.assertGreater(len(records), 40)
        for record in records | {AdminConfiguration}:
            told: dict[str, str] = {}
            for base in record.__mro__:
                told.update(shown.get(base, {}))
            self.assertIn(record, shown)
            for field in attrs.fields(record):
                default = field.default
                if isinstance(default, type(attrs.Factory(list))):
                    default = default.factory()
                self.assertEqual(told.get(field.name), asInFile(default), f"{record.__name__}.{field.name}")

    def test_links(self) -> None:
        """
        Whatever record a meaning links to has a table, and each has one table.
        """
        text = "\n".join("\n".join(each.lines()) for each in made("record"))
        labels = re.findall(r"^\.\. _record-(\w+):$", text, re.MULTILINE)
        self.assertEqual(len(labels), len(set(labels)))
        links = set(re.findall(r"<record-(\w+)>", text))
        self.assertGreater(len(links), 20)
        self.assertEqual(links - set(labels), set())

    def test_sources(self) -> None:
        """
        The pages say nothing of papers that only the authors have.
        """
        papers = re.compile(r"\bDESIGN\b|\b(seed|decision|table)s? \d|[A-Z]\{|new here")
        for what in ("record", "errors", "closecodes", "metrics", "command"):
            for each in made(what):
                self.assertEqual([line for line in each.lines() if papers.search(line)], [])

    def test_fits(self) -> None:
        """
        What fits is what the check of the key lets pass.
        """

        @attrs.frozen(kw_only=True)
        class Example:
            """
            @ivar few: some.
            @ivar many: more.
            @ivar time: how long.
            @ivar name: whose.
            @ivar names: of whom.
            @ivar isOn: whether.
            @ivar anything: of your own.
            """

            few: int = checked("few", integer(1, 9), 2)
            many: int = checked("many", integer(0), 1)
            time: float = checked("time", seconds, 0.5)
            name: str | None = checked("name", optional(text), None)
            names: tuple[str, ...] = checked("names", listed("people", text), ())
            isOn: bool = checked("isOn", flag)
            anything: object = checked("anything", lambda value: value, None)

        self.assertEqual(
            [(each.name, each.fits, each.default) for each in settings(Example)],
            [
                ("few", "an integer from 1 to 9", "2"),
                ("many", "an integer, 0 or more", "1"),
                ("time", "a number of seconds, 0 or more", "0.5"),
                ("name", "a string", "none"),
                ("names", "a list of people", "[]"),
                ("isOn", "true or false", "required"),
                ("anything", "", "none"),
            ],
        )

    def test_silence(self) -> None:
        """
        A key without words, and words without a key, are mistakes that end the making.
        """

        @attrs.frozen(kw_only=True)
        class Silent:
            """
            @ivar first: told.
            """

            first: bool = checked("first", flag, True)

        @attrs.frozen(kw_only=True)
        class More(Silent):
            second: bool = checked("second", flag, True)

        self.assertEqual([each.meaning for each in settings(Silent, {"first": "And more."})], ["Told. And more."])
        error = self.assertRaises(ValueError, settings, More)
        self.assertEqual(str(error), "the docstring of More does not say what second means")
        self.assertEqual([each.name for each in settings(Silent, {})], ["first"])
        error = self.assertRaises(ValueError, settings, Silent, {"third": "?"})
        self.assertEqual(str(error), "Silent has no third")
        error = self.assertRaises(ValueError, settings, More, {"first": "?"}, Silent)
        self.assertEqual(str(error), "More has no first")


class NameTests(SynchronousTestCase):
    """
    What can be imported.
    """

    def test_exported(self) -> None:
        """
        Everything that can be imported from balws stands on a page, in the markup of code, by itself or in a table
        that is made.
        """
        pages = [page.read_text("utf-8") for page in REFERENCE.glob("*.rst")]
        tables = ["\n".join(each.lines()) for what in ("errors", "closecodes") for each in made(what)]
        code = [found for text in pages + tables for found in re.findall(r"``(.+?)``", text, re.DOTALL)]
        named = set(re.findall(r"(?:^|(?<=[\s@(]))(?:balws\.)?([A-Za-z]\w*)", "\n".join(code), re.MULTILINE))
        records = {each.kind.__name__ for each in made("record")}
        self.assertGreater(len(balws.__all__), 100)
        self.assertEqual(set(balws.__all__) - named - records, set())


class ErrorTests(SynchronousTestCase):
    """
    What can go wrong.
    """

    def test_errors(self) -> None:
        """
        Every error that can be imported stands in the table, below the one that it derives from, with whose fault
        it is and with its attributes.
        """
        (table,) = made("errors")
        self.assertEqual(table.page, "statuses")
        rows = rowsOf(table.lines())
        names = [re.sub(r"[^A-Za-z]", "", row[0]) for row in rows]
        self.assertEqual(sorted(names), sorted(set(errors.__all__) - {"Error"}))
        for row, name in zip(rows, names, strict=True):
            self.assertTrue(row[1], name)
            base = getattr(errors, name).__bases__[0]
            if base is not errors.Error:
                self.assertLess(names.index(base.__name__), names.index(name))
                self.assertIn("\u2514", row[0])
        words = dict(zip(names, rows, strict=True))
        self.assertIn("``statusCode``: ", words["ConnectionClosureError"][2])
        self.assertNotIn("``problem``", words["SslConfigurationError"][2])

    def test_faults(self) -> None:
        """
        An error for which nobody says whose fault it is, and one that there is not, end the making.
        """
        (table,) = made("errors")
        faults = dict(table.notes)
        del faults["HubError"]
        self.assertIn("HubError", str(self.assertRaises(ValueError, errorTable, faults)))
        self.assertIn("Oops", str(self.assertRaises(ValueError, errorTable, {**table.notes, "Oops": "mine"})))

    def test_closeCodes(self) -> None:
        """
        Every close frame stands beside its code, with its constant, its reason and when it is sent.
        """
        (table,) = made("closecodes")
        rows = {row[0]: row for row in rowsOf(table.lines())}
        constants = [name for name in closing.__all__ if isinstance(getattr(closing, name), closing.CloseFrame)]
        self.assertEqual(len(rows), len(constants))
        for name in constants:
            frame = getattr(closing, name)
            row = rows[str(frame.status)]
            self.assertEqual(row[1].split(), [f"``{type(frame).__name__}``", f"``{name}``"])
            self.assertIn(frame.reason, row[2])
            self.assertTrue(row[3])
        self.assertRaises(ValueError, closeCodeTable, {})


class CommandTests(SynchronousTestCase):
    """
    What is typed.
    """

    def test_commands(self) -> None:
        """
        Every command has a section of its own name, with its line, an example, and each of its options.
        """
        pages = {each.argument: each for each in made("command")}
        names = []
        for name, _, _ in COMMANDS:
            further = getattr(optionsOfCommand(name), "subCommands", ())
            names += [name, *(f"{name} {each}" for each, _, _, _ in further)]
        self.assertEqual(set(pages) - set(names), {"balws.tap:Options"})
        page = (REFERENCE / "command.rst").read_text("utf-8")
        for name in names:
            self.assertRegex(page, rf"(?m)^balws {name}\n~+\n\n\.\. command:: {name}$")
            lines = pages[name].lines()
            self.assertIn(f"   balws {name}", "\n".join(lines))
            self.assertIn("For example:", lines)
            usage = optionsOfCommand(name)
            told = [row[0] for row in rowsOf(lines)]
            for option in (each.rstrip("=") for each in usage.longOpt):
                if option not in ("help", "version"):
                    self.assertTrue(any(f"``--{option}``" in row for row in told), f"{name} --{option}")

    def test_twistd(self) -> None:
        """
        The options of C{twistd balws} are in the reference, too.
        """
        (page,) = (each for each in made("command") if ":" in each.argument)
        text = "\n".join(page.lines())
        self.assertIn("   twistd -n balws [--config FILE [--check]]", text)
        self.assertIn("``--config``, ``-c`` FILE", text)
        self.assertIn("``--check``", text)


class MetricTests(SynchronousTestCase):
    """
    What is counted.
    """

    def test_metrics(self) -> None:
        """
        Every metric stands on its page, with its kind and its labels.
        """
        (table,) = made("metrics")
        self.assertEqual(table.page, "metrics")
        rows = {row[0].strip("`"): row for row in rowsOf(table.lines())}
        self.assertEqual(list(rows), [metric.name for metric in METRICS])
        for metric in METRICS:
            row = rows[metric.name]
            self.assertEqual(row[1], metric.kind)
            self.assertEqual(tuple(re.findall(r"``(\w+)``", row[2])), metric.labels)
            self.assertTrue(row[3])
