# -*- test-case-name: tests.server.test_arguments -*-
"""
What C{get} is called with: the request, path, query and header parameters (tables B20
to B22), converted by their annotations.
"""

from __future__ import annotations

import inspect
import math
import re
import types
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Union, get_args, get_origin

import attrs
from twisted.web.iweb import IRequest
from twisted.web.server import Request

from balws.errors import ServiceDefinitionError
from balws.interfaces import Header
from balws.server.asked import Asked
from balws.server.refusal import Refusal
from balws.session.parameters import annotationsOf, shown
from balws.wire.headers import isToken

_isParameter = re.compile(r"\{([A-Za-z_]\w*)\}").fullmatch


def _integer(text: str) -> int:
    # int() takes underscores, blanks and other scripts' digits; a URL should not.
    if not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
        raise ValueError(text)
    return int(text)


def _float(text: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", text) or len(text) > 64:
        raise ValueError(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]{1,4})?", text) or len(text) > 64:
        raise ValueError(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


#: The types that a parameter may have.  Anything but C{true} is false (table B20).
CONVERSIONS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _integer,
    float: _float,
    bool: lambda text: text == "true",
    Decimal: _decimal,
}

_PATH, _QUERY, _HEADER = "path", "query", "header"


@attrs.frozen
class Parameter:
    """
    @ivar name: of the parameter.
    @ivar source: C{"path"}, C{"query"} or C{"header"}.
    @ivar key: what it is called there.
    @ivar convert: from text.
    @ivar many: whether it takes all values, as a list.
    @ivar optional: whether it may be missing; then it is C{default}.
    """

    name: str
    source: str
    key: str
    convert: Callable[[str], Any]
    many: bool
    optional: bool
    default: Any

    def value(self, asked: Asked, path: dict[str, str]) -> Any:
        """
        @return: the value, or the L{Refusal}.
        """
        if self.source == _PATH:
            return self._converted([path[self.name]], Refusal(404))
        if self.source == _HEADER:
            raw = asked.fields.get(self.key.encode().lower(), [])
            missing = invalid = Refusal(404, f"No header value found for: {self.key}\n")
        else:
            raw = asked.args.get(self.key.encode(), [])
            missing = Refusal(400, f"No query param value found for: {self.key}\n")
            invalid = Refusal(400, f"Invalid query param value for: {self.key}\n")
        if not raw:
            return self.default if self.optional else missing
        try:
            texts = [value.decode() for value in raw]
        except UnicodeDecodeError:
            return invalid
        return self._converted(texts, invalid)

    def _converted(self, texts: list[str], invalid: Refusal) -> Any:
        try:
            return [self.convert(text) for text in texts] if self.many else self.convert(texts[0])
        except ValueError:
            return invalid


class Arguments:
    """
    Binds one C{get}.

    @ivar wantsRequest: whether it is given the request itself.
    """

    def __init__(self, owner: str, function: Callable[..., Any], template: str) -> None:
        """
        @param template: the path, such as C{"rooms/{room}"}; C{"."} for none.
        @raise ServiceDefinitionError: for a parameter that cannot be bound (102, 103).
        """
        self.owner = owner
        self.name = function.__name__
        self._template = self._split(template)
        names = [name for _, name in self._template if name]
        hints = annotationsOf(owner, function)
        parameters = self._taking(function)
        self._requests = _requests(parameters, hints, names)
        self.wantsRequest = bool(self._requests)
        self.parameters = [
            self._parameter(parameter, hints.get(parameter.name), names)
            for parameter in parameters
            if parameter.name not in self._requests
        ]
        bound = {p.name for p in self.parameters}
        for name in names:
            if name not in bound:
                raise ServiceDefinitionError(
                    owner, self.name, f"the path parameter {{{name}}} has no parameter", f"add {name}: str"
                )

    def _taking(self, function: Callable[..., Any]) -> list[inspect.Parameter]:
        """
        @return: the parameters that are given something: all, by name, but C{self}.
        """
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
            raise ServiceDefinitionError(self.owner, self.name, "it has no self", "write a plain method with self")
        for parameter in parameters[1:]:
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                raise ServiceDefinitionError(
                    self.owner,
                    self.name,
                    f"the parameter {parameter.name!r} cannot be given by name",
                    "move the / in front of it",
                )
        variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        return [parameter for parameter in parameters[1:] if parameter.kind not in variable]

    def _split(self, template: str) -> tuple[tuple[str, str | None], ...]:
        """
        @return: each segment, and the name of the parameter that it is.
        """
        if template in (".", "", "/"):
            return ()
        parts = tuple(template.strip("/").split("/"))
        names = [_parameterName(part) for part in parts]
        for part, name in zip(parts, names, strict=True):
            if not part or (name is None and ("{" in part or "}" in part)):
                raise ServiceDefinitionError(
                    self.owner, self.name, f"the path {template!r} has the segment {part!r}", "write {name} or text"
                )
        given = [name for name in names if name]
        if len(set(given)) != len(given):
            raise ServiceDefinitionError(
                self.owner, self.name, f"the path {template!r} has a parameter twice", "rename one"
            )
        return tuple(zip(parts, names, strict=True))

    def _parameter(self, parameter: inspect.Parameter, annotation: Any, path: Sequence[str]) -> Parameter:
        inner, many, nilable, header = _taken(str if annotation is None else annotation)
        source = _HEADER if header is not None else _PATH if parameter.name in path else _QUERY
        convert = CONVERSIONS.get(inner) if isinstance(inner, type) else None
        if (
            convert is None
            or (source == _PATH and (many or nilable or inner is Decimal))
            or (source == _HEADER and inner is not str)
        ):
            allowed = {_PATH: "str, int, float, bool", _HEADER: "str, list[str]"}.get(
                source, "str, int, float, bool, Decimal, and lists of them"
            )
            raise ServiceDefinitionError(
                self.owner,
                self.name,
                f"the {source} parameter {parameter.name!r} cannot be {shown(annotation)}",
                f"declare one of {allowed}",
            )
        key = (header.name if header is not None else None) or parameter.name
        if source == _HEADER and not isToken(key.encode()):
            raise ServiceDefinitionError(
                self.owner, self.name, f"no header can be called {key!r}", 'write Header("X-Name")'
            )
        given = parameter.default is not inspect.Parameter.empty
        return Parameter(
            name=parameter.name,
            source=source,
            key=key,
            convert=convert,
            many=many,
            optional=given or nilable,
            default=parameter.default if given else None,
        )

    def matches(self, rest: Sequence[bytes]) -> dict[str, str] | None:
        """
        @param rest: the request's path below the service's, unquoted.
        @return: the path parameters' texts, or L{None} when it is another path.
        """
        if list(rest) == [b""]:
            rest = ()
        if len(rest) != len(self._template):
            return None
        found = {}
        for (segment, name), raw in zip(self._template, rest, strict=True):
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                return None
            if name is not None and text:
                found[name] = text
            elif text != segment:
                return None
        return found

    def bind(self, asked: Asked, path: dict[str, str]) -> dict[str, Any] | Refusal:
        """
        @return: keyword arguments for C{get}, or the answer to a request that lacks one.
        """
        values: dict[str, Any] = dict.fromkeys(self._requests, asked.request) if self.wantsRequest else {}
        for parameter in self.parameters:
            value = parameter.value(asked, path)
            if isinstance(value, Refusal):
                return value
            values[parameter.name] = value
        return values


def _parameterName(segment: str) -> str | None:
    match = _isParameter(segment)
    return match[1] if match else None


def _isRequest(annotation: Any) -> bool:
    return annotation is IRequest or (isinstance(annotation, type) and issubclass(annotation, Request))


def _requests(
    parameters: Sequence[inspect.Parameter], hints: dict[str, Any], path: Sequence[str]
) -> tuple[str, ...]:
    """
    @return: the names of the parameters that are given the request: by annotation and by
        name; else the first, as in C{def get(self, r)}.
    """
    found = [
        parameter.name
        for parameter in parameters
        if _isRequest(hints.get(parameter.name))
        or (parameter.name not in hints and parameter.name in ("request", "req"))
    ]
    first = parameters[0] if parameters else None
    if first and not found and first.name not in (*hints, *path) and first.default is inspect.Parameter.empty:
        found = [first.name]
    return tuple(found)


def _taken(annotation: Any) -> tuple[Any, bool, bool, Header | None]:
    """
    @return: the type of one value, whether there may be many, whether there may be none,
        and what marks it as a header.
    """
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, many, nilable, header = _taken(inside[0])
        for mark in inside[1:]:
            if isinstance(mark, Header) or mark is Header:
                header = mark if isinstance(mark, Header) else Header()
        return inner, many, nilable, header
    if origin in (Union, types.UnionType) and len(inside) == 2 and type(None) in inside:
        inner, many, _, header = _taken(inside[0] if inside[1] is type(None) else inside[1])
        return inner, many, True, header
    if origin is list and inside:
        return inside[0], True, False, None
    return annotation, False, False, None
