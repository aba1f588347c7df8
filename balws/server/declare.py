# -*- test-case-name: tests.server.test_declare -*-
"""
The decorators of upgrade services.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar, overload

import attrs

from balws.config.records import UnknownKey, fieldConverters
from balws.config.service import WSServiceConfig
from balws.errors import ServiceDefinitionError
from balws.interfaces import UpgradeService

#: A method, as it was: what the decorator puts in its place is for balws alone.
_Get = TypeVar("_Get", bound=Callable[..., Any])

_Class = TypeVar("_Class", bound=type[Any])

#: Where the decorator leaves the record on the class.
CONFIG = "__balwsConfig__"


def serviceConfig(config: WSServiceConfig | None = None, **fields: Any) -> Callable[[_Class], _Class]:
    """
    Configure an upgrade service::

        @serviceConfig(subProtocols=["xml"], idleTimeout=30)
        class Chat(UpgradeService): ...

    Fields that are not named are those of the base class, where that is configured: its
    C{auth} is not lost.

    @param config: a record, in place of or under the single fields; it replaces what the
        base class says.
    @param fields: fields of L{balws.config.WSServiceConfig}.
    @raise balws.ConfigurationError: for a value out of range.
    """
    checks = fieldConverters(WSServiceConfig)
    for name, value in fields.items():
        if name not in checks:
            raise UnknownKey.among(name, checks)
        checks[name](value)

    def decorate(kind: _Class) -> _Class:
        base = getattr(kind, CONFIG, None) or WSServiceConfig() if config is None else config
        setattr(kind, CONFIG, attrs.evolve(base, **fields))
        return kind

    return decorate


def configOf(service: UpgradeService | type[UpgradeService]) -> WSServiceConfig:
    """
    @return: what the decorator says, or the defaults.
    """
    config: WSServiceConfig | None = getattr(service, CONFIG, None)
    return WSServiceConfig() if config is None else config


class Resource:
    """
    What C{@get} makes of a method: it remembers its path, and whether there was another
    one before it under the same name, which a plain function could not.

    @ivar function: the user's.
    @ivar path: its template.
    @ivar second: whether it replaced another C{@get} of its class body.
    """

    def __init__(self, function: Callable[..., Any], path: str, second: bool = False) -> None:
        self.function = function
        self.path = path
        self.second = second

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self.function.__get__(instance, owner)

    def __call__(self, path: str | Callable[..., Any] = ".") -> Any:
        """
        The decorator again: in the class body of a method C{get} its name now means this.
        """
        if not isinstance(path, str):
            return Resource(path, ".", second=True)
        return lambda function: Resource(function, path, second=True)


@overload
def get(path: _Get) -> _Get: ...
@overload
def get(path: str = ".") -> Callable[[_Get], _Get]: ...
def get(path: str | Callable[..., Any] = ".") -> Any:
    """
    Mark the one C{get} resource of an upgrade service.  A method that is simply called
    C{get} needs no mark: its path is C{"."}, the service's own.

    @param path: below the service's path, with parameters in braces:
        C{"rooms/{room}"}.
    """
    if not isinstance(path, str):
        return _mark(path, ".")
    return lambda function: _mark(function, path)


def _mark(function: Callable[..., Any], path: str) -> Resource:
    # Two frames up is the class body, where a first @get of this name still stands.
    body = sys._getframe(2).f_locals
    return Resource(function, path, second=isinstance(body.get(function.__name__), Resource))


def resourceOf(kind: type) -> Resource:
    """
    @return: the one C{get} of an upgrade service.
    @raise ServiceDefinitionError: when there is none, or more (101), or when something
        else is there that a client might be meant to reach (105).
    """
    if not (isinstance(kind, type) and issubclass(kind, UpgradeService)):
        name = getattr(kind, "__qualname__", repr(kind))
        raise ServiceDefinitionError(
            name, None, "it is no UpgradeService", "derive it from balws.UpgradeService"
        )
    owner = kind.__qualname__
    resources: dict[str, Resource] = {}
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if isinstance(member, Resource):
            resources[name] = member
            _checkPlain(owner, name, member.function)
            if member.second:
                raise ServiceDefinitionError(owner, name, "there is a second get", "keep one")
        elif name == "get" and member is not None:
            _checkPlain(owner, name, member)
            resources[name] = Resource(member, ".")
        elif name.startswith("on") and name[2:3].isupper() and callable(member):
            raise ServiceDefinitionError(
                owner, name, "an upgrade service has no remote methods", "move it to the Service that get returns"
            )
        elif name in ("post", "put", "delete", "patch", "head", "options") and callable(member):
            raise ServiceDefinitionError(
                owner, name, "an upgrade is always a GET", "name it get, or with an underscore"
            )
    if not resources:
        raise ServiceDefinitionError(owner, None, "it has no get", "write get, which returns a Service")
    if len(resources) > 1:
        raise ServiceDefinitionError(
            owner, sorted(resources)[1], "there is a second get", "keep one"
        )
    return next(iter(resources.values()))


def _checkPlain(owner: str, name: str, member: Any) -> None:
    if not inspect.isfunction(member):
        raise ServiceDefinitionError(
            owner, name, f"it is a {type(member).__name__}", "write a plain method with self"
        )
    if inspect.isgeneratorfunction(member) or inspect.isasyncgenfunction(member):
        raise ServiceDefinitionError(
            owner, name, "it is a generator", "decorate it with inlineCallbacks, or await in place of yield"
        )
