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
from collections.abc import Callable, Iterable, Mapping
from functools import partialmethod
from types import FunctionType
from typing import Any, get_args

import attrs

from balws.binding.choose import chooseBinder
from balws.binding.constraints import isUnion
from balws.binding.eventnames import RESERVED, methodName
from balws.errors import ServiceDefinitionError
from balws.interfaces import IDataBinder, Service
from balws.session.declare import VALUE
from balws.session.dispatch import Dispatch, binaryDispatch, textDispatch
from balws.session.parameters import Role, Signature, match, shown
from balws.session.returns import checkReturns, onlyCloseFrames
from balws.wire.headers import checkedFields


def _isRemote(name: str) -> bool:
    # As names derived from message types are: in any script.
    return name[:2] == "on" and name[2:3].isalnum() and name[2:3] == name[2:3].upper()


def _isCaller(annotation: Any) -> bool:
    return getattr(annotation, "__balwsCaller__", False) is True


def _isError(annotation: Any) -> bool:
    members = get_args(annotation) if isUnion(annotation) else (annotation,)
    return all(isinstance(member, type) and issubclass(member, BaseException) for member in members)


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
CONTROL = attrs.evolve(BYTES, accepts=lambda a: a is bytes)
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
    "onPing": (CALLER, CONTROL),
    "onPong": (CALLER, CONTROL),
    "onIdleTimeout": (CALLER,),
    "onClose": (CALLER, CODE, REASON),
    "onError": (CALLER, ERROR),
}

#: Those whose answer can only be a close frame (205).
_CLOSING = frozenset(("onClose", "onError", "onIdleTimeout"))

#: Those whose answer cannot be a stream.
_SINGLE = _CLOSING | {"onPing", "onPong"}


@attrs.frozen(eq=False)
class RemoteMethod:
    """
    @ivar kind: the class that has it.
    @ivar name: of the method on the class.
    @ivar order: what its parameters are.
    @ivar binder: turns payloads into what it declares; L{None} where the payload goes
        in as it is.
    @ivar error: takes its binding failures: C{on<X>Error}.
    """

    kind: type
    name: str
    order: tuple[str, ...]
    binder: IDataBinder | None = None
    error: RemoteMethod | None = None
    _function: object = attrs.field(init=False)

    @_function.default
    def _found(self) -> object:
        return inspect.getattr_static(self.kind, self.name)

    def invocation(self) -> Dispatch:
        """
        @return: the class's method that takes a message, as a function of service, caller and data.
        """
        function: Any = self._function
        if not isinstance(function, FunctionType):
            return self.invokeLate
        if len(self.order) == 1:
            return lambda service, caller, data: function(service, data)
        if self.order[0] == "caller":
            return function  # a lambda would be one more call for each message
        return lambda service, caller, data: function(service, data, caller)

    def invokeLate(self, service: Any, caller: Any, data: Any) -> Any:
        """
        As L{invocation}'s, with the method that the object has, whosever it is.
        """
        method = getattr(service, self.name)
        if len(self.order) == 1:
            return method(data)
        return method(caller, data) if self.order[0] == "caller" else method(data, caller)

    def isOf(self, service: Any) -> bool:
        """
        @return: whether the object's method is the class's, as that was.
        """
        return getattr(getattr(service, self.name), "__func__", None) is self._function

    def call(self, service: Service, given: Mapping[str, Any]) -> Any:
        """
        @param given: a value for each role.
        """
        return getattr(service, self.name)(*[given[role] for role in self.order])


class MethodTable:
    """
    What a service class answers to.

    @cvar names: the fixed remote methods that such a class may have.
    @ivar fixed: the fixed remote methods that it has, by name.
    @ivar wantsPing: whether it answers pings itself.
    @ivar wantsPong: whether it wants to see pongs.
    @ivar takesText: the method that takes texts, or L{None}.
    @ivar takesBinary: the one that takes binary messages.
    @ivar byValue: the methods of custom dispatch by the value that reaches them.
    @ivar byName: those that are reached by a name derived from the value.
    """

    names: Iterable[str] = FIXED

    def __init__(self, kind: type, dispatcherKey: str | None, validation: bool) -> None:
        """
        @raise ServiceDefinitionError: when the class cannot work as written.
        """
        self._checkKind(kind)
        self.kind = kind
        self.owner = kind.__qualname__
        self.dispatcherKey = dispatcherKey
        self._validation = validation
        self._functions = self._collect()
        self.fixed = {name: self._fixed(name) for name in self.names if name in self._functions}
        self._checkTogether()
        self.wantsPing = "onPing" in self.fixed
        self.wantsPong = "onPong" in self.fixed
        self.takesText = self.fixed.get("onTextMessage") or self.fixed.get("onMessage")
        self.takesBinary = self.fixed.get("onBinaryMessage") or self.fixed.get("onMessage")
        self.byValue: dict[str, RemoteMethod] = {}
        self.byName: dict[str, RemoteMethod] = {}
        for name in self._functions:
            if name not in self.names and not self._isErrorMethod(name):
                self._custom(name)
        self._text, self._binary = textDispatch(self), binaryDispatch(self)

    def _checkKind(self, kind: Any) -> None:
        if not (isinstance(kind, type) and issubclass(kind, Service)):
            raise ServiceDefinitionError(shown(kind), None, "it is no Service", "derive it from balws.Service")
        self._checkFields(kind)

    def _collect(self) -> dict[str, Callable[..., Any]]:
        found: dict[str, Callable[..., Any]] = {}
        for name in filter(_isRemote, dir(self.kind)):
            member = inspect.getattr_static(self.kind, name)
            if isinstance(member, partialmethod):
                member = getattr(self.kind, name)
            isDescriptor = hasattr(type(member), "__get__")
            if callable(member) and isDescriptor and not isinstance(member, (staticmethod, classmethod)):
                found[name] = member
            elif callable(member) or isDescriptor:
                raise ServiceDefinitionError(
                    self.owner, name, f"it is a {type(member).__name__}", "write a plain method with self"
                )
        return found

    def _checkFields(self, kind: type) -> None:
        headers = inspect.getattr_static(kind, "customHeaders")
        if headers is None or hasattr(type(headers), "__get__"):
            return  # None, or made for each connection.
        problem = None
        if not isinstance(headers, Mapping):
            problem = f"it is a {type(headers).__name__}"
        elif not all(isinstance(text, str) for field in headers.items() for text in field):
            problem = "a name or a value is not text"
        else:
            try:
                checkedFields(headers)
            except ValueError as error:
                problem = str(error)
        if problem is not None:
            raise ServiceDefinitionError(kind.__qualname__, "customHeaders", problem, "write a dict of strings")

    # The fixed methods

    def _fixed(self, name: str) -> RemoteMethod:
        function = self._functions[name]
        if hasattr(function, VALUE):  # 219
            raise ServiceDefinitionError(
                self.owner, name, "a fixed remote method has a dispatcherConfig", "rename the method"
            )
        signature = match(self.owner, name, function, FIXED[name])
        if name in _SINGLE:
            self._refuseStream(name)
        if name in _CLOSING:
            onlyCloseFrames(self.owner, name, signature.returns)
        else:
            checkReturns(self.owner, name, signature.returns)
        if name == "onClose" and signature.order == ("reason",):  # 206
            raise ServiceDefinitionError(
                self.owner, name, "it takes the reason alone", "take the statusCode too, or neither"
            )
        converts = name == "onMessage" or signature.annotations.get("data") in (bytearray, memoryview)
        binder = self._binder(name, signature) if converts else None
        return RemoteMethod(self.kind, name, signature.order, binder, self._errorMethod(name))

    def _refuseStream(self, name: str) -> None:
        function = self._functions[name]
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ServiceDefinitionError(
                self.owner, name, "it is a generator, which nobody reads", "decorate it with inlineCallbacks"
            )

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

    def _errorMethod(self, method: str) -> RemoteMethod | None:
        name = f"{method}Error"
        function = self._functions.get(name)
        if function is None:
            return None
        if hasattr(function, VALUE):
            raise ServiceDefinitionError(
                self.owner, name, f"it takes the errors of {method} and has a dispatcherConfig", "rename the method"
            )
        signature = match(self.owner, name, function, (CALLER, ERROR))
        self._refuseStream(name)
        onlyCloseFrames(self.owner, name, signature.returns)
        return RemoteMethod(self.kind, name, signature.order)

    def _custom(self, name: str) -> None:
        function = self._functions[name]
        value = getattr(function, VALUE, None)
        if self.dispatcherKey is None:
            near = difflib.get_close_matches(name, self.names, 1)
            hint = f"did you mean {near[0]}? else " if near else ""
            mend = f"{hint}set the service's dispatcherKey, or rename it"
            raise ServiceDefinitionError(self.owner, name, "nothing ever calls it", mend)
        if value is None and name.endswith("Error"):
            # No message reaches it by its name (ruling 5).
            base = name[: -len("Error")]
            near = difflib.get_close_matches(base, [known for known in self._functions if known != name], 1)
            mend = f"did you mean {near[0]}Error?" if near else f"write {base}, or give it a dispatcherConfig"
            raise ServiceDefinitionError(self.owner, name, f"there is no {base} whose errors it could take", mend)
        signature = match(self.owner, name, function, (CALLER, DATA))  # 108
        checkReturns(self.owner, name, signature.returns)
        method = RemoteMethod(self.kind, name, signature.order, self._binder(name, signature), self._errorMethod(name))
        if value is None:
            self.byName[name] = method
            return
        if value in self.byValue:  # 218
            raise ServiceDefinitionError(
                self.owner, name, f"{self.byValue[value].name} has the value {value!r} too", "give it another value"
            )
        derived = methodName(value)
        if derived != name and self._isReachedByName(derived):  # 217
            raise ServiceDefinitionError(
                self.owner, name, f"the value {value!r} means {derived} too", "remove one of the two"
            )
        self.byValue[value] = method

    def _isReachedByName(self, name: str | None) -> bool:
        return (
            name in self._functions
            and name not in RESERVED
            and not hasattr(self._functions[name], VALUE)
            and not self._isErrorMethod(name)
        )

    def dispatches(self, service: Service) -> tuple[Dispatch, Dispatch]:
        """
        @return: what to do with a text and with a binary message for this object.
        """
        for method in (self.takesText, self.takesBinary):
            if method is not None and not method.isOf(service):
                # A method was put on the object itself, or on its class since, as tests do.
                return textDispatch(self, late=True), binaryDispatch(self, late=True)
        return self._text, self._binary

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


class ControlTable(MethodTable):
    """
    What the control frames of a client go to: C{onPing} and C{onPong} alone (seed 4, 4.3).
    """

    names = ("onPing", "onPong")

    def _checkKind(self, kind: Any) -> None:
        pass  # any class may have the two; the configuration has looked
