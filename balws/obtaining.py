# -*- test-case-name: tests.test_obtaining -*-
"""
What a configuration names by C{module:attribute}.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import IRealm
from twisted.web.resource import IResource

from balws.config.place import Place
from balws.config.values import show
from balws.errors import Error
from balws.hub.hub import Hub
from balws.interfaces import IConnectionObserver, UpgradeService

__all__ = ["CHECKER", "OBSERVER", "REALM", "RESOURCE", "SERVICE", "Kind", "makeImportable", "obtain", "words"]


@attrs.frozen
class Kind:
    """
    What is wanted.

    @ivar key: the key in the file.
    @ivar noun: for errors.
    @ivar fits: whether an object is one, or the objects of a class are.
    """

    key: str
    noun: str
    fits: Callable[[object], bool] = attrs.field(eq=False)


def _isUpgradeService(value: object) -> bool:
    return issubclass(value, UpgradeService) if isinstance(value, type) else isinstance(value, UpgradeService)


def _provides(interface: Any) -> Callable[[object], bool]:
    return lambda value: bool(
        interface.implementedBy(value) if isinstance(value, type) else interface.providedBy(value)
    )


SERVICE = Kind("service", "an UpgradeService", _isUpgradeService)
RESOURCE = Kind("resource", "an IResource", _provides(IResource))
CHECKER = Kind("checker", "an ICredentialsChecker", _provides(ICredentialsChecker))
REALM = Kind("realm", "an IRealm", _provides(IRealm))
OBSERVER = Kind("observer", "an IConnectionObserver", _provides(IConnectionObserver))


def makeImportable(folders: Iterable[Path]) -> None:
    """
    Put folders in front of the path on which modules are looked for, the first in front of
    all.
    """
    for folder in reversed([str(folder) for folder in folders]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    importlib.invalidate_caches()


def obtain(target: str, kind: Kind, hub: Hub, place: Place) -> Any:
    """
    Get what C{module:attribute} names: an instance as it is; a class or a factory is called.  A
    module that is imported already is not imported again.

    @param hub: for those that take a parameter of this name.
    @param place: of the table in which it is named.
    @raise ConfigurationError: where there is none.
    """
    found = _import(target, place, kind.key)
    isRight = kind.fits(found)
    if isinstance(found, type) if isRight else callable(found) and not isinstance(found, type):
        try:
            found = found(hub=hub) if _takesHub(found) else found()
        except Exception as error:
            raise place.error(f"calling {target} failed: {words(error)}", kind.key) from error
        isRight = kind.fits(found) and not isinstance(found, type)
    if not isRight:
        given = f"the class {found.__qualname__}" if isinstance(found, type) else show(found)
        raise place.error(f"expected {kind.noun}, got {given}", kind.key)
    return found


def _import(target: str, place: Place, key: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise place.error(f'no module named "{error.name}"', key) from None
        raise place.error(f"importing {module} failed: {words(error)}", key) from error
    for name in attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise place.error(f'the module {module} has no "{attribute}"', key) from None
    return found


def _takesHub(factory: Callable[..., Any]) -> bool:
    try:
        parameter = inspect.signature(factory).parameters.get("hub")
    except (TypeError, ValueError):  # some callables of C code have no signature
        return False
    return parameter is not None and parameter.kind in (
        parameter.POSITIONAL_OR_KEYWORD,
        parameter.KEYWORD_ONLY,
    )


def words(error: BaseException) -> str:
    """
    @return: an error on one line, with the file and line where somebody else's code raised it.
    """
    text = (str(error).splitlines() or [""])[0]
    if isinstance(error, Error):
        return text
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen ")
    ]
    place = ""
    # A SyntaxError says by itself where it is, and was raised by Python's import.
    if frames and frames[-1].filename != __file__ and not isinstance(error, SyntaxError):
        place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
    name = type(error).__name__
    return f"{name}: {text}{place}" if text else f"{name}{place}"
