# -*- test-case-name: tests.test_application -*-
"""
From a L{Configuration} to running Twisted services.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import attrs
from twisted.application.service import MultiService, Service
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.static import File

from balws.config import Configuration, ListenerEntry, ResourceEntry, ServiceEntry, override
from balws.config.auth import AuthEntry, CheckerWithScopes, FileUserStoreConfigWithScopes
from balws.config.place import Place
from balws.config.userstore import FileUserStoreConfig
from balws.config.values import show
from balws.errors import ConfigurationError, Error
from balws.interfaces import UpgradeService
from balws.reloading import Reloading
from balws.server.declare import configOf
from balws.server.listener import Listener

__all__ = ["CannotStart", "ListenerService", "StaticFolder", "makeApplicationService"]

_log = Logger()


def makeApplicationService(
    configuration: Configuration,
    reactor: Any = None,
    listenerFactory: Callable[..., Listener] = Listener,
) -> MultiService:
    """
    Import what a configuration names and attach it to listeners.  No port is opened
    before the service starts.

    @param reactor: what the listeners listen with; L{None} is the global one.
    @param listenerFactory: what makes a listener.
    @return: a service whose C{privilegedStartService} opens the ports, and whose
        C{stopService} stops gracefully.
    @raise ConfigurationError: with the place in the file, for what cannot be
        imported, made or attached.
    """
    _makeImportable(configuration.pythonPath)
    parent = Reloading(reactor)
    for entry in configuration.listeners:
        listener = _makeListener(entry, reactor, listenerFactory, configuration.userStore)
        parent.addService(ListenerService(listener, reactor))
    return parent


class CannotStart(SystemExit, Exception):
    """
    A port cannot be opened.  Ends the process with its one line and status 1.

    An L{Exception} too, since it is those of which a twistd in the background tells
    the waiting foreground, and removes its PID file; it would wait for ever otherwise.
    """


class ListenerService(Service):
    """
    Ties a listener to the life of an application.
    """

    def __init__(self, listener: Listener, reactor: Any = None) -> None:
        """
        @param reactor: what stops when the port cannot be opened; L{None} is the global one.
        """
        self.listener = listener
        self._reactor = reactor

    def privilegedStartService(self) -> None:
        """
        Open the port.

        @raise CannotStart: when it cannot be opened: twistd ends with one line, status 1
            and no traceback (DESIGN 6.12).
        """
        Service.privilegedStartService(self)
        started = maybeDeferred(self.listener.start)
        result = getattr(started, "result", None)
        if isinstance(result, Failure):
            started.addErrback(lambda failure: None)
            raise CannotStart(_startProblem(result))
        # Every endpoint of Twisted is here by now; another's may fail later.
        started.addErrback(self._failedLate)

    def _failedLate(self, failure: Failure) -> None:
        reactor = self._reactor
        if reactor is None:
            from twisted.internet import reactor
        _log.critical("{problem}", problem=_startProblem(failure))
        reactor.callWhenRunning(reactor.stop)

    def stopService(self) -> Deferred[Any]:
        """
        @return: fires when every connection is closed.
        """
        Service.stopService(self)
        return self.listener.gracefulStop()


class StaticFolder(File):
    """
    Files of a folder.  The names in a folder without an index are nobody's business.
    """

    def directoryListing(self) -> IResource:
        """
        @return: 404 in place of Twisted's listing.
        """
        notFound: IResource = self.childNotFound
        return notFound


def _makeImportable(folders: Iterable[Path]) -> None:
    for folder in reversed([str(folder) for folder in folders]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    importlib.invalidate_caches()


def _makeListener(
    entry: ListenerEntry,
    reactor: Any,
    listenerFactory: Callable[..., Listener],
    userStore: FileUserStoreConfig | None,
) -> Listener:
    key, where = ("port", entry.port) if entry.endpoint is None else ("endpoint", entry.endpoint)
    try:
        listener = listenerFactory(where, reactor=reactor, config=entry.configuration)
    except ConfigurationError as error:
        raise entry.place.locate(error) from error
    except Exception as error:
        # Each kind of endpoint has errors of its own for a string that it cannot use.
        raise entry.place.error(_words(error), key) from error
    for service in entry.services:
        _attachService(listener, service, userStore)
    for resource in entry.resources:
        _attachResource(listener, resource)
    return listener


def _attachService(listener: Listener, entry: ServiceEntry, userStore: FileUserStoreConfig | None) -> None:
    service = _obtain(entry.service, _isUpgradeService, "an UpgradeService", listener, entry.place, "service")
    try:
        config = override(configOf(service), entry.overrides)
    except ConfigurationError as error:
        raise entry.place.locate(error) from None
    if entry.path is None and config.basePath is None and config.webSocketUpgradePath is None:
        raise entry.place.error("is missing, and the service has no basePath", "path")
    if config.auth is not None:
        entries = tuple(
            _completed(each, index, userStore, listener, entry.place) for index, each in enumerate(config.auth)
        )
        config = attrs.evolve(config, auth=entries)
    try:
        listener.attach(service, entry.path, config=config)
    except ConfigurationError as error:
        raise entry.place.locate(error) from None
    except Error as error:
        raise entry.place.error(_words(error), "service") from error


def _completed(
    entry: AuthEntry, index: int, userStore: FileUserStoreConfig | None, listener: Listener, place: Place
) -> AuthEntry:
    """
    @return: an entry of C{auth} with what it names in its place, and the file's users where
        it has none of its own.
    """
    own = place.child("auth").child(index)
    if isinstance(entry.realm, str):
        realm = _obtain(entry.realm, _provides(IRealm), "an IRealm", listener, own, "realm")
        entry = attrs.evolve(entry, realm=realm)
    if isinstance(entry, CheckerWithScopes) and isinstance(entry.checker, str):
        fits = _provides(ICredentialsChecker)
        checker = _obtain(entry.checker, fits, "an ICredentialsChecker", listener, own, "checker")
        return attrs.evolve(entry, checker=checker)
    if isinstance(entry, FileUserStoreConfigWithScopes) and userStore is not None:
        given = entry.fileUserStoreConfig
        if given.users is None and given.path is None:
            allow = given.allowPlaintextPasswords or userStore.allowPlaintextPasswords
            return attrs.evolve(entry, fileUserStoreConfig=attrs.evolve(userStore, allowPlaintextPasswords=allow))
    return entry


def _attachResource(listener: Listener, entry: ResourceEntry) -> None:
    if entry.static is not None:
        resource: Any = StaticFolder(str(entry.static))
    else:
        resource = _obtain(
            entry.resource or "", _provides(IResource), "an IResource", listener, entry.place, "resource"
        )
    try:
        listener.attachResource(resource, entry.path)
    except Error as error:
        raise entry.place.error(_words(error), "path") from error


def _isUpgradeService(value: object) -> bool:
    return issubclass(value, UpgradeService) if isinstance(value, type) else isinstance(value, UpgradeService)


def _provides(interface: Any) -> Callable[[object], bool]:
    """
    @return: tells whether an object provides an interface, or the objects of a class do.
    """
    return lambda value: bool(
        interface.implementedBy(value) if isinstance(value, type) else interface.providedBy(value)
    )


def _obtain(
    target: str, fits: Callable[[object], bool], noun: str, listener: Listener, place: Place, key: str
) -> Any:
    """
    Get what C{module:attribute} names: an instance as it is; a class or a factory is called.

    @param fits: tells whether a class or an object is of the wanted kind.
    @param noun: the wanted kind, for errors.
    """
    found = _import(target, place, key)
    isRight = fits(found)
    if isinstance(found, type) if isRight else callable(found) and not isinstance(found, type):
        try:
            found = found(hub=listener.hub) if _takesHub(found) else found()
        except Exception as error:
            raise place.error(f"calling {target} failed: {_words(error)}", key) from error
        isRight = fits(found) and not isinstance(found, type)
    if not isRight:
        kind = f"the class {found.__qualname__}" if isinstance(found, type) else show(found)
        raise place.error(f"expected {noun}, got {kind}", key)
    return found


def _import(target: str, place: Place, key: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise place.error(f'no module named "{error.name}"', key) from None
        raise place.error(f"importing {module} failed: {_words(error)}", key) from error
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


def _startProblem(failure: Failure) -> str:
    return f"balws: {_words(cast(BaseException, failure.value))}"


def _words(error: BaseException) -> str:
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
