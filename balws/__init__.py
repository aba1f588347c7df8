# -*- test-case-name: tests.test_exports -*-
"""
WebSocket services and clients for Twisted.

What users import stands in L{balws.exports} and is there as soon as somebody asks for it: not everybody who needs
a part of balws, such as a command, waits for all of it.  The homes are L{balws.config}, L{balws.errors},
L{balws.interfaces} and L{balws.closing}.
"""

import typing as _typing
from importlib import import_module as _import

if _typing.TYPE_CHECKING:
    from balws.exports import *  # noqa: F403
    from balws.exports import __all__ as __all__
else:

    def __getattr__(name: str) -> object:
        # Python asks for these of every package, and none of them is ours.
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        exports = _import("balws.exports")
        globals().update({each: getattr(exports, each) for each in exports.__all__}, __all__=exports.__all__)
        try:
            return globals()[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

    def __dir__() -> list[str]:
        return sorted({*globals(), *_import("balws.exports").__all__})
