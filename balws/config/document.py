# -*- test-case-name: tests.config.test_load -*-
"""
The grammar of a configuration file: which keys stand where, and what they may hold.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs
from twisted.logger import Logger

from balws.config.admin import AdminConfiguration
from balws.config.auth import target
from balws.config.entries import Configuration, ListenerEntry, ResourceEntry, ServiceEntry
from balws.config.hub import HubConfiguration
from balws.config.listener import ListenerConfiguration
from balws.config.paths import filePath, relativeTo
from balws.config.place import Place
from balws.config.positions import extend
from balws.config.records import UnknownKey, fieldConverters
from balws.config.secret import isReference, resolveSecret
from balws.config.server import ServerConfiguration
from balws.config.service import WSServiceConfig
from balws.config.userstore import FileUserStoreConfig
from balws.config.values import Unfit, Unlike, convert, flag, integer, items, show, showKind, text, urlPath
from balws.errors import ConfigurationError

__all__ = ["Document"]

_log = Logger()

R = TypeVar("R", bound=attrs.AttrsInstance)
D = TypeVar("D")

#: The keys of a table, each with the function that checks its value.
Keys = Mapping[str, Callable[[Any], Any]]

#: The tables of a file.
TABLES = ("admin", "auth", "hub", "listeners", "python", "server")


def _usersOnly(users: Callable[[Any], Any]) -> Callable[[object], Any]:
    def check(value: object) -> Any:
        if not isinstance(value, Mapping):
            raise Unlike("a table")
        for key in value:
            if key != "users":
                raise UnknownKey.among(key, ["users"])
        return users(value.get("users", []))

    return check


class Document:
    """
    Reads one document.  Problems are gathered, so that the one that stands first in
    the file is the one reported, whatever the order of checks.

    @ivar place: the place of the whole document.
    @ivar folder: where relative paths start.
    @ivar problems: what is wrong where it stands.
    @ivar absences: what is not there: reported last, since an unknown key is often
        the misspelt one that is missed.
    """

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.problems: list[ConfigurationError] = []
        self.absences: list[ConfigurationError] = []
        users = fieldConverters(FileUserStoreConfig)["users"]
        self._auth: Keys = {
            "users": users,
            "usersFile": partial(convert, filePath, "usersFile"),
            "allowPlaintextPasswords": partial(convert, flag, "allowPlaintextPasswords"),
        }
        self._ballerina: Keys = {"auth": partial(convert, _usersOnly(users), "auth")}
        self._python: Keys = {
            "path": partial(convert, items("folders", self._existingFolder), "path"),
            "observer": partial(convert, target, "observer"),
        }
        self._service: Keys = {
            **fieldConverters(WSServiceConfig),
            "path": partial(convert, urlPath, "path"),
            "service": partial(convert, target, "service"),
        }
        self._resource: Keys = {
            "path": partial(convert, urlPath, "path"),
            "static": partial(convert, self._existingFolder, "static"),
            "resource": partial(convert, target, "resource"),
        }
        self._listener: Keys = {
            **fieldConverters(ListenerConfiguration),
            "port": partial(convert, integer(0, 65535), "port"),
            "endpoint": partial(convert, text, "endpoint"),
        }

    def configuration(self, data: Mapping[str, Any]) -> Configuration:
        """
        @param data: what tomllib made of the document.
        @raise ConfigurationError: with the first problem.
        """
        for key in data:
            with self._noting(self.place):
                if key not in (*TABLES, "ballerina"):
                    raise UnknownKey.among(key, TABLES)
        python = self._table(self.place.child("python"), data.get("python", {}), self._python)
        userStore = self._userStore(data)
        server = self._record("server", data, ServerConfiguration, ServerConfiguration())
        hub = self._record("hub", data, HubConfiguration, HubConfiguration())
        admin = self._record("admin", data, AdminConfiguration, None)
        isRead = not any(problem.path.startswith("hub") for problem in self.problems)
        if isRead and server.workers > 1 and hub.url is None and hub.scope != "worker":
            self.problems.append(
                self.place.child("server").error(
                    'several need the url of [hub]; or scope = "worker" there, and each reaches its own connections',
                    "workers",
                )
            )
        listeners = tuple(
            self._listenerEntry(place, table) for place, table in self._tables(self.place, data, "listeners")
        )
        if not data.get("listeners"):
            self.absences.append(self.place.error("at least one [[listeners]] is needed", "listeners"))
        if problems := self.problems or self.absences:
            raise min(problems, key=lambda problem: (problem.line or 0, problem.column or 0))
        pythonPath = dict.fromkeys([self.folder, *python.get("path", ())])
        return Configuration(
            listeners=listeners,
            pythonPath=tuple(pythonPath),
            observer=python.get("observer"),
            folder=self.folder,
            userStore=userStore,
            server=server,
            hub=hub,
            admin=admin,
            place=self.place,
        )

    def _record(self, key: str, data: Mapping[str, Any], recordType: type[R], absent: D) -> R | D:
        """
        A table that is one record.

        @param absent: what stands for a table that is not there, or is of no use.
        """
        if key not in data:
            return absent
        place, before = self.place.child(key), len(self.problems)
        found = self._table(place, data[key], fieldConverters(recordType))
        if len(self.problems) > before:
            return absent  # what goes with what could only mislead
        missing = [name for name, field in attrs.fields_dict(recordType).items() if field.default is attrs.NOTHING]
        for name in missing:
            if name not in found:
                self.absences.append(place.error("is missing", name))
                return absent
        try:
            return recordType(**found)
        except ConfigurationError as error:
            self.problems.append(place.locate(error))
            return absent

    def _userStore(self, data: Mapping[str, Any]) -> FileUserStoreConfig | None:
        """
        C{[auth]}, and the reference library's C{[[ballerina.auth.users]]}: users of this
        file are read from it by their store, so that a change counts at once.
        """
        found = self._table(self.place.child("auth"), data.get("auth", {}), self._auth)
        reference = self._table(self.place.child("ballerina"), data.get("ballerina", {}), self._ballerina)
        users = bool(found.get("users")) or bool(reference.get("auth"))
        path = found.get("usersFile")
        if users and path is not None:
            self.problems.append(self.place.child("auth").error("either users or usersFile, not both", "usersFile"))
        if not users and path is None:
            return None
        return FileUserStoreConfig(
            path=str(self.folder / Path(self.place.file or "").name) if path is None else path,
            allowPlaintextPasswords=found.get("allowPlaintextPasswords", False),
        )

    def _listenerEntry(self, place: Place, table: Mapping[str, Any]) -> ListenerEntry:
        lists = ("services", "resources")
        own = {key: value for key, value in table.items() if key not in lists}
        found = self._table(place, own, self._listener, lists)
        if "endpoint" in table and "port" in table:
            self.problems.append(place.error("either port or endpoint, not both", "endpoint"))
        if "endpoint" in table and "host" in table:
            self.problems.append(
                place.error("host goes with port; an endpoint has interface= for it", "host")
            )
        if "endpoint" not in table and "port" not in table:
            self.absences.append(place.error("a listener needs a port or an endpoint"))
        services = tuple(self._serviceEntry(*each) for each in self._tables(place, table, "services"))
        resources = tuple(self._resourceEntry(*each) for each in self._tables(place, table, "resources"))
        self._refuseSharedPaths(services + resources)
        return ListenerEntry(
            port=found.pop("port", None),
            endpoint=found.pop("endpoint", None),
            configuration=ListenerConfiguration(**found),
            services=services,
            resources=resources,
            place=place,
        )

    def _serviceEntry(self, place: Place, table: Mapping[str, Any]) -> ServiceEntry:
        found = self._table(place, table, self._service)
        self._require(place, table, "service")
        path, service = found.pop("path", None), found.pop("service", "")
        return ServiceEntry(path=path, service=service, overrides=found, place=place)

    def _resourceEntry(self, place: Place, table: Mapping[str, Any]) -> ResourceEntry:
        found = self._table(place, table, self._resource)
        self._require(place, table, "path")
        if "static" in table and "resource" in table:
            self.problems.append(place.error("either static or resource, not both", "resource"))
        if "static" not in table and "resource" not in table:
            self.absences.append(place.error("a resource needs static or resource"))
        if found.get("static") == self.folder:
            _log.warn("The folder of {file} is served, and that file with it.", file=self.place.file)
        return ResourceEntry(
            path=found.get("path", ""),
            static=found.get("static"),
            resource=found.get("resource"),
            place=place,
        )

    def _require(self, place: Place, table: Mapping[str, Any], key: str) -> None:
        if key not in table:
            self.absences.append(place.error("is missing", key))

    def _refuseSharedPaths(self, entries: tuple[ServiceEntry | ResourceEntry, ...]) -> None:
        taken: dict[str, Place] = {}
        for entry in entries:
            if not entry.path:
                continue
            first = taken.setdefault(entry.path, entry.place)
            if first is not entry.place:
                self.problems.append(
                    entry.place.error(f"{show(entry.path)} is the path of {first.path} already", "path")
                )

    def _tables(
        self, place: Place, table: Mapping[str, Any], key: str
    ) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """
        The items of an array of tables.
        """
        value = table.get(key, [])
        if not isinstance(value, list):
            self.problems.append(place.error(f"expected tables in double brackets, got {showKind(value)}", key))
            return
        for index, item in enumerate(value):
            child = place.child(key).child(index)
            if isinstance(item, dict):
                yield child, item
            else:
                self.problems.append(child.error(f"expected a table, got {showKind(item)}"))

    def _table(
        self, place: Place, table: object, keys: Keys, alsoKnown: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """
        Check each value of a table.

        @param alsoKnown: keys that are read elsewhere, for suggestions.
        @return: the values that fit.
        """
        found: dict[str, Any] = {}
        if not isinstance(table, dict):
            self.problems.append(place.error(f"expected a table, got {showKind(table)}"))
            return found
        for key, value in table.items():
            with self._noting(place):
                if key not in keys:
                    raise UnknownKey.among(key, [*keys, *alsoKnown])
                with relativeTo(self.folder):
                    found[key] = keys[key](convert(self._resolved, key, value))
        return found

    def _resolved(self, value: object) -> Any:
        """
        @return: the value with its references to secrets replaced by what they name.
        """
        if isReference(value):
            return resolveSecret(value, self.folder)
        if isinstance(value, dict):
            return {key: convert(self._resolved, extend("", key), each) for key, each in value.items()}
        if isinstance(value, list):
            return [convert(self._resolved, f"[{index}]", each) for index, each in enumerate(value)]
        return value

    def _existingFolder(self, value: object) -> Path:
        folder = self.folder / text(value)
        # Not Path.is_dir, which raises where a parent may not be read.
        if not os.path.isdir(folder):
            raise Unfit("a folder that exists")
        return folder

    @contextmanager
    def _noting(self, place: Place) -> Iterator[None]:
        try:
            yield
        except ConfigurationError as error:
            self.problems.append(place.locate(error))
