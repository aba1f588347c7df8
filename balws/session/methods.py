# -*- test-case-name: tests.session.test_methods -*-
"""
The table of a service class's remote methods, built and checked once.

Every check that the reference library's compiler makes is made here, so that a
service that cannot work is refused when it is attached (decision 27).  The codes in
comments are those of the reference.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from balws.binding.choose import chooseBinder
from balws.binding.eventnames import RESERVED, methodName
from balws.errors import ServiceDefinitionError
from balws.interfaces import IDataBinder, Service
from balws.session.declare import VALUE
from balws.session.parameters import Role, Signature, match, shown
from balws.session.returns import checkReturns, onlyCloseFrames

_isRemote = re.compile(r"on[A-Z0-9]\w*").fullmatch


def _isCaller(annotation: Any) -> bool:
    return getattr(annotation, "__balwsCaller__", False) is True


def _isError(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseException)


CALLER = Role("caller", frozenset(("caller", "wsCaller", "wsEp")), _isCaller)
TEXT = Role(
    "text", frozenset(("text", "data", "message", "msg", "payload")), lambda a: a is str, required=True
)
BYTES = Role(
    "data",
    frozenset(("data", "binary", "message", "payload", "localData")),
    lambda a: a in (bytes, bytearray, memoryview),
    required=True,
)
DATA = Role("data", frozenset(("data", "message", "payload", "value")), required=True)
CODE = Role("statusCode", frozenset(("statusCode", "status_code", "code", "status")), lambda a: a is int)
REASON = Role("reason", frozenset(("reason",)), lambda a: a is str)
ERROR = Role("error", frozenset(("error", "err", "exception", "failure")), _isError, required=True)

#: What each fixed remote method can be given (seed 4, section 3.2.1).
FIXED: Mapping[str, tuple[Role, ...]] = {
    "onOpen": (CALLER,),
    "onTextMessage": (CALLER, TEXT),
    "onBinaryMessage": (CALLER, BYTES),
    "onMessage": (CALLER, DATA),
    "onPing": (CALLER, BYTES),
    "onPong": (CALLER, BYTES),
    "onIdleTimeout": (CALLER,),
    "onClose": (CALLER, CODE, REASON),
    "onError": (CALLER, ERROR),
}

#: Those whose answer can only be a close frame (205).
_CLOSING = frozenset(("onClose", "onError", "onIdleTimeout"))


@attrs.frozen(eq=False)
class RemoteMethod:
    """
    @ivar name: of the method on the class.
    @ivar order: what its parameters are.
    @ivar binder: turns payloads into what it declares; L{None} where the payload goes
        in as it is.
    @ivar error: takes its binding failures: C{on<X>Error}.
    """

    name: str
    order: tuple[str, ...]
    binder: IDataBinder | None = None
    error: RemoteMethod | None = None

    def call(self, service: Service, given: Mapping[str, Any]) -> Any:
        """
        @param given: a value for each role.
        """
        return getattr(service, self.name)(*[given[role] for role in self.order])


class MethodTable:
    """
    What a service class answers to.

    @ivar fixed: the fixed remote methods that it has, by name.
    @ivar byValue: the methods of custom dispatch by the value that reaches them.
    @ivar byName: those that are reached by a name derived from the value.
    """

    def __init__(self, kind: type[Service], dispatcherKey: str | None, validation: bool) -> None:
        """
        @raise ServiceDefinitionError: when the class cannot work as written.
        """
        if not (isinstance(kind, type) and issubclass(kind, Service)):
            raise ServiceDefinitionError(shown(kind), None, "it is no Service", "derive it from balws.Service")
        self.kind = kind
        self.owner = kind.__qualname__
        self.dispatcherKey = dispatcherKey
        self._validation = validation
        functions = {
            name: member
            for name in dir(kind)
            if _isRemote(name) and callable(member := inspect.getattr_static(kind, name))
        }
        self._checkKinds(kind)
        self._functions = functions
        self.fixed = {name: self._fixed(name) for name in FIXED if name in functions}
        self._checkTogether()
        self.byValue: dict[str, RemoteMethod] = {}
        self.byName: dict[str, RemoteMethod] = {}
        for name in functions:
            if name not in FIXED and not self._isErrorMethod(name):
                self._custom(name)
        self._checkFields()

    def _checkKinds(self, kind: type[Service]) -> None:
        for name in dir(kind):
            member = inspect.getattr_static(kind, name)
            if _isRemote(name) and isinstance(member, (staticmethod, classmethod, property)):
                raise ServiceDefinitionError(
                    self.owner, name, f"it is a {type(member).__name__}", "write a plain method with self"
                )

    def _checkFields(self) -> None:
        headers = inspect.getattr_static(self.kind, "customHeaders", {})
        if isinstance(headers, Mapping):
            for name, value in headers.items():
                if not isinstance(name, str) or not isinstance(value, str):
                    raise ServiceDefinitionError(
                        self.owner, "customHeaders", f"{name!r}: {value!r} is not text", "write strings"
                    )

    # The fixed methods

    def _fixed(self, name: str) -> RemoteMethod:
        function = self._functions[name]
        if hasattr(function, VALUE):  # 219
            raise ServiceDefinitionError(
                self.owner, name, "a fixed remote method has a dispatcherConfig", "rename the method"
            )
        signature = match(self.owner, function, FIXED[name])
        if name in _CLOSING:
            onlyCloseFrames(self.owner, name, signature.returns)
        else:
            checkReturns(self.owner, name, signature.returns)
        if name == "onClose" and signature.order == ("reason",):  # 206
            raise ServiceDefinitionError(
                self.owner, name, "it takes the reason alone", "take the statusCode too, or neither"
            )
        binder = self._binder(name, signature) if name == "onMessage" else None
        return RemoteMethod(name, signature.order, binder, self._errorMethod(name))

    def _binder(self, name: str, signature: Signature) -> IDataBinder | None:
        # Without an annotation a method takes what comes: str for text, bytes for binary.
        if "data" not in signature.annotations:
            return None
        annotation = signature.annotations["data"]
        try:
            return chooseBinder(annotation, self._validation)
        except TypeError as error:
            raise ServiceDefinitionError(
                self.owner, name, f"no message can become {shown(annotation)}: {error}", "declare another type"
            ) from None

    def _checkTogether(self) -> None:
        if "onMessage" in self.fixed:
            for name in ("onTextMessage", "onBinaryMessage"):
                if name in self.fixed:  # 216
                    raise ServiceDefinitionError(
                        self.owner, name, "it stands beside onMessage", "keep onMessage, or the other ones"
                    )

    # Custom dispatch

    def _isErrorMethod(self, name: str) -> bool:
        return name.endswith("Error") and name[: -len("Error")] in self._functions

    def _errorMethod(self, name: str) -> RemoteMethod | None:
        function = self._functions.get(f"{name}Error")
        if function is None:
            return None
        signature = match(self.owner, function, (CALLER, ERROR))
        onlyCloseFrames(self.owner, function.__name__, signature.returns)
        return RemoteMethod(function.__name__, signature.order)

    def _custom(self, name: str) -> None:
        function = self._functions[name]
        value = getattr(function, VALUE, None)
        if self.dispatcherKey is None:
            near = difflib.get_close_matches(name, FIXED, 1)
            mend = f"did you mean {near[0]}?" if near else "set the service's dispatcherKey, or rename it"
            raise ServiceDefinitionError(self.owner, name, "nothing ever calls it", mend)
        signature = match(self.owner, function, (CALLER, DATA))  # 108
        checkReturns(self.owner, name, signature.returns)
        method = RemoteMethod(name, signature.order, self._binder(name, signature), self._errorMethod(name))
        if value is None:
            self.byName[name] = method
            return
        if value in self.byValue:  # 218
            raise ServiceDefinitionError(
                self.owner, name, f"{self.byValue[value].name} has the value {value!r} too", "give it another value"
            )
        derived = methodName(value)
        if derived != name and derived in self._functions and derived not in RESERVED:  # 217
            if not hasattr(self._functions[derived], VALUE):
                raise ServiceDefinitionError(
                    self.owner, name, f"the value {value!r} means {derived} too", "remove one of the two"
                )
        self.byValue[value] = method

    def target(self, value: str) -> RemoteMethod | None:
        """
        @param value: a message's type.
        @return: its method: by exact value, else by derived name.  The fixed remote
            methods are never found here (decision 7).
        """
        method = self.byValue.get(value)
        if method is None and self.byName:
            name = methodName(value)
            if name is not None:
                method = self.byName.get(name)
        return method


def bind(method: RemoteMethod, service: Service, caller: Any) -> Callable[[Any], Any]:
    """
    @return: the method as a function of its data alone.
    """
    function: Callable[..., Any] = getattr(service, method.name)
    if len(method.order) == 1:
        return function
    if method.order[0] == "caller":
        # A closure would be one more Python call for each message; partial is C.
        return partial(function, caller)
    return lambda data: function(data, caller)

