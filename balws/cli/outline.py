# -*- test-case-name: tests.cli.test_outline -*-
"""
What a configuration serves, in short: records for JSON, and lines for people.

No password, key or token is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import attrs
from msgspec import UNSET, Struct, UnsetType

from balws.config import (
    CheckerWithScopes,
    Configuration,
    FileUserStoreConfigWithScopes,
    JwtValidatorConfigWithScopes,
    LdapUserStoreConfigWithScopes,
    ListenerConfiguration,
    ListenerEntry,
    ListenerSecureSocket,
    OAuth2IntrospectionConfigWithScopes,
    ServerConfiguration,
    WSServiceConfig,
)
from balws.config.auth import AuthEntry
from balws.logs.escape import escaped
from balws.server.listener import Listener
from balws.server.mount import Mount
from balws.session.methods import MethodTable
from balws.tls.material import readKey

__all__ = ["ListenerOutline", "Outline", "ServiceOutline", "TlsOutline", "addressOf", "linesOf", "outlineOf"]

#: How the kinds of L{AuthEntry} are called.
_KINDS: Mapping[type[AuthEntry], str] = {
    FileUserStoreConfigWithScopes: "users of a file",
    LdapUserStoreConfigWithScopes: "users of a directory (LDAP)",
    JwtValidatorConfigWithScopes: "tokens (JWT)",
    OAuth2IntrospectionConfigWithScopes: "tokens (OAuth 2 introspection)",
    CheckerWithScopes: "a checker of its own",
}

#: Fields of records that are told by themselves, or hold more than a figure.
_TOLD = frozenset(
    ("host", "secureSocket", "auth", "dispatcherKey", "basePath", "webSocketUpgradePath", "http1Settings")
)


class TlsOutline(Struct, frozen=True, kw_only=True):
    """
    @ivar subject: of the certificate.
    @ivar expires: when it ends, in ISO 8601.
    @ivar versions: of TLS.
    @ivar clients: C{"none"}, C{"optional"} or C{"required"}: certificates of clients.
    """

    subject: str
    expires: str
    versions: list[str]
    clients: str


class TalkOutline(Struct, frozen=True, kw_only=True):
    """
    @ivar service: the class that talks to a connection.
    @ivar methods: its fixed remote methods.
    @ivar messages: its methods of custom dispatch, by the value or, with C{"on..."}, the name that reaches them.
    @ivar errors: those of its methods that take what does not fit another.
    """

    service: str
    methods: list[str]
    messages: dict[str, str]
    errors: list[str]


class ServiceOutline(Struct, frozen=True, kw_only=True):
    """
    @ivar path: where it is mounted.
    @ivar upgrade: the class of the upgrade service.
    @ivar talks: the service classes that are known before anybody connects.
    @ivar auth: who may connect; empty: everybody.
    @ivar settings: what differs from the defaults.
    """

    path: str
    upgrade: str
    talks: list[TalkOutline]
    auth: list[str]
    dispatcherKey: str | None
    settings: dict[str, Any]


class ListenerOutline(Struct, frozen=True, kw_only=True):
    """
    @ivar address: C{HOST:PORT}, or the string of an endpoint.
    @ivar tls: absent without TLS, and where the endpoint has its own.
    @ivar resources: plain HTTP: path and what is there.
    @ivar settings: what differs from the defaults.
    """

    address: str
    tls: TlsOutline | UnsetType = UNSET
    services: list[ServiceOutline]
    resources: dict[str, str]
    settings: dict[str, Any]


class Outline(Struct, frozen=True, kw_only=True):
    """
    @ivar file: the configuration.
    @ivar server: what differs from the defaults of C{[server]}.
    @ivar hub: C{url}, C{durable}, C{scope} and C{prefix}; empty: each process by itself.
    @ivar admin: the admin endpoint; L{None}: there is none.
    @ivar users: the file with the users; L{None}: there are none.
    @ivar warnings: see L{balws.cli.cautions}.
    """

    file: str
    listeners: list[ListenerOutline]
    server: dict[str, Any]
    hub: dict[str, Any]
    admin: str | None
    users: str | None
    warnings: list[str]


def outlineOf(
    file: str, configuration: Configuration, listeners: Sequence[Listener], warnings: Sequence[str]
) -> Outline:
    """
    @param listeners: what was made of the configuration, in its order.
    """
    hub = configuration.hub
    return Outline(
        file=file,
        listeners=[
            _listener(entry, listener) for entry, listener in zip(configuration.listeners, listeners, strict=True)
        ],
        server=_differing(configuration.server, ServerConfiguration()),
        hub={} if hub.url is None else {name: _plain(getattr(hub, name)) for name in _HUB},
        admin=None if configuration.admin is None else configuration.admin.endpoint,
        users=None if configuration.userStore is None else configuration.userStore.path,
        warnings=list(warnings),
    )


_HUB = ("url", "durable", "scope", "prefix")


def addressOf(entry: ListenerEntry) -> str:
    """
    @return: C{HOST:PORT}, or the string of an endpoint.
    """
    if entry.endpoint is not None:
        return entry.endpoint
    host = entry.configuration.host
    return f"[{host}]:{entry.port}" if ":" in host else f"{host}:{entry.port}"


def _listener(entry: ListenerEntry, listener: Listener) -> ListenerOutline:
    secure = entry.configuration.secureSocket
    settings = _differing(entry.configuration, ListenerConfiguration())
    if entry.configuration.http1Settings != ListenerConfiguration().http1Settings:
        settings["http1Settings"] = _plain(entry.configuration.http1Settings)
    return ListenerOutline(
        address=addressOf(entry),
        tls=UNSET if secure is None else _tls(secure),
        services=[_service(mount) for mount in listener.mounts],
        resources={each.path: each.resource or str(each.static) for each in entry.resources},
        settings=settings,
    )


def _tls(secure: ListenerSecureSocket) -> TlsOutline:
    certificate = readKey(secure.key).certificate
    versions = secure.protocol.versions if secure.protocol is not None else ()
    return TlsOutline(
        subject=certificate.subject.rfc4514_string(),
        expires=certificate.not_valid_after_utc.isoformat(),
        versions=list(versions or ("TLSv1.2", "TLSv1.3")),
        clients=_CLIENTS[None if secure.mutualSsl is None else secure.mutualSsl.verifyClient.value],
    )


_CLIENTS = {None: "none", "OPTIONAL": "optional", "REQUIRE": "required"}


def _service(mount: Mount) -> ServiceOutline:
    return ServiceOutline(
        path=mount.path,
        upgrade=f"{type(mount.service).__module__}:{mount.owner}",
        talks=[_talk(table) for table in mount.terms.tables.values()],
        auth=[_auth(each) for each in mount.config.auth or ()],
        dispatcherKey=mount.config.dispatcherKey,
        settings=_differing(mount.config, WSServiceConfig()),
    )


def _talk(table: MethodTable) -> TalkOutline:
    reached = {**table.byValue, **table.byName} if table.dispatcherKey is not None else {}
    errors = (method.error.name for method in (*table.fixed.values(), *reached.values()) if method.error is not None)
    return TalkOutline(
        service=table.owner,
        methods=list(table.fixed),
        messages={value: method.name for value, method in sorted(reached.items())},
        errors=sorted(set(errors)),
    )


def _auth(entry: AuthEntry) -> str:
    words = next((words for kind, words in _KINDS.items() if isinstance(entry, kind)), type(entry).__name__)
    return f"{words}, scopes {' or '.join(entry.scopes)}" if entry.scopes else words


def _differing(record: Any, usual: Any) -> dict[str, Any]:
    return {
        name: _plain(getattr(record, name))
        for name in attrs.fields_dict(type(record))
        if name not in _TOLD and getattr(record, name) != getattr(usual, name)
    }


def _plain(value: Any) -> Any:
    """
    @return: as JSON can say it.
    """
    if attrs.has(type(value)):
        return {name: _plain(getattr(value, name)) for name in attrs.fields_dict(type(value))}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, (IPv4Network, IPv6Network)):
        return str(value)
    return getattr(value, "value", value)  # of an Enum


# For people


def linesOf(outline: Outline) -> Iterator[str]:
    """
    @return: the lines of it, without the warnings, safe for a terminal.
    """
    for listener in outline.listeners:
        yield escaped(f"listener {listener.address}{_tlsWords(listener.tls)}")
        yield from _settings(listener.settings, "  ")
        for service in listener.services:
            yield from _serviceLines(service)
        for path, what in listener.resources.items():
            yield escaped(f"  resource {path}: {what}")
    if outline.hub:
        yield escaped(f"hub: {outline.hub['url']}")
        yield from _settings({name: value for name, value in outline.hub.items() if name != "url"}, "  ")
    else:
        yield "hub: none; each process by itself"
    if outline.server:
        yield "server:"
        yield from _settings(outline.server, "  ")
    yield escaped(f"users: {outline.users}") if outline.users is not None else "users: none"
    yield escaped(f"admin: {outline.admin}") if outline.admin is not None else "admin: none"


def _tlsWords(tls: TlsOutline | UnsetType) -> str:
    if isinstance(tls, UnsetType):
        return ""
    clients = "" if tls.clients == "none" else f", certificates of clients {tls.clients}"
    return f", TLS ({tls.subject}, until {tls.expires[:10]}{clients})"


def _serviceLines(service: ServiceOutline) -> Iterator[str]:
    yield escaped(f"  service {service.path}: {service.upgrade}")
    yield escaped(f"    auth: {', or '.join(service.auth) or 'none; everybody may connect'}")
    if service.dispatcherKey is not None:
        yield escaped(f"    dispatcherKey: {service.dispatcherKey}")
    for talk in service.talks:
        messages = [f"{value} -> {name}" if value != name else name for value, name in talk.messages.items()]
        names = ", ".join([*talk.methods, *messages, *talk.errors])
        yield escaped(f"    {talk.service}: {names or 'no methods'}", 4096)
    yield from _settings(service.settings, "    ")


def _settings(settings: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in settings.items():
        yield escaped(f"{indent}{name}: {_words(value)}")


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
