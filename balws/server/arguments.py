# -*- test-case-name: tests.server.test_arguments -*-
"""
What C{get} is called with: the request, path, query and header parameters (tables B20
to B22), converted by their annotations.
"""

from __future__ import annotations

import inspect
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
from balws.server.refusal import Refusal
from balws.session.parameters import annotationsOf, shown

_isParameter = re.compile(r"\{([A-Za-z_]\w*)\}").fullmatch


def _integer(text: str) -> int:
    # int() takes underscores, blanks and other scripts' digits; a URL should not.
    if not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
        raise ValueError(text)
    return int(text)


def _float(text: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", text) or len(text) > 64:
        raise ValueError(text)
    return float(text)


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

    def value(self, request: Request, path: dict[str, str]) -> Any:
        """
        @return: the value, or the L{Refusal}.
        """
        if self.source == _PATH:
            return self._converted([path[self.name]], Refusal(404))
        if self.source == _HEADER:
            raw = request.requestHeaders.getRawHeaders(self.key.encode(), [])
            missing = invalid = Refusal(404, f"No header value found for: {self.key}\n")
        else:
            raw = request.args.get(self.key.encode(), [])
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
    """

    def __init__(self, owner: str, function: Callable[..., Any], template: str) -> None:
        """
        @param template: the path, such as C{"rooms/{room}"}; C{"."} for none.
        @raise ServiceDefinitionError: for a parameter that cannot be bound (102, 103).
        """
        self.owner = owner
        self.name = function.__name__
        self._template = self._split(template)
        names = [name for segment in self._template if (name := _parameterName(segment))]
        hints = annotationsOf(owner, function)
        self._request: str | None = None
        self._parameters: list[Parameter] = []
        for position, parameter in enumerate(list(inspect.signature(function).parameters.values())[1:]):
            if parameter.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
                continue
            annotation = hints.get(parameter.name)
            if _isRequest(annotation) or (
                annotation is None and (parameter.name in ("request", "req") or (not position and _bare(parameter, names)))
            ):
                self._request = parameter.name
            else:
                self._parameters.append(self._parameter(parameter, annotation, names))
        bound = {p.name for p in self._parameters}
        for name in names:
            if name not in bound:
                raise ServiceDefinitionError(
                    owner, self.name, f"the path parameter {{{name}}} has no parameter", f"add {name}: str"
                )

    def _split(self, template: str) -> tuple[str, ...]:
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
        return parts

    def _parameter(self, parameter: inspect.Parameter, annotation: Any, path: Sequence[str]) -> Parameter:
        header: Header | None = None
        if get_origin(annotation) is Annotated:
            annotation, *extras = get_args(annotation)
            marks = [extra for extra in extras if isinstance(extra, Header) or extra is Header]
            if marks:
                header = marks[0] if isinstance(marks[0], Header) else Header()
        inner, many, nilable = _taken(str if annotation is None else annotation)
        source = _HEADER if header is not None else _PATH if parameter.name in path else _QUERY
        convert = CONVERSIONS.get(inner)
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
        given = parameter.default is not inspect.Parameter.empty
        return Parameter(
            name=parameter.name,
            source=source,
            key=(header.name if header is not None else None) or parameter.name,
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
        for segment, raw in zip(self._template, rest, strict=True):
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                return None
            name = _parameterName(segment)
            if name is not None and text:
                found[name] = text
            elif text != segment:
                return None
        return found

    def bind(self, request: Request, path: dict[str, str]) -> dict[str, Any] | Refusal:
        """
        @return: keyword arguments for C{get}, or the answer to a request that lacks one.
        """
        values: dict[str, Any] = {}
        if self._request is not None:
            values[self._request] = request
        for parameter in self._parameters:
            value = parameter.value(request, path)
            if isinstance(value, Refusal):
                return value
            values[parameter.name] = value
        return values


def _parameterName(segment: str) -> str | None:
    match = _isParameter(segment)
    return match[1] if match else None


def _isRequest(annotation: Any) -> bool:
    return annotation is IRequest or (isinstance(annotation, type) and issubclass(annotation, Request))


def _bare(parameter: inspect.Parameter, path: Sequence[str]) -> bool:
    # `def get(self, r)`: the first parameter, not annotated, no default, no path parameter.
    return parameter.default is inspect.Parameter.empty and parameter.name not in path


def _taken(annotation: Any) -> tuple[Any, bool, bool]:
    """
    @return: the type of one value, whether there may be many, whether there may be none.
    """
    nilable = False
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1 and len(get_args(annotation)) == 2:
            nilable = True
            annotation = members[0]
    if get_origin(annotation) is list and get_args(annotation):
        return get_args(annotation)[0], True, nilable
    return annotation, False, nilable
