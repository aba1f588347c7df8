# -*- test-case-name: tests.session.test_parameters -*-
"""
Which parameter of a remote method gets what.

Matched by annotation, else by name, else by position, the caller first.  A
parameter with a default that nothing matches keeps its default.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_type_hints

import attrs

from balws.errors import ServiceDefinitionError


@attrs.frozen
class Role:
    """
    Something that a remote method can be given.

    @ivar name: what it is called in messages, and the first of its names.
    @ivar names: parameter names that mean it.
    @ivar accepts: whether an annotation means it; L{None} for data, which may be of
        any type.
    @ivar required: whether a method without it makes no sense.
    """

    name: str
    names: frozenset[str]
    accepts: Callable[[Any], bool] | None = None
    required: bool = False


@attrs.frozen
class Signature:
    """
    @ivar order: the roles in the order of the parameters.
    @ivar annotations: the annotation of each role; absent where there is none.
    @ivar returns: the annotation of the result, or L{inspect.Signature.empty}.
    """

    order: tuple[str, ...]
    annotations: dict[str, Any]
    returns: Any


def annotationsOf(owner: str, function: Callable[..., Any]) -> dict[str, Any]:
    """
    @return: the resolved annotations of a function, C{return} among them.
    @raise ServiceDefinitionError: when a name in one is not known where it stands.
    """
    plain = inspect.unwrap(function)
    try:
        known = dict(inspect.getclosurevars(plain).nonlocals)
    except (TypeError, ValueError):
        known = {}
    try:
        return get_type_hints(plain, localns=known, include_extras=True)
    except NameError as error:
        raise ServiceDefinitionError(
            owner, function.__name__, f"the annotation {error.name!r} is not known", "define it at module level"
        ) from None
    except TypeError as error:
        raise ServiceDefinitionError(
            owner, function.__name__, f"an annotation is no type ({error})", "correct it"
        ) from None


def match(owner: str, function: Callable[..., Any], roles: Sequence[Role]) -> Signature:
    """
    @param owner: the class's name, for errors.
    @param function: as found on the class: its first parameter is C{self}.
    @param roles: what can be given, in the order of positions.
    @raise ServiceDefinitionError: when a parameter matches nothing, a role matches
        twice, or a required role has no parameter.
    """
    hints = annotationsOf(owner, function)
    parameters = list(inspect.signature(function).parameters.values())
    if parameters and parameters[0].kind in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ):
        parameters = parameters[1:]  # self
    wanted = _wanted(owner, function, parameters, roles)
    left = {role.name: role for role in roles}
    found: dict[str, str] = {}
    _matchBy(wanted, left, found, lambda role, p: role.accepts is not None and role.accepts(hints.get(p.name)))
    _matchBy(wanted, left, found, lambda role, p: p.name in role.names)
    _matchByPosition(wanted, left, found)
    by = {role.name: role for role in roles}
    for parameter in wanted:
        accepts = by[found[parameter.name]].accepts if parameter.name in found else None
        if accepts is not None and parameter.name in hints and not accepts(hints[parameter.name]):
            raise ServiceDefinitionError(
                owner,
                function.__name__,
                f"the parameter {parameter.name!r} is the {found[parameter.name]} and cannot be {shown(hints[parameter.name])}",
                _mend(roles),
            )
        if parameter.name not in found and parameter.default is inspect.Parameter.empty:
            raise ServiceDefinitionError(
                owner, function.__name__, f"nothing can be given to the parameter {parameter.name!r}", _mend(roles)
            )
    for role in left.values():
        if role.required:
            raise ServiceDefinitionError(
                owner, function.__name__, f"it has no parameter for the {role.name}", _mend(roles)
            )
    given = [parameter for parameter in wanted if parameter.name in found]
    if given != wanted[: len(given)]:
        raise ServiceDefinitionError(
            owner, function.__name__, "a parameter with a default stands before one that is given", _mend(roles)
        )
    return Signature(
        order=tuple(found[parameter.name] for parameter in given),
        annotations={found[p.name]: hints[p.name] for p in given if p.name in hints},
        returns=_returns(function, hints.get("return", inspect.Signature.empty)),
    )


def _returns(function: Callable[..., Any], annotation: Any) -> Any:
    plain = inspect.unwrap(function)
    if plain is function or not inspect.isgeneratorfunction(plain):
        return annotation
    # inlineCallbacks: the generator is how it is written, not what it returns.
    arguments = get_args(annotation)
    return arguments[-1] if len(arguments) == 3 else inspect.Signature.empty


def _wanted(
    owner: str, function: Callable[..., Any], parameters: list[inspect.Parameter], roles: Sequence[Role]
) -> list[inspect.Parameter]:
    wanted = []
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL or (
            parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.default is inspect.Parameter.empty
        ):
            raise ServiceDefinitionError(
                owner, function.__name__, f"the parameter {str(parameter)!r} is not given by position", _mend(roles)
            )
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            wanted.append(parameter)
    return wanted


def _matchBy(
    wanted: list[inspect.Parameter],
    left: dict[str, Role],
    found: dict[str, str],
    fits: Callable[[Role, inspect.Parameter], bool],
) -> None:
    for parameter in wanted:
        if parameter.name in found:
            continue
        for role in list(left.values()):
            if fits(role, parameter):
                found[parameter.name] = role.name
                del left[role.name]
                break


def _matchByPosition(wanted: list[inspect.Parameter], left: dict[str, Role], found: dict[str, str]) -> None:
    open_ = [p for p in wanted if p.name not in found and p.default is inspect.Parameter.empty]
    roles = list(left.values())
    if len(open_) < len(roles):
        # The caller may be left out, and what is required may not.
        needed = [role for role in roles if role.required]
        roles = needed if len(open_) <= len(needed) else roles
    for parameter, role in zip(open_, roles, strict=False):
        found[parameter.name] = role.name
        del left[role.name]


def shown(annotation: Any) -> str:
    """
    @return: an annotation as a reader knows it.
    """
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _mend(roles: Sequence[Role]) -> str:
    return f"its parameters may be ({', '.join(role.name for role in roles)})"
