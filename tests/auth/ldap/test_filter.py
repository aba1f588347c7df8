"""
Tests of L{balws.auth.ldap.filter}.
"""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from balws.auth.ldap.filter import escaped, firstValue, membersFilter, parsedFilter, parsedTemplate
from balws.auth.ldap.library import DEREF_NEVER, SUBTREE, search_operation
from balws.errors import ConfigurationError
from tests.commands import environment

#: What somebody may call himself who wants more than his own entry (LD04).
NAMES = (
    "*",
    "*)(uid=*",
    "admin)(|(uid=*",
    "\\2a",
    "a,dc=x",
    "a+b=c",
    " alice ",
    "a\x00b",
    "a\nb",
    "O'Bob (ops)",
    "grün ☃",
    "a\\",
    "&|!=<>~:",
    "?",
)


def compared(filter: str) -> str:
    """
    @return: what an equality in a filter is compared with, on the wire.
    """
    request = search_operation("", filter, SUBTREE, DEREF_NEVER, [], 0, 0, False, False, False)
    return bytes(request["filter"]["equalityMatch"]["assertionValue"]).decode()


class EscapedTests(SynchronousTestCase):
    """
    Names in filters.
    """

    def test_itself(self) -> None:
        """
        Whatever a name has in it, a filter looks for this name and nothing else (LD04).
        """
        for name in NAMES:
            self.assertEqual(compared(f"(uid={escaped(name)})"), name)

    def test_plain(self) -> None:
        """
        Only letters, digits and a few signs without a meaning stay as they are.
        """
        self.assertEqual(escaped("Alice-1_b.c@d"), "Alice-1_b.c@d")
        self.assertEqual(escaped("*()\\\x00 ü"), "\\2a\\28\\29\\5c\\00\\20\\c3\\bc")

    def test_members(self) -> None:
        """
        A distinguished name in a filter for groups is a value, too.
        """
        self.assertEqual(membersFilter("(a=b)", "member", "uid=x)(y"), "(&(a=b)(member=uid\\3dx\\29\\28y))")


class ParsedTests(SynchronousTestCase):
    """
    Filters of the configuration.
    """

    def test_filters(self) -> None:
        """
        Filters may be of any kind, with blanks around.
        """
        for text in ("(a=b)", " (a=b) ", "(&(a=b)(!(c=*)))", "(|(a=b*c)(d>=1)(e~=f)(g:dn:2.5.13.2:=h))"):
            self.assertEqual(parsedFilter(text, "field"), text.strip())

    def test_noFilters(self) -> None:
        """
        What is no filter is refused at the start.
        """
        for text in ("a=b", "(a=b", "(a)", "()", "(&)", "(a=b)(c=d)", "((a=b))", "(!(a=b)(c=d))"):
            error = self.assertRaises(ConfigurationError, parsedFilter, text, "userNameListFilter")
            self.assertEqual(str(error), 'userNameListFilter: expected a filter such as "(objectClass=inetOrgPerson)"')

    def test_templates(self) -> None:
        """
        Any number of values may have the name in it.
        """
        for text in ("(uid=?)", "(|(uid=?)(mail=?@balws.test))", "(cn=a?=b)"):
            self.assertEqual(parsedTemplate(text, "field"), text)
        self.assertRaises(ConfigurationError, parsedTemplate, "(uid=?", "field")

    def test_askedAttribute(self) -> None:
        """
        A peer does not choose the attribute.
        """
        for text in ("(?=alice)", "(&(a=b)(x?y=*))"):
            error = self.assertRaises(ConfigurationError, parsedTemplate, text, "field")
            self.assertEqual(str(error), 'field: "?" stands for a value, not for the name of an attribute')


class FirstValueTests(SynchronousTestCase):
    """
    The first value of a distinguished name.
    """

    def test_values(self) -> None:
        """
        It ends where the next begins, and comes without its escapes.
        """
        for name, value in {
            "uid=bob,ou=Users": "bob",
            "uid=bob": "bob",
            "uid = bob b ,ou=Users": "bob b",
            "uid=bob+cn=Bob,ou=Users": "bob",
            "uid=bob;ou=Users": "bob",
            "cn=O'Bob \\28ops\\29\\2c \\,x\\+,ou=Users": "O'Bob (ops), ,x+",
            "cn=\\ a\\ ,ou=b": " a ",
            "cn=gr\\c3\\bcn ☃,ou=b": "grün ☃",
            "cn=a=b,ou=c": "a=b",
            "cn=\\#a": "#a",
        }.items():
            self.assertEqual(firstValue(name), value)

    def test_none(self) -> None:
        """
        What has no text in front is refused.
        """
        for name in ("", "bob", "uid=", "uid=,ou=b", "uid=#0403626f62,ou=b", "uid=\\ff,ou=b"):
            self.assertRaises(ValueError, firstValue, name)


class QuietTests(SynchronousTestCase):
    """
    Where warnings are errors.
    """

    def test_import(self) -> None:
        """
        ldap3 is imported without a warning, and no filter of warnings stays behind.
        """
        code = (
            "import warnings; old = warnings.filters[:]; import balws.auth.ldap.library; assert old == warnings.filters"
        )
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
