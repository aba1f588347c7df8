# -*- test-case-name: tests.session.test_declare -*-
"""
The decorator for methods of custom dispatch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])

#: Where the decorator leaves the value on the function.
VALUE = "__balwsDispatcherValue__"


def dispatcherConfig(value: str) -> Callable[[_Method], _Method]:
    """
    Call the decorated method for messages of exactly this type, whatever its name
    is; by its name it is then not reachable (table B13)::

        @dispatcherConfig("un subscribe")
        def onLeave(self, data): ...

    @param value: the message type: what stands under the service's C{dispatcherKey}.
    @raise TypeError: when it is used without a value.
    """
    if not isinstance(value, str):
        raise TypeError('write @dispatcherConfig("value"): the message type is missing')

    def decorate(method: _Method) -> _Method:
        setattr(method, VALUE, value)
        return method

    return decorate
