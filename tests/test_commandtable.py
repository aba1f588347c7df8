"""
Tests of what the reference makes of a command's options.
"""

from __future__ import annotations

import sys

from twisted.python.usage import Options
from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT

# The extension of Sphinx, of which this part does without Sphinx.
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

from commandtable import commandPage, optionsOf, optionsOfCommand  # noqa: E402


class Greet(Options):
    """
    A command that nobody has.
    """

    synopsis = "Usage: greet [--loud] NAME\n       greet --all"
    longdesc = 'Greets; see --loud. Example: greet Ada, and balws greet "Ada and Grace". Ends with 1 at night.'
    optFlags = [["loud", "l", "Shout."]]
    optParameters = [["times", None, 3, "How often."], ["of-day", "d", None, "When. [default: now]"]]

    def opt_to(self, name: str) -> None:
        """
        To whom, as ADMIN_NAME says.
        """

    opt_t = opt_to


class PageTests(SynchronousTestCase):
    """
    From options to a page.
    """

    def test_options(self) -> None:
        """
        A flag, a parameter with its default, an option that may be given several times, and words with
        examples become what a reader wants.
        """

        options = [(each.spellings, each.value, each.default) for each in optionsOf(Greet())]
        self.assertEqual(
            options,
            [
                (("--loud", "-l"), "", ""),
                (("--of-day", "-d"), "DAY", "now"),
                (("--times",), "TIMES", "3"),
                (("--to", "-t"), "TO", ""),
            ],
        )
        text = "\n".join(commandPage(f"{__name__}:Greet", {"loud": "Very."}))
        for words in (
            "Greets; see ``--loud``.",
            "   greet [--loud] NAME\n   greet --all\n",
            '   greet Ada\n   balws greet "Ada and Grace"\n',
            "Ends with 1 at night.",
            "     - Shout. Very.",
            "default: ``3``",
            "as ``ADMIN_NAME`` says",
        ):
            self.assertIn(words, text)
        self.assertRaises(ValueError, commandPage, f"{__name__}:Greet", {"quiet": "?"})
        self.assertRaises(KeyError, commandPage, "dance", {})

    def test_further(self) -> None:
        """
        A command below a command is named with both.
        """
        self.assertIn("make", optionsOfCommand("token make").getSynopsis())
        self.assertRaises(KeyError, optionsOfCommand, "token dance")
