# -*- test-case-name: tests.config.test_ldap -*-
"""
A directory that knows the users: the LDAP user store (feature table 5.3, with the names
and defaults of the reference library).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from balws.config.loopback import isLoopback
from balws.config.records import fieldConverters, nested
from balws.config.secret import Secret
from balws.config.secure import ClientSecureSocket, TrustStore
from balws.config.values import Check, Unfit, atLeast, checked, convert, flag, hidden, items, matching, optional, text
from balws.errors import ConfigurationError

__all__ = ["LdapAddress", "LdapSecureSocket", "LdapUserStoreConfig"]

#: Seconds until a connection must be there, until an answer must be (feature table 5.3), and for a login in all.
CONNECTION_TIMEOUT = 5
READ_TIMEOUT = 60
LOGIN_TIMEOUT = 5

_PORTS = {"ldap": 389, "ldaps": 636}

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")

#: RFC 4512 sections 1.4 and 2.5: a short name or the numbers of an object identifier, and options.
_DESCRIPTION = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)(?:;[A-Za-z0-9-]+)*")

_URL = 'a URL such as "ldaps://directory.example:636": ldap or ldaps, a host, perhaps a port, and nothing behind'

_secured = fieldConverters(ClientSecureSocket)
_name = matching(_DESCRIPTION, 'the name of an attribute or of an object class, such as "uid"')


@attrs.frozen
class LdapAddress:
    """
    Where a directory is.

    @ivar host: a name in ASCII, or an IP address.
    @ivar port: 1 to 65535.
    @ivar isSecure: whether TLS comes first (C{ldaps}).
    """

    host: str
    port: int
    isSecure: bool

    @classmethod
    def parse(cls, url: str) -> LdapAddress:
        """
        @raise ValueError: when this is no URL of a directory.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
        if not _HOST.fullmatch(host) or not port or "@" in parts.netloc:
            raise ValueError("no host, no port, or a user name")
        if parts.path not in ("", "/") or "?" in url or "#" in url:
            raise ValueError("something behind the host and the port")
        return cls(host, port, parts.scheme == "ldaps")

    @property
    def isLoopback(self) -> bool:
        """
        Whether nobody else can listen on the way there.
        """
        return isLoopback(self.host)


def _connectionUrl(value: object) -> str:
    url = text(value)
    if not url.isascii() or not url.isprintable() or " " in url:
        raise Unfit(_URL)
    try:
        LdapAddress.parse(url)
    except (KeyError, ValueError):
        # What was given may have a password before the host.
        raise ConfigurationError(f"expected {_URL}") from None
    return url


def _bases(value: object) -> str:
    if not all(each.strip() for each in text(value).split("#")):
        raise Unfit('one or more distinguished names with "#" between them')
    return str(value)


def _template(value: object) -> str:
    if "?" not in text(value):
        raise Unfit('a filter with "?" where the name is to stand, such as "(&(objectClass=inetOrgPerson)(uid=?))"')
    return str(value)


def _timeout(default: float) -> Check[float]:
    check = atLeast(0, 0)
    return lambda value: check(value) or default


def _cert(value: TrustStore | str | Mapping[str, Any] | None) -> TrustStore | str | None:
    found: TrustStore | str | None = _secured["cert"](value)
    return found


@attrs.frozen(kw_only=True)
class LdapSecureSocket:
    """
    TLS to a directory.  The certificate is always verified, and that it is for the host of
    the URL; TLS 1.2 or 1.3.

    @ivar cert: whom to trust, and nobody else: the path of a PEM file of certificates, or
        a L{TrustStore}.  L{None} trusts whom the system trusts.
    @ivar startTls: begin in plain text and go over to TLS before anything is said, for
        C{ldap} URLs.  A directory that does not go along is asked nothing.  New here.
    """

    cert: TrustStore | str | None = attrs.field(default=None, converter=_cert)
    startTls: bool = checked("startTls", flag, False)


def _secureSocket(value: LdapSecureSocket | Mapping[str, Any] | None) -> LdapSecureSocket | None:
    return convert(optional(nested(LdapSecureSocket)), "secureSocket", value)


@attrs.frozen(kw_only=True)
class LdapUserStoreConfig:
    """
    Users and their groups in a directory (feature table 5.3).  The fields without a default
    are the reference library's, which requires all of them; those that are checked only are
    there for its files.

    @ivar domainName: the directory's name, for people; checked only.
    @ivar connectionUrl: C{ldap://} or C{ldaps://}, a host, and perhaps a port.
    @ivar connectionName: the distinguished name of the account that searches.
    @ivar connectionPassword: its password; no repr and no error shows it.
    @ivar userSearchBase: below which entry the users are; several with C{#} between them.
    @ivar userEntryObjectClass: the users' object class; checked only.
    @ivar userNameAttribute: the attribute that has a user's name: what it says is the
        principal's name.
    @ivar userNameSearchFilter: which entry is a user's; the name stands for each C{?}.
    @ivar userNameListFilter: which entries are users; checked only.
    @ivar groupSearchBase: below which entries the groups are.
    @ivar groupEntryObjectClass: the groups' object class; checked only.
    @ivar groupNameAttribute: the attribute that has a group's name: a scope.
    @ivar groupNameSearchFilter: which entry is a group's, with C{?}; checked only.
    @ivar groupNameListFilter: which entries are groups.
    @ivar membershipAttribute: the attribute of a group that names its members: by their
        distinguished names, or C{memberUid} by the first value of these.
    @ivar userRolesCacheEnabled: remember a user's groups for a minute, of up to 1000 users.
        A password is never remembered.
    @ivar connectionPoolingEnabled: keep connections of the searching account, a few and
        for a minute, for the next logins.
    @ivar connectionTimeout: seconds until a connection must be there, TLS included; 0 and
        negative numbers mean 5.
    @ivar readTimeout: seconds until each answer must be there; 0 and negative numbers
        mean 60.
    @ivar loginTimeout: seconds that a login may take in all, waiting for its turn
        included, whatever the other two say; 0 and negative numbers mean 5.  New here:
        nobody waits a minute for an upgrade.
    @ivar secureSocket: L{LdapSecureSocket} or a mapping of its fields; L{None} with
        C{ldaps} trusts whom the system trusts, and with C{ldap} is plain text.
    """

    domainName: str = checked("domainName", text)
    connectionUrl: str = checked("connectionUrl", _connectionUrl)
    connectionName: str = checked("connectionName", text)
    connectionPassword: Secret = hidden("connectionPassword")
    userSearchBase: str = checked("userSearchBase", _bases)
    userEntryObjectClass: str = checked("userEntryObjectClass", _name)
    userNameAttribute: str = checked("userNameAttribute", _name)
    userNameSearchFilter: str = checked("userNameSearchFilter", _template)
    userNameListFilter: str = checked("userNameListFilter", text)
    groupSearchBase: tuple[str, ...] = checked("groupSearchBase", items("distinguished names", text))
    groupEntryObjectClass: str = checked("groupEntryObjectClass", _name)
    groupNameAttribute: str = checked("groupNameAttribute", _name)
    groupNameSearchFilter: str = checked("groupNameSearchFilter", _template)
    groupNameListFilter: str = checked("groupNameListFilter", text)
    membershipAttribute: str = checked("membershipAttribute", _name)
    userRolesCacheEnabled: bool = checked("userRolesCacheEnabled", flag, False)
    connectionPoolingEnabled: bool = checked("connectionPoolingEnabled", flag, True)
    connectionTimeout: float = checked("connectionTimeout", _timeout(CONNECTION_TIMEOUT), CONNECTION_TIMEOUT)
    readTimeout: float = checked("readTimeout", _timeout(READ_TIMEOUT), READ_TIMEOUT)
    loginTimeout: float = checked("loginTimeout", _timeout(LOGIN_TIMEOUT), LOGIN_TIMEOUT)
    secureSocket: LdapSecureSocket | None = attrs.field(default=None, converter=_secureSocket)

    def __attrs_post_init__(self) -> None:
        if self.secureSocket is None:
            return
        if self.address.isSecure and self.secureSocket.startTls:
            raise ConfigurationError("an ldaps URL has TLS from the beginning", "secureSocket.startTls")
        if not self.address.isSecure and not self.secureSocket.startTls:
            raise ConfigurationError("an ldap URL has TLS only with startTls = true", "secureSocket")

    @property
    def address(self) -> LdapAddress:
        """
        Where C{connectionUrl} points to.
        """
        return LdapAddress.parse(self.connectionUrl)

    @property
    def userSearchBases(self) -> tuple[str, ...]:
        """
        Each of C{userSearchBase}.
        """
        return tuple(each.strip() for each in self.userSearchBase.split("#"))
