# -*- test-case-name: tests.cli.test_cautions -*-
"""
What works, and still should make an operator stop: the warnings of C{balws check}.
"""

from __future__ import annotations

import os
import re
import resource
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import attrs

from balws.cli.outline import addressOf
from balws.cli.tables import plural
from balws.config import (
    CertKey,
    Configuration,
    FileUserStoreConfigWithScopes,
    JwtValidatorConfigWithScopes,
    ListenerEntry,
    ServerConfiguration,
    WSServiceConfig,
)
from balws.config.loopback import isLoopback
from balws.config.secret import Secret
from balws.server.listener import Listener
from balws.server.mount import Mount
from balws.tls.material import readKey

__all__ = ["SOON", "cautionsOf"]

#: A certificate that ends within so many days is told of.
SOON = 30

#: Descriptors that a process needs for itself: log, epoll, listening ports, Redis, workers' pipes.
SPARE = 64

#: Hosts that mean every address of the machine.
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - it is what is warned of

_INTERFACE = re.compile(r":interface=((?:\\.|[^:\\])*)")

#: Fields whose 0 takes a limit away, and what then may happen.
_UNLIMITED = {
    "maxConnections": "as many connections as the system can hold are let in",
    "maxConnectionsPerAddress": "one address may take all connections",
    "maxUpgradesPerSecond": "one address may ask for upgrades as fast as it can",
}


def cautionsOf(
    configuration: Configuration,
    listeners: list[Listener],
    now: Callable[[], float] = time.time,
    descriptors: Callable[[], int] | None = None,
) -> Iterator[str]:
    """
    @param configuration: of a file.
    @param listeners: what was made of it, in its order.
    @param now: the seconds since 1970.
    @param descriptors: how many descriptors a process may have; L{None} asks the system.
    @return: a line for each, with its place in the file.
    """
    for entry, listener in zip(configuration.listeners, listeners, strict=True):
        yield from _ofListener(entry, listener, now)
        # Who trusts a proxy has one in front.
        if not configuration.server.trustedProxies:
            yield from _ofPublic(entry, listener)
    yield from _ofServer(configuration.server, _descriptors if descriptors is None else descriptors)
    yield from _ofFile(configuration)
    for path in dict.fromkeys(_userFiles(configuration, listeners)):
        yield from _ofSecretFile("the users in", path)
    yield from _ofAdmin(configuration)
    secure = configuration.hub.secureSocket
    if secure is not None and not (secure.enable and secure.verifyHostName):
        yield "hub.secureSocket: whoever is on the way can be taken for the Redis: it is not verified"


# A listener


def _ofListener(entry: ListenerEntry, listener: Listener, now: Callable[[], float]) -> Iterator[str]:
    place, config = entry.place.path, entry.configuration
    guarded = [mount.path for mount in listener.mounts if mount.guard is not None]
    if guarded and config.secureSocket is None and not _isNear(entry):
        yield (
            f"{place}: credentials for {', '.join(guarded)} on {addressOf(entry)} can be read by whoever is on the "
            "way: give it a secureSocket, or let only a TLS proxy reach it"
        )
    if config.secureSocket is not None:
        key = config.secureSocket.key
        yield from _ofCertificate(f"{place}.secureSocket.key", readKey(key).certificate.not_valid_after_utc, now)
        yield from _ofSecretFile("the private key in", key.keyFile if isinstance(key, CertKey) else key.path)
    if not config.timeout:
        yield f"{place}.timeout: 0 lets who connects take for ever to ask"
    if guarded and not config.maxAuthFailures:
        yield f"{place}.maxAuthFailures: 0 lets passwords be tried as fast as they come"
    for mount in listener.mounts:
        yield from _ofService(mount)


def _ofPublic(entry: ListenerEntry, listener: Listener) -> Iterator[str]:
    """
    That credentials go in plain text is told elsewhere; here there are none.
    """
    config, paths = entry.configuration, [mount.path for mount in listener.mounts]
    isGuarded = any(mount.guard is not None for mount in listener.mounts)
    if entry.endpoint is None:
        isWide = config.host in _EVERYWHERE
    else:
        isWide = entry.endpoint.startswith(("tcp:", "tcp6:")) and _INTERFACE.search(entry.endpoint) is None
    if isWide and paths and not isGuarded and config.secureSocket is None:
        yield (
            f"{entry.place.path}: {', '.join(paths)} on {addressOf(entry)} is plain text, for everybody, on every "
            "address: fine where only a TLS proxy reaches it; else give it a secureSocket, or host 127.0.0.1"
        )


def _isNear(entry: ListenerEntry) -> bool:
    """
    @return: whether only this machine reaches it, or TLS is the endpoint's, or nobody can tell.
    """
    if entry.endpoint is None:
        return isLoopback(entry.configuration.host)
    if not entry.endpoint.startswith(("tcp:", "tcp6:")):
        return True
    match = _INTERFACE.search(entry.endpoint)
    return match is not None and isLoopback(match[1].replace("\\", ""))


def _ofCertificate(place: str, ends: datetime, now: Callable[[], float]) -> Iterator[str]:
    # That it has ended is said by whoever reads it, to the log.
    days = (ends - datetime.fromtimestamp(now(), UTC)).total_seconds() / 86400
    if 0 <= days <= SOON:
        yield f"{place}: the certificate ends on {ends:%Y-%m-%d}, in {plural(int(days), 'day')}"


def _ofSecretFile(what: str, path: str) -> Iterator[str]:
    if os.stat(path).st_mode & stat.S_IROTH:
        yield f"{what} {path} can be read by every user of this machine: chmod o-r"


# A service


def _ofService(mount: Mount) -> Iterator[str]:
    config, name = mount.config, mount.path
    assert isinstance(config, WSServiceConfig)
    for entry in config.auth or ():
        if isinstance(entry, JwtValidatorConfigWithScopes):
            if entry.jwtValidatorConfig.signatureConfig is None:
                yield f"{name}: allowUnsigned lets in whoever writes a token by himself"
            if entry.jwtValidatorConfig.allowNoExpiry:
                yield f"{name}: allowNoExpiry accepts a token that was stolen for ever"
        if isinstance(entry, FileUserStoreConfigWithScopes) and entry.fileUserStoreConfig.allowPlaintextPasswords:
            yield f"{name}: allowPlaintextPasswords: who reads the file knows them; balws hash-password hashes one"
    if config.auth is not None and "*" in (config.allowedOrigins or ()):
        shown = "cookie" if config.bearerCookie is not None else "password that the browser remembers"
        yield f'{name}: allowedOrigins "*": any page that a user opens may connect with his {shown}'
    if config.connectionClosureTimeout < 0:
        yield f"{name}: a negative connectionClosureTimeout lets a peer never end"
    if not config.pingInterval and not config.idleTimeout:
        yield f"{name}: pingInterval 0: peers that are gone without a word stay connected"
    elif config.pingInterval and not config.pingTimeout:
        yield f"{name}: pingTimeout 0: peers that do not answer stay connected"


# The process


def _ofServer(server: ServerConfiguration, descriptors: Callable[[], int]) -> Iterator[str]:
    for field, words in _UNLIMITED.items():
        if getattr(server, field) == 0:
            yield f"server.{field}: 0 is no limit: {words}"
    share = -(-server.maxConnections // server.workers)
    if (most := descriptors()) and share + SPARE > most:
        yield (
            f"server.maxConnections: {server.maxConnections} connections need more than the {most} files that a "
            "process may open here: ulimit -n, or LimitNOFILE= of systemd"
        )
    for proxy in server.trustedProxies:
        if isinstance(proxy, (IPv4Network, IPv6Network)) and not proxy.prefixlen:
            yield f"server.trustedProxies: {proxy} lets everybody say from where he comes"


def _descriptors() -> int:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if most == resource.RLIM_INFINITY else most


def _ofFile(configuration: Configuration) -> Iterator[str]:
    """
    Of a file that only names where its secrets are, everybody may know.
    """
    assert configuration.place.file is not None
    path = configuration.folder / Path(configuration.place.file).name
    text = path.read_text("utf-8", "replace")
    if any(each.reveal() in text for each in _secrets(configuration)):
        yield from _ofSecretFile("the secrets in", str(path))


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif attrs.has(type(value)):
        for name in attrs.fields_dict(type(value)):
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        yield from _secrets(tuple(value.values()))
    elif isinstance(value, tuple):
        for each in value:
            yield from _secrets(each)


def _ofAdmin(configuration: Configuration) -> Iterator[str]:
    admin = configuration.admin
    if admin is not None and admin.isUnix:
        folder = (configuration.folder / admin.path).parent
        # It may be made when the service starts, as by RuntimeDirectory= of systemd.
        if not folder.is_dir():
            yield f"admin.endpoint: the folder {folder} is not there: nothing can be served before it is"


def _userFiles(configuration: Configuration, listeners: list[Listener]) -> Iterator[str]:
    if configuration.userStore is not None and configuration.userStore.path is not None:
        yield configuration.userStore.path
    for listener in listeners:
        for mount in listener.mounts:
            config = mount.config
            for entry in config.auth or ():
                if isinstance(entry, FileUserStoreConfigWithScopes) and entry.fileUserStoreConfig.path is not None:
                    yield entry.fileUserStoreConfig.path
