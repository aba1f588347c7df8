"""
Tests of L{balws.errors}.
"""

from __future__ import annotations

import builtins
import copy
import pickle
import re

from twisted.trial.unittest import SynchronousTestCase

from balws import errors

SAMPLES = (
    errors.Error("words"),
    errors.ConfigurationError("expected an integer", "listeners[0].port", "balws.toml", 12, 8),
    errors.ServiceDefinitionError("Chat", "onOpen", "bad", "mend"),
    errors.UpgradeError("gone", 410, {"X-Why": "because"}),
    errors.AuthnError("who?", {"WWW-Authenticate": "Bearer"}),
    errors.AuthUnavailableError("the directory is down"),
    errors.SslConfigurationError("cannot be read", "key.keyFile", "balws.toml", 3, 1),
    errors.CorruptedFrameError("words", 1007),
    errors.PayloadBindingError("Expected `int`", "$.a"),
    errors.PayloadValidationError("too small"),
    errors.ConnectionClosureError("words", 4000, "bye"),
    errors.NoSuchConnection("bob"),
    errors.NoSuchGroup("blue"),
)


class TreeTests(SynchronousTestCase):
    """
    One tree, and what each carries.
    """

    def test_tree(self) -> None:
        """
        Every name is an error of balws; connection errors are the builtin's, too.
        """
        for name in errors.__all__:
            self.assertTrue(issubclass(getattr(errors, name), errors.Error), name)
        self.assertTrue(issubclass(errors.ConnectionClosureError, builtins.ConnectionError))
        self.assertTrue(issubclass(errors.PayloadValidationError, errors.PayloadBindingError))
        self.assertTrue(issubclass(errors.SslConfigurationError, errors.SslError))

    def test_complete(self) -> None:
        """
        Every error of the module is exported, and stands in the tree at its top where its
        base class is.
        """
        classes = {
            name: value
            for name, value in vars(errors).items()
            if isinstance(value, type) and issubclass(value, Exception)
        }
        self.assertEqual(sorted(classes), sorted(errors.__all__))
        above: list[tuple[int, str]] = []
        drawn: dict[str, str] = {}
        for indent, name in re.findall(r"^    ([ |+-]*)(\w+)", errors.__doc__ or "", re.MULTILINE):
            while above and above[-1][0] >= len(indent):
                above.pop()
            drawn[name] = above[-1][1] if above else "Exception"
            above.append((len(indent), name))
        self.assertEqual(drawn, {name: value.__bases__[0].__name__ for name, value in classes.items()})

    def test_message(self) -> None:
        """
        The reference library's C{message()} is the text.
        """
        for error in SAMPLES:
            self.assertEqual(error.message(), str(error))

    def test_copied(self) -> None:
        """
        An error keeps what it carries on its way through a copy or a pickle.
        """
        for error in SAMPLES:
            for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
                self.assertIs(type(other), type(error))
                self.assertEqual((str(other), vars(other)), (str(error), vars(error)))

    def test_configuration(self) -> None:
        """
        A configuration error says file, line, column and key, as far as they are known.
        """
        for arguments, text in (
            (("wrong",), "wrong"),
            (("wrong", "a.b"), "a.b: wrong"),
            (("wrong", "a.b", "f.toml"), "f.toml: a.b: wrong"),
            (("wrong", "", "f.toml", 3), "f.toml:3: wrong"),
            (
                ("expected an integer", "listeners[0].port", "balws.toml", 12, 8),
                "balws.toml:12:8: listeners[0].port: expected an integer",
            ),
        ):
            self.assertEqual(str(errors.ConfigurationError(*arguments)), text)  # type: ignore[arg-type]

    def test_definition(self) -> None:
        """
        A definition error names class, method and mend.
        """
        self.assertEqual(
            str(errors.ServiceDefinitionError("Chat", "onOpen", "bad", "mend")), "Chat.onOpen: bad; mend"
        )
        self.assertEqual(str(errors.ServiceDefinitionError("Chat", None, "bad", "mend")), "Chat: bad; mend")

    def test_upgrade(self) -> None:
        """
        A refusal has a status of refusals, and headers of its own.
        """
        self.assertEqual(errors.UpgradeError("no").status, 400)
        for status in (400, 401, 599):
            self.assertEqual(errors.UpgradeError("no", status).status, status)
        for status in (-1, 0, 101, 200, 399, 600):
            error = self.assertRaises(ValueError, errors.UpgradeError, "no", status)
            self.assertIn(str(status), str(error))
        headers = {"X-Why": "because"}
        refusal = errors.UpgradeError("no", 400, headers)
        headers["X-Why"] = "else"
        self.assertEqual((refusal.headers, errors.UpgradeError().headers), ({"X-Why": "because"}, {}))

    def test_authentication(self) -> None:
        """
        401 and 403 are refusals of their own.
        """
        self.assertEqual((errors.AuthnError().status, errors.AuthzError().status), (401, 403))
        for kind in (errors.AuthnError, errors.AuthzError):
            error = kind("who?", {"X-Why": "because"})
            self.assertEqual((str(error), error.headers), ("who?", {"X-Why": "because"}))

    def test_binding(self) -> None:
        """
        A binding error has its place, and the reference's words.
        """
        error = errors.PayloadBindingError("Expected `int`", "$.a")
        self.assertEqual(error.message(), "data binding failed: Expected `int` - at `$.a`")
        self.assertEqual((error.problem, error.place), ("Expected `int`", "$.a"))
        self.assertEqual(str(errors.PayloadValidationError("too small")), "data validation failed: too small")

    def test_frames(self) -> None:
        """
        What the peer broke says which code answers it.
        """
        self.assertEqual(errors.CorruptedFrameError("x").statusCode, 1002)
        self.assertEqual(errors.CorruptedFrameError("x", 1007).statusCode, 1007)

    def test_closure(self) -> None:
        """
        A closure error has the peer's code and words, where there were any.
        """
        error = errors.ConnectionClosureError("x", 4000, "bye")
        self.assertEqual((str(error), error.statusCode, error.reason), ("x", 4000, "bye"))
        error = errors.ConnectionClosureError("x")
        self.assertEqual((error.statusCode, error.reason), (None, ""))
