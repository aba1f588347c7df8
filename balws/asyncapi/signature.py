# -*- test-case-name: tests.asyncapi.test_signature -*-
"""
What C{connect} of a client takes: the parameters of its channel.
"""

from __future__ import annotations

import attrs

from balws.asyncapi.contract import Contract, Parameter
from balws.asyncapi.kind import Kind, single
from balws.asyncapi.names import Names, memberName
from balws.asyncapi.shapes import Shapes, defaultOf
from balws.asyncapi.source import literal

__all__ = ["Signature", "connecting"]

_SIMPLE = ("str", "int", "float", "bool", "Decimal", "list[str]", "list[int]", "list[float]", "list[bool]")


@attrs.frozen(kw_only=True)
class Signature:
    """
    All in Python.

    @ivar arguments: after C{cls}.
    @ivar given: for C{TypedClient.openAt}: the parameters of path, query and headers.
    @ivar codes: the types.
    @ivar words: what is said of it all.
    @ivar said: what is said of each argument.
    """

    arguments: list[str]
    given: list[str]
    codes: list[str]
    words: list[str]
    said: dict[str, str]


def connecting(contract: Contract, shapes: Shapes) -> Signature:
    """
    @return: how to connect to a channel.
    """
    names = Names(("cls", "url", "fields", "self"))
    url = "url: str" if contract.server is None else f"url: str = {literal(contract.server)}"
    arguments, codes = [url], []
    said = {"url": "of the server, without the channel's address."}
    given: dict[str, list[str]] = {"path": [], "query": [], "header": []}
    for parameter in contract.parameters:
        name = names.take(memberName(parameter.key))
        kind, default = _typed(parameter, shapes)
        codes.append(kind.code)
        if len(arguments) == 1:
            arguments.append("*")
        arguments.append(f"{name}: {kind.code}" + ("" if default is None else f" = {default}"))
        given[parameter.source].append(f"{literal(parameter.key)}: {name}")
        said[name] = parameter.words or f"in the {parameter.source}."
    said["fields"] = "for L{balws.Client.connect}, such as auth and secureSocket."
    return Signature(
        arguments=[*arguments, "**fields: Any"],
        given=[f"{{{', '.join(each)}}}" for each in given.values()],
        codes=codes,
        words=["The parameters are those of the upgrade request."] if contract.parameters else [],
        said=said,
    )


def _typed(parameter: Parameter, shapes: Shapes) -> tuple[Kind, str | None]:
    """
    @return: the type, and the default; L{None} where it must be given.
    """
    kind = shapes.of(parameter.schema, "Parameter", parameter.where)
    if not all(member.literals or member.code in _SIMPLE for member in kind.members):
        kind = single("text", "str")
    if parameter.isRequired:
        return kind, None
    default = defaultOf(parameter.schema, kind)
    return (kind.optional, "None") if default is None else (kind, default)
