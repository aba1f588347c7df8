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

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


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


def annotationsOf(owner: str, function: Callable[..., Any], name: str | None = None) -> dict[str, Any]:
    """
    @param name: what the class calls it; L{None} takes the function's own name.
    @return: the resolved annotations of a function, C{return} among them.
    @raise ServiceDefinitionError: when a name in one is not known where it stands.
    """
    plain = _unwrapped(function)
    try:
        known = dict(inspect.getclosurevars(plain).nonlocals)
    except (TypeError, ValueError):
        known = {}
    try:
        return get_type_hints(plain, localns=known, include_extras=True)
    except NameError as error:
        problem, mend = f"the annotation {error.name!r} is not known", "define it at module level"
    except Exception as error:  # An annotation in quotes is code, and may fail in any way.
        problem, mend = f"an annotation is no type ({type(error).__name__}: {error})", "correct it"
    raise ServiceDefinitionError(owner, name or plain.__name__, problem, mend)


def _unwrapped(function: Callable[..., Any]) -> Any:
    """
    @return: the function as it was written.
    """
    plain: Any = inspect.unwrap(function)
    # functools.partialmethod leaves its own function around the written one.
    partial = getattr(plain, "__partialmethod__", None) or getattr(plain, "_partialmethod", None)
    return plain if partial is None else _unwrapped(partial.func)


def match(owner: str, name: str, function: Callable[..., Any], roles: Sequence[Role]) -> Signature:
    """
    @param owner: the class's name, for errors.
    @param name: what the class calls the method.
    @param function: as found on the class: its first parameter is C{self}.
    @param roles: what can be given, in the order of positions.
    @raise ServiceDefinitionError: when a parameter matches nothing, a role matches
        twice, or a required role has no parameter.
    """

    def wrong(problem: str) -> ServiceDefinitionError:
        mend = f"its parameters may be ({', '.join(('self', *(role.name for role in roles)))})"
        return ServiceDefinitionError(owner, name, problem, mend)

    def isAnnotated(role: Role, parameter: inspect.Parameter) -> bool:
        return role.accepts is not None and role.accepts(hints.get(parameter.name))

    def isNamed(role: Role, parameter: inspect.Parameter) -> bool:
        return parameter.name in role.names

    def isMeant(parameter: inspect.Parameter) -> bool:
        # Without a default, or with one that the peer's data should take the place of.
        return parameter.default is inspect.Parameter.empty or any(
            isAnnotated(role, parameter) or isNamed(role, parameter) for role in roles
        )

    hints = annotationsOf(owner, function, name)
    wanted = list(inspect.signature(function).parameters.values())
    if not wanted or wanted[0].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
        raise wrong("it has no self")
    if wanted[0].kind is not inspect.Parameter.VAR_POSITIONAL:
        del wanted[0]
    for parameter in wanted:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL or (
            parameter.kind is inspect.Parameter.KEYWORD_ONLY and isMeant(parameter)
        ):
            plain = parameter.replace(annotation=inspect.Parameter.empty)
            raise wrong(f"the parameter {str(plain)!r} is not given by position")
    wanted = [parameter for parameter in wanted if parameter.kind in _POSITIONAL]
    left = {role.name: role for role in roles}
    found: dict[str, str] = {}
    _matchBy(wanted, left, found, isAnnotated)
    _matchBy(wanted, left, found, isNamed)
    _matchByPosition(wanted, left, found)
    by = {role.name: role for role in roles}
    for parameter in wanted:
        hint = hints.get(parameter.name, Any)
        accepts = by[found[parameter.name]].accepts if parameter.name in found else None
        if accepts is not None and hint not in (Any, object) and not accepts(hint):
            raise wrong(
                f"the parameter {parameter.name!r} is the {found[parameter.name]} and cannot be {shown(hint)}"
            )
        if parameter.name not in found and parameter.default is inspect.Parameter.empty:
            raise wrong(f"nothing can be given to the parameter {parameter.name!r}")
    for role in left.values():
        if role.required:
            raise wrong(f"it has no parameter for the {role.name}")
    given = [parameter for parameter in wanted if parameter.name in found]
    if given != wanted[: len(given)]:
        raise wrong("a parameter with a default stands before one that is given")
    return Signature(
        order=tuple(found[parameter.name] for parameter in given),
        annotations={found[p.name]: hints[p.name] for p in given if p.name in hints},
        returns=_returns(function, hints.get("return", inspect.Signature.empty)),
    )


def _returns(function: Callable[..., Any], annotation: Any) -> Any:
    plain = _unwrapped(function)
    if plain is function or not inspect.isgeneratorfunction(plain):
        return annotation
    # inlineCallbacks: the generator is how it is written, not what it returns.
    arguments = get_args(annotation)
    return arguments[-1] if len(arguments) == 3 else inspect.Signature.empty


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
