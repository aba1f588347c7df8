"""
Tests of L{balws.errors}.
"""

from __future__ import annotations

import builtins

from twisted.trial.unittest import SynchronousTestCase

from balws import errors


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

    def test_configuration(self) -> None:
        """
        A configuration error says file, line, column and key, as far as they are known.
        """
        self.assertEqual(
            str(errors.ConfigurationError("expected an integer", "listeners[0].port", "balws.toml", 12, 8)),
            "balws.toml:12:8: listeners[0].port: expected an integer",
        )
        self.assertEqual(str(errors.ConfigurationError("wrong")), "wrong")

    def test_definition(self) -> None:
        """
        A definition error names class, method and mend.
        """
        self.assertEqual(str(errors.ServiceDefinitionError("Chat", "onOpen", "bad", "mend")), "Chat.onOpen: bad; mend")
        self.assertEqual(str(errors.ServiceDefinitionError("Chat", None, "bad", "mend")), "Chat: bad; mend")

    def test_upgrade(self) -> None:
        """
        A refusal has a status of refusals.
        """
        self.assertEqual(errors.UpgradeError("no").status, 400)
        self.assertEqual((errors.AuthnError().status, errors.AuthzError().status), (401, 403))
        for status in (399, 600):
            self.assertRaises(ValueError, errors.UpgradeError, "no", status)

    def test_binding(self) -> None:
        """
        A binding error has its place, and the reference's words.
        """
        error = errors.PayloadBindingError("Expected `int`", "$.a")
        self.assertEqual(error.message(), "data binding failed: Expected `int` - at `$.a`")
        self.assertEqual(str(errors.PayloadValidationError("too small")), "data validation failed: too small")
        self.assertEqual(errors.CorruptedFrameError("x").statusCode, 1002)
        self.assertEqual(errors.ConnectionClosureError("x", 4000, "bye").reason, "bye")
